import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { type Document, isNode, LineCounter, parseDocument } from "yaml";
import { messageOf, SchemaError } from "../errors";
import { readTest } from "./read-test";
import type { PlacedTest } from "./test";

/** Names of test files. */
const TEST_FILE = /\.test\.(?:ya?ml|json)$/;
/** Folders that hold no tests of the program. */
const SKIPPED = new Set(["node_modules", ".git", "dist"]);

/** A file whose content is no test: what is wrong, and where. */
export interface FileProblem {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

/** The tests in some files, and what could not be read. */
export interface ReadTests {
  readonly tests: readonly PlacedTest[];
  readonly problems: readonly FileProblem[];
}

/** Paths of the test files in a folder and below it, sorted. */
export function testFilesIn(folder: string): string[] {
  const found: string[] = [];
  const visit = (at: string): void => {
    for (const entry of readdirSync(at, { withFileTypes: true })) {
      const path = join(at, entry.name);
      if (entry.isDirectory() && !SKIPPED.has(entry.name) && !entry.name.startsWith(".")) visit(path);
      else if (entry.isFile() && TEST_FILE.test(entry.name)) found.push(path);
    }
  };
  visit(folder);
  return found.sort();
}

/**
 * Reads test files: each is a list of tests, in YAML or JSON. A file with a mistake does not hide the tests of the others.
 *
 * @param paths files, or folders with `*.test.yaml`, `*.test.yml` and `*.test.json`.
 * @throws {SchemaError} for a path that cannot be read.
 */
export function readTestFiles(paths: readonly string[]): ReadTests {
  const files = paths.flatMap((path) => {
    try {
      return statSync(path).isDirectory() ? testFilesIn(path) : [path];
    } catch (error) {
      throw new SchemaError("input-unreadable", `${path}: cannot be read (${messageOf(error)})`, { cause: error });
    }
  });
  const read = [...new Set(files)].map(readTestFile);
  return { tests: read.flatMap(({ tests }) => tests), problems: read.flatMap(({ problems }) => problems) };
}

function readTestFile(path: string): ReadTests {
  const file = relative(process.cwd(), path) || path;
  const lines = new LineCounter();
  const document = parseDocument(readFileSync(path, "utf8"), { lineCounter: lines, intAsBigInt: true });
  const wrong = document.errors.map(({ message, pos }) => ({
    file,
    line: lines.linePos(pos[0]).line,
    message: message.split("\n", 1)[0] ?? message,
  }));
  if (wrong.length > 0) return { tests: [], problems: wrong };
  const lineOf = (at: readonly (string | number)[]): number | undefined => lineIn(document, lines, at);
  const content: unknown = withNumbers(document.toJS());
  if (!Array.isArray(content))
    return { tests: [], problems: [{ file, line: 1, message: "expected a list of tests: - name: …" }] };
  const tests: PlacedTest[] = [];
  const problems: FileProblem[] = [];
  for (const [index, value] of content.entries()) {
    const at = (rest: readonly (string | number)[]): number | undefined => lineOf([index, ...rest]);
    try {
      tests.push({ file, test: readTest(value), lineOf: at });
    } catch (error) {
      if (!(error instanceof SchemaError)) throw error;
      for (const { message } of error.problems) problems.push({ file, line: at(pathIn(message)) ?? 1, message });
    }
  }
  return { tests, problems };
}

/** `given[0].rows[2]: …` as a path. */
export function pathIn(message: string): (string | number)[] {
  const [, text = ""] = /^([\w.[\]]+):/.exec(message) ?? [];
  return [...text.matchAll(/[A-Za-z_]\w*|\d+/g)].map(([part]) => (/^\d/.test(part) ? Number(part) : part));
}

/** Line of the deepest part of a path that there is. */
function lineIn(document: Document, lines: LineCounter, path: readonly (string | number)[]): number | undefined {
  for (let length = path.length; length >= 0; length--) {
    const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return undefined;
}

/** Integers that a number holds exactly as numbers. */
function withNumbers(value: unknown): unknown {
  if (typeof value === "bigint") {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
  if (Array.isArray(value)) return value.map(withNumbers);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withNumbers(one)]));
}
