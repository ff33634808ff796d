import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import {
  backtick,
  qualifiedName,
  quoteIdentifier,
  quoteString,
  unquoteIdentifier,
  unquoteString,
} from "../../provider/src/sql/identifiers";

const ANY_TEXT = fc.string({ unit: "binary" });

describe("identifiers", () => {
  it("gives back any name that it quoted", () => {
    fc.assert(fc.property(ANY_TEXT, (name) => unquoteIdentifier(quoteIdentifier(name)) === name));
    fc.assert(fc.property(ANY_TEXT, (name) => unquoteIdentifier(backtick(name)) === name));
  });

  it("gives back any text that it quoted", () => {
    fc.assert(fc.property(ANY_TEXT, (text) => unquoteString(quoteString(text)) === text));
  });

  it("leaves plain names bare and quotes all others", () => {
    const cases: readonly (readonly [name: string, quoted: string])[] = [
      ["events", "events"],
      ["_Events_2", "_Events_2"],
      ["settings", "settings"],
      ["table", "`table`"],
      ["Null", "`Null`"],
      ["", "``"],
      ["1st", "`1st`"],
      ["a.b", "`a.b`"],
      ["a$b", "`a$b`"],
      ["é", "`é`"],
      ["😀", "`😀`"],
      ["it's", "`it's`"],
      ["a`b", "`a\\`b`"],
      ["a\\b\n", "`a\\\\b\\n`"],
    ];
    for (const [name, quoted] of cases) assert.equal(quoteIdentifier(name), quoted);
    assert.equal(qualifiedName({ database: "my db", name: "t" }), "`my db`.t");
  });

  it("reads every way to write a name or a string", () => {
    const names: readonly (readonly [written: string, name: string])[] = [
      ['"a""b"', 'a"b'],
      ["`a``b`", "a`b"],
      ['`a"b`', 'a"b'],
      ['`a""b`', 'a""b'],
      ["`\\x41\\q`", "A\\q"],
      ["`\\xF0\\x9F\\x98\\x80`", "😀"],
      ["“a”", "a"],
    ];
    for (const [written, name] of names) assert.equal(unquoteIdentifier(written), name);
    const texts: readonly (readonly [written: string, text: string])[] = [
      ["'it''s'", "it's"],
      ["'it\\'s \\a\\v\\e\\0'", "it's \x07\v\x1b\0"],
      ["$$it's \\n$$", "it's \\n"],
      ["$tag$a$b$tag$", "a$b"],
      ["‘it's’", "it's"],
    ];
    for (const [written, text] of texts) assert.equal(unquoteString(written), text);
  });

  it("quotes names as the engine prints them", async function () {
    const { Session } = await import("chdb").catch(() => this.skip());
    const folder = mkdtempSync(join(tmpdir(), "identifiers-"));
    const session = new Session(folder);
    const query = async (sql: string): Promise<string> => (await session.queryAsync(sql, { format: "TSVRaw" })).text();
    try {
      const keywords = (await query("SELECT keyword FROM system.keywords"))
        .split(/\s+/)
        .filter((word) => /^\w+$/.test(word));
      const odd = [
        "a b",
        "a.b",
        "a`b",
        "a\\b",
        "it's",
        'a"b',
        "é",
        "😀",
        "1st",
        "a$b",
        "-",
        " ",
        "@@x",
        "null",
        "\u00a0",
      ];
      const control = [..."\b\f\n\r\t\0\v\x07\x1b\x01\x7f"].map((char) => `a${char}b`);
      await query("CREATE DATABASE `odd ``names`");
      for (const name of new Set([...odd, ...control, ...keywords])) {
        const table = qualifiedName({ database: "odd `names", name });
        // `NOT` as an expression is misread by the engine itself, so the index is on another column.
        await query(
          `CREATE TABLE ${table} (${backtick(name)} UInt8, x_ UInt8, INDEX ${backtick(name)} x_ TYPE minmax) ENGINE = MergeTree ORDER BY x_`,
        );
        const [head, , column, , index] = (await query(`SHOW CREATE TABLE ${table}`)).split("\n");
        assert.equal(head, `CREATE TABLE ${table}`);
        assert.equal(column, `    ${backtick(name)} UInt8,`);
        assert.equal(index, `    INDEX ${quoteIdentifier(name)} x_ TYPE minmax GRANULARITY 1`);
        await query(`DROP TABLE ${table}`);
      }
      const text = "it's \\ \n\t\0\b\f\r \x07\x1b 😀";
      await query(`CREATE TABLE \`odd \`\`names\`.t (a UInt8) ENGINE = Memory COMMENT ${quoteString(text)}`);
      assert.equal(
        (await query("SHOW CREATE TABLE `odd ``names`.t")).trimEnd().split("\n").at(-1),
        `COMMENT ${quoteString(text)}`,
      );
    } finally {
      session.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
