import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createProject, type Project } from "./pulumi";

const ROOT = path.resolve(__dirname, "../..");

/** A separate copy of the ObsFly stack, so that a test may change its files. */
export interface ObsflyCopy extends Project {
  /** Replaces text in a file of `examples/obsfly`; fails when it is not there. */
  edit(file: string, from: string, to: string): void;
}

/** Copies the stack and initialises a stack `test` with the dev config plus `config`. */
export async function copyObsfly(config: Readonly<Record<string, string>>): Promise<ObsflyCopy> {
  const workDir = mkdtempSync(path.join(tmpdir(), "obsfly-"));
  for (const entry of ["Pulumi.yaml", "package.json", "tsconfig.json", "tsconfig.base.json"])
    cpSync(path.join(ROOT, entry), path.join(workDir, entry));
  cpSync(path.join(ROOT, "examples/obsfly"), path.join(workDir, "examples/obsfly"), {
    recursive: true,
    filter: (file) => !file.includes(".clickhouse"),
  });
  symlinkSync(path.join(ROOT, "node_modules"), path.join(workDir, "node_modules"));
  // `npm run types` checks its types; each run of the CLI would check them again.
  const project = await createProject({ workDir, config, env: { PULUMI_NODEJS_TRANSPILE_ONLY: "true" } });
  return {
    ...project,
    edit(file, from, to) {
      const at = path.join(workDir, "examples/obsfly", file);
      const text = readFileSync(at, "utf8");
      if (!text.includes(from)) throw new Error(`${file} does not hold: ${from}`);
      writeFileSync(at, text.replace(from, to));
    },
    remove() {
      project.remove();
      rmSync(workDir, { recursive: true, force: true });
    },
  };
}
