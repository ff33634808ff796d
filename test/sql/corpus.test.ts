import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { SqlParseError } from "../../provider/src/sql/errors";
import { lex, type Token } from "../../provider/src/sql/lexer";
import { parseCreate, parseHeader } from "../../provider/src/sql/parse";
import { renderCreate } from "../../provider/src/sql/render";

/** Real DDL of public projects; see its README. It is not part of the repository. */
const CORPUS = process.env["CORPUS_DIR"] ?? resolve(__dirname, "../../../shared/corpus");

/** One statement of the corpus. */
interface Statement {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly sql: string;
  readonly original?: string;
  readonly showCreate?: string;
  readonly finalCreate?: string;
}

const KINDS: Readonly<Record<string, string>> = {
  database: "database",
  table: "table",
  view: "view",
  materialized_view: "materializedView",
  dictionary: "dictionary",
  function: "sqlFunction",
};

/** A view created as `v (a, b) AS …`: the engine prints two lists of columns, which it cannot read itself. */
const NOT_EXACT = ["stateless/0518"];

function readCorpus(): Statement[] {
  const projects = readdirSync(join(CORPUS, "projects")).map((file) => join("projects", file));
  return ["stateless.jsonl", ...projects]
    .flatMap((file) => readFileSync(join(CORPUS, file), "utf8").split("\n"))
    .filter((line) => line.trim() !== "")
    .map((line) => JSON.parse(line) as Statement);
}

/** The statement with `db.` before each name that this package wants qualified; the corpus USEs a database instead. */
function qualify(sql: string): string {
  const tokens = lex(sql).filter((token) => token.kind !== "comment");
  let depth = 0;
  const isOutside = tokens.map(({ kind }) => {
    if (kind === "open") depth++;
    return (kind === "close" ? depth-- : depth) === 0;
  });
  const find = (words: RegExp, from: number): number =>
    tokens.findIndex((token, index) => index >= from && isOutside[index] === true && words.test(token.text));
  const isQualified = (index: number): boolean => tokens[index + 1]?.text === ".";
  const kind = find(/^(?:table|view|database)$/i, 0);
  if (kind < 0 || /^database$/i.test(tokens[kind]?.text ?? "")) return sql;
  const name = /^if$/i.test(tokens[kind + 1]?.text ?? "") ? kind + 4 : kind + 1;
  const as = find(/^as$/i, name);
  const to = find(/^to$/i, name);
  const isView = /^view$/i.test(tokens[kind]?.text ?? "");
  const places = [name];
  if (isView && to > 0 && to < as && tokens[to + 1]?.kind !== "open") places.push(to + 1);
  const source = tokens[as + 1];
  if (!isView && as > 0 && source && !/^(?:select|with|from|\()$/i.test(source.text) && tokens[as + 2]?.text !== "(")
    places.push(as + 1);
  return places
    .filter((index) => !isQualified(index))
    .map((index) => tokens[index])
    .filter((token): token is Token => token !== undefined)
    .sort((a, b) => b.start - a.start)
    .reduce((text, { start }) => `${text.slice(0, start)}db.${text.slice(start)}`, sql);
}

describe("the corpus of real DDL", () => {
  let statements: Statement[] = [];
  before(function () {
    if (!existsSync(CORPUS)) {
      console.log(`      skipped: no folder ${CORPUS}; set CORPUS_DIR`);
      this.skip();
    }
    statements = readCorpus();
  });

  it("comes back from spec as the engine printed it, character by character", () => {
    let exact = 0;
    const different: string[] = [];
    for (const { id, kind, showCreate, finalCreate } of statements) {
      if (KINDS[kind] === undefined) continue;
      for (const text of [showCreate, finalCreate]) {
        if (text === undefined) continue;
        if (renderCreate(parseCreate(text)) === text.trimEnd()) exact++;
        else different.push(id);
      }
    }
    assert.ok(exact > 800);
    assert.deepEqual(different, NOT_EXACT);
  });

  it("is refused with a reason where it is another kind of object", () => {
    for (const { kind, sql, showCreate } of statements) {
      if (KINDS[kind] !== undefined) continue;
      for (const text of [sql, showCreate ?? sql]) assert.throws(() => parseCreate(text), SqlParseError);
    }
  });

  it("has its kind and name read, and is refused with a reason or parsed, never anything else", () => {
    const reasons = /OR REPLACE|ON CLUSTER|AUTO_INCREMENT|query parameter|without a database/;
    for (const { id, kind, name, sql, original } of statements) {
      if (KINDS[kind] === undefined) continue;
      for (const text of [sql, original ?? sql]) {
        try {
          const header = parseHeader(text);
          assert.deepEqual([header.kind, header.name], [KINDS[kind], name], id);
          assert.equal(parseCreate(qualify(text)).kind, KINDS[kind]);
        } catch (error) {
          if (!(error instanceof SqlParseError)) throw error;
          assert.match(error.message, reasons, `${id}: ${error.message}`);
        }
      }
    }
  });

  it("means the same to the engine before and after: formatQuery gives one text", async function () {
    const { Session } = await import("chdb").catch(() => this.skip());
    const folder = mkdtempSync(join(tmpdir(), "corpus-"));
    const session = new Session(folder);
    const format = async (sql: string): Promise<string> => {
      const text = await (
        await session.queryAsync(`SELECT formatQuery($sql$${sql}$sql$)`, { format: "TSVRaw" })
      ).text();
      return text.replace(" IF NOT EXISTS", "").replace(/^(.*) UUID '[-0-9a-f]+'/, "$1");
    };
    try {
      let compared = 0;
      for (const { id, kind, sql } of statements) {
        if (KINDS[kind] === undefined) continue;
        const written = qualify(sql);
        const spec = tryParse(written);
        if (spec === undefined) continue;
        assert.equal(await format(renderCreate(spec)), await format(written), id);
        assert.deepEqual(parseCreate(renderCreate(spec)), spec, id);
        compared++;
      }
      assert.ok(compared > 600);
    } finally {
      session.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

function tryParse(sql: string): ReturnType<typeof parseCreate> | undefined {
  try {
    return parseCreate(sql);
  } catch (error) {
    if (error instanceof SqlParseError) return undefined;
    throw error;
  }
}
