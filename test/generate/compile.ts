import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import ts from "typescript";
import type { Program } from "../../provider/src/generate";
import { scaffold } from "../../provider/src/generate";

const ROOT = path.resolve(__dirname, "../..");

/**
 * What the compiler, strict as the scaffold asks for, says against programs.
 *
 * @returns messages by `group/file.ts`.
 */
export function compile(programs: ReadonlyMap<string, Program>): Map<string, string[]> {
  const folder = mkdtempSync(path.join(tmpdir(), "clickhouse-schema-compile-"));
  try {
    symlinkSync(path.join(ROOT, "node_modules"), path.join(folder, "node_modules"));
    const paths = new Map<string, string>();
    let number = 0;
    for (const [group, { files }] of programs) {
      const own = path.join(folder, String(number++));
      mkdirSync(own);
      for (const [file, text] of files) {
        writeFileSync(path.join(own, file), text);
        paths.set(path.join(own, file), `${group}/${file}`);
      }
    }
    writeFileSync(path.join(folder, "package.json"), '{ "type": "commonjs" }');
    const { options } = ts.convertCompilerOptionsFromJson(compilerOptions(), folder);
    const compiler = ts.createProgram([...paths.keys()], options);
    const found = new Map<string, string[]>();
    for (const { file, messageText } of ts.getPreEmitDiagnostics(compiler)) {
      const at = paths.get(file?.fileName ?? "") ?? "";
      found.set(at, [...(found.get(at) ?? []), ts.flattenDiagnosticMessageText(messageText, "\n")]);
    }
    return found;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function compilerOptions(): object {
  const { compilerOptions: options } = JSON.parse(scaffold("x", "0.0.0").get("tsconfig.json") ?? "{}") as {
    compilerOptions: object;
  };
  return options;
}
