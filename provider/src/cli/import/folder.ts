import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { SchemaError } from "../../errors";
import { scaffold } from "../../generate";
import { textDiff } from "../../sql/text-diff";

/** A file of the program that is missing from the folder, or differs. */
export interface Difference {
  readonly path: string;
  /** Unified diff; undefined if the file is missing. */
  readonly diff: string | undefined;
}

/** What in a folder differs from a program, by path. */
export function differencesIn(folder: string, files: ReadonlyMap<string, string>): Difference[] {
  return [...files].flatMap(([path, text]) => {
    const found = readIfThere(join(folder, path));
    if (found === text) return [];
    return [
      { path, diff: found === undefined ? undefined : textDiff(found, text, `${path} (here)`, `${path} (server)`) },
    ];
  });
}

/**
 * Writes files into a folder, which is created if it is missing.
 *
 * @param force whether existing files that differ are overwritten.
 * @throws {SchemaError} when one differs; then nothing is written.
 */
export function writeFiles(folder: string, files: ReadonlyMap<string, string>, force: boolean): void {
  const others = differencesIn(folder, files).filter(({ diff }) => diff !== undefined);
  if (others.length > 0 && !force) {
    const paths = others.map(({ path }) => join(folder, path)).join(", ");
    throw new SchemaError(
      "option-invalid",
      `${paths}: would be overwritten with other contents. Choose another folder with --out, look at the differences with --check, or overwrite with --force`,
    );
  }
  mkdirSync(folder, { recursive: true });
  for (const [path, text] of files) writeFileSync(join(folder, path), text);
}

/** Makes a folder a Pulumi project; existing files stay. @returns the paths that were written. */
export function writeScaffold(folder: string, version: string): string[] {
  const name = basename(resolve(folder)).replace(/[^\w.-]+/g, "-") || "clickhouse";
  if (["Pulumi.yaml", "Pulumi.yml"].some((path) => existsSync(join(folder, path)))) return [];
  const missing = [...scaffold(name, version)].filter(([path]) => !existsSync(join(folder, path)));
  for (const [path, text] of missing) writeFileSync(join(folder, path), text);
  return missing.map(([path]) => path);
}

function readIfThere(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}
