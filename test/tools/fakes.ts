import { type ChildProcessByStdio, spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Readable } from "node:stream";
import { ensurePulumi, type PulumiCli } from "../../tools/pulumi-cli";
import { TYPESCRIPT } from "../support/typescript";

const REPOSITORY = path.resolve(__dirname, "../..");
export const CLI = "3.259.0";
const CACHE = "cache/pulumi-clickhouse-schema/pulumi-cli";

/** A machine with nothing on its PATH but the scripts put there. */
export class Machine {
  readonly root = mkdtempSync(path.join(tmpdir(), "pulumi-cli-test-"));
  readonly bin = path.join(this.root, "bin");
  readonly cache = path.join(this.root, CACHE);
  readonly entry = path.join(this.cache, `${CLI}-3.68.0`);
  readonly lines: string[] = [];
  readonly env: NodeJS.ProcessEnv = {
    HOME: this.root,
    PATH: this.bin,
    PULUMI_HOME: path.join(this.root, "pulumi-home"),
    XDG_CACHE_HOME: path.join(this.root, "cache"),
  };

  script(file: string, body: string): string {
    const full = path.resolve(this.bin, file);
    mkdirSync(path.dirname(full), { recursive: true });
    writeFileSync(full, `#!/bin/sh\n${body}\n`);
    chmodSync(full, 0o755);
    return full;
  }

  /** A `go` that notes its calls and "builds" scripts; `before` runs first at each call. */
  go(before = ""): void {
    const program = `printf '#!/bin/sh\\necho v${CLI}\\n' > "$2"; /bin/chmod +x "$2"`;
    const build = `while [ "$1" != -o ]; do shift; done; ${program}`;
    this.script("go", `echo "$*" >> "${this.root}/go.log"\n${before}\nif [ "$1" = build ]; then ${build}; fi`);
  }

  goCalls(): string[] {
    const log = path.join(this.root, "go.log");
    return existsSync(log) ? readFileSync(log, "utf8").trimEnd().split("\n") : [];
  }

  installed(version: string): void {
    this.script("pulumi", `[ "$1" = version ] && echo v${version}`);
    this.script("pulumi-language-nodejs", "exit 0");
  }

  ensure(): Promise<PulumiCli> {
    return ensurePulumi({ env: this.env, log: (line) => this.lines.push(line) });
  }

  cacheEntries(): string[] {
    return existsSync(this.cache) ? readdirSync(this.cache) : [];
  }

  /** Runs TypeScript of the repository in a process of its own on this machine. */
  node(args: readonly string[]): ChildProcessByStdio<null, Readable, Readable> {
    const argv = [...TYPESCRIPT, ...args];
    return spawn(process.execPath, argv, { cwd: REPOSITORY, env: this.env, stdio: ["ignore", "pipe", "pipe"] });
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
