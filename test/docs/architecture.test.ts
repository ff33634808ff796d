import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";

const ROOT = path.join(__dirname, "../..");
const SOURCE = path.join(ROOT, "provider/src");

/** A parser of queries in queries calls itself. */
const RECURSIVE: readonly (readonly string[])[] = [["sql/query/query.ts", "sql/query/sources.ts"]];

interface Import {
  readonly from: string;
  readonly to: string;
  /** Whether it is gone when the program runs. */
  readonly isType: boolean;
}

describe("the architecture", () => {
  const files = readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => file.split(path.sep).join("/"));
  const imports = files.flatMap(importsOf);
  const list = readFileSync(path.join(ROOT, "docs/architecture.md"), "utf8");
  const order = [...list.matchAll(/^(\w+)\/ {2,}\S/gm)].map(([, folder = ""]) => folder);

  it("has every folder in its list, once", () => {
    const folders = readdirSync(SOURCE, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    assert.deepEqual([...order].sort(), folders.sort());
  });

  it("has imports that run down the list of folders", () => {
    const place = (file: string): number => order.indexOf(file.split("/")[0] ?? "");
    const upwards = imports.filter(({ from, to }) => isInFolder(from) && isInFolder(to) && place(to) < place(from));
    assert.deepEqual(upwards, []);
  });

  it("has no circle of files", () => {
    const next = new Map<string, string[]>();
    for (const { from, to, isType } of imports) if (!isType) next.set(from, [...(next.get(from) ?? []), to]);
    const reached = new Map(files.map((file) => [file, reachable(next, file)]));
    const circles = files
      .map((file) => files.filter((other) => reached.get(file)?.has(other) && reached.get(other)?.has(file)).sort())
      .filter((circle) => circle.length > 1);
    assert.deepEqual([...new Map(circles.map((circle) => [circle.join(), circle])).values()], RECURSIVE);
  });
});

function importsOf(file: string): Import[] {
  const text = readFileSync(path.join(SOURCE, file), "utf8");
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest);
  const found: Import[] = [];
  for (const statement of source.statements) {
    if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) continue;
    const from = statement.moduleSpecifier;
    if (from === undefined || !ts.isStringLiteral(from) || !from.text.startsWith(".")) continue;
    const to = path.posix.join(path.posix.dirname(file), from.text);
    const isType = ts.isImportDeclaration(statement)
      ? statement.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
      : statement.isTypeOnly;
    found.push({ from: file, to: existsSync(path.join(SOURCE, `${to}.ts`)) ? `${to}.ts` : `${to}/index.ts`, isType });
  }
  return found;
}

function reachable(next: ReadonlyMap<string, readonly string[]>, start: string): ReadonlySet<string> {
  const seen = new Set<string>();
  const open = [start];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    for (const to of next.get(file) ?? []) {
      if (seen.has(to)) continue;
      seen.add(to);
      open.push(to);
    }
  }
  return seen;
}

function isInFolder(file: string): boolean {
  return file.includes("/");
}
