import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { SchemaError } from "../errors";

/** Which stack, and where its project is. */
export interface StackOptions {
  readonly stack?: string;
  readonly cwd?: string;
}

/**
 * Config of a stack by key (`clickhouse:url`), secrets included, as the Pulumi CLI on PATH returns it.
 *
 * @throws {SchemaError} when Pulumi cannot return it, with Pulumi's own message.
 */
export async function stackConfig(options: StackOptions): Promise<Record<string, string>> {
  const text = await pulumi(options, ["config", "--json", "--show-secrets"]);
  const config: Record<string, string> = {};
  for (const [key, entry] of Object.entries(JSON.parse(text) as Record<string, { value?: unknown }>)) {
    if (typeof entry.value === "string") config[key] = entry.value;
  }
  const { "clickhouse:url": url } = config;
  return url === undefined ? config : { ...config, "clickhouse:url": fromProgram(url, options.cwd) };
}

/** State of a stack, as `pulumi stack export` prints it, secrets included. @throws {SchemaError} as {@link stackConfig}. */
export function stackState(options: StackOptions): Promise<string> {
  return pulumi(options, ["stack", "export", "--show-secrets"]);
}

function pulumi({ cwd = ".", stack = "" }: StackOptions, args: readonly string[]): Promise<string> {
  const all = [...args, "--stack", stack, "--non-interactive", "--color", "never", "--cwd", resolve(cwd)];
  return new Promise((done, fail) => {
    execFile("pulumi", all, { maxBuffer: MOST_BYTES }, (error, stdout, stderr) => {
      if (error === null) return done(stdout);
      const isMissing = error.code === "ENOENT";
      const why = isMissing ? NO_PULUMI : stderr.trim().replace(/^error: /, "") || error.message;
      fail(new SchemaError("option-invalid", `--stack ${stack}: ${why}`, { cause: error }));
    });
  });
}

/** States of thousands of resources are tens of megabytes in size. */
const MOST_BYTES = 2 ** 30;
const NO_PULUMI = "needs the Pulumi CLI, which is not on PATH (https://www.pulumi.com/docs/install/)";

/** `chdb://PATH` of a stack is relative to its program, wherever this command was started. */
function fromProgram(url: string, cwd = "."): string {
  const [, path] = /^chdb:\/\/(.+)$/s.exec(url) ?? [];
  return path === undefined ? url : `chdb://${resolve(programFolder(resolve(cwd)), path)}`;
}

function programFolder(start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    const file = ["Pulumi.yaml", "Pulumi.yml"].map((name) => join(folder, name)).find(existsSync);
    if (file !== undefined) {
      const [, main = "."] = /^main:\s*["']?([^"'#\n]+?)["']?\s*(?:#.*)?$/m.exec(readFileSync(file, "utf8")) ?? [];
      const path = resolve(folder, main);
      return /\.[cm]?[jt]s$/.test(path) ? dirname(path) : path;
    }
    if (dirname(folder) === folder) return start;
  }
}
