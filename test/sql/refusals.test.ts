import assert from "node:assert/strict";
import * as fc from "fast-check";
import { SqlParseError } from "../../provider/src/sql/errors";
import { parseCreate } from "../../provider/src/sql/parse";

describe("parse: refusals", () => {
  const cases: readonly (readonly [sql: string, message: RegExp])[] = [
    ["", /Found no statement/],
    ["SELECT 1", /Found SELECT: expected CREATE DATABASE, CREATE FUNCTION, CREATE TABLE, CREATE DICTIONARY/],
    ["ATTACH TABLE a.b (x UInt8)", /Found ATTACH: write CREATE/],
    ["CREATE OR REPLACE TABLE a.b (x UInt8)", /Found CREATE OR REPLACE: remove it/],
    ["REPLACE TABLE a.b (x UInt8)", /Found REPLACE: write CREATE/],
    ["CREATE TEMPORARY TABLE b (x UInt8)", /Found CREATE TEMPORARY: .* declare an ordinary table/],
    ["CREATE TABLE a.b ON CLUSTER c (x UInt8)", /Found ON CLUSTER: remove it/],
    ["CREATE TABLE b (x UInt8)", /Found the name b without a database: write database\.b/],
    ["CREATE MATERIALIZED VIEW a.b TO c AS SELECT 1", /the target after TO c without a database/],
    ["CREATE TABLE a.b AS c", /Found table c without a database/],
    ["CREATE TABLE a.b.c (x UInt8)", /Found one more "\."/],
    ["CREATE DATABASE a.b", /Found one more "\."/],
    ["CREATE TABLE {db:Identifier}.b (x UInt8)", /Found a query parameter/],
    ["CREATE TABLE a.b (x UInt8); SELECT 1", /Found another statement/],
    ["CREATE TABLE a.b (x UInt8) ORDER BY x PARALLEL WITH CREATE TABLE a.c (x UInt8)", /Found PARALLEL WITH/],
    ["CREATE LIVE VIEW a.b AS SELECT 1", /Found CREATE LIVE VIEW: .* MATERIALIZED VIEW with REFRESH/],
    ["CREATE WINDOW VIEW a.b AS SELECT 1", /Found CREATE WINDOW VIEW/],
    ["CREATE DICTIONARY a.b (x UInt8)", /too early: expected PRIMARY KEY/],
    ["CREATE DICTIONARY a.b (x UInt8) PRIMARY KEY x LAYOUT(FLAT())", /expected SOURCE/],
    [
      "CREATE FUNCTION f LANGUAGE WASM",
      /Found LANGUAGE: expected AS \(x, y\) -> expression; functions of other languages/,
    ],
    ["CREATE FUNCTION f AS x", /expected -> and an expression/],
    ["CREATE FUNCTION d.f AS x -> x", /expected the name alone/],
    [
      "CREATE USER u IDENTIFIED WITH sha256_password BY 'x'",
      /Found BY: a password or hash in SQL would be in the state/,
    ],
    ["CREATE DATABASE a TABLE OVERRIDE b (COLUMNS (x UInt8))", /Found TABLE OVERRIDE/],
    ["CREATE TABLE a.b (x UInt8", /Found "\(" without its closing bracket/],
    ["CREATE TABLE a.b (x UInt8]", /Found "\]" without its opening bracket/],
    ["CREATE TABLE a.b (x UInt8 DEFAULT 'y)", /Found a quote ' without its end/],
    ["CREATE TABLE a.b (x UInt8) /* y", /Found a comment \/\* without its end/],
    ["CREATE TABLE a.b (x UInt8 DEFAULT)", /Expected an expression after DEFAULT/],
    ["CREATE TABLE a.b (x UInt8 AUTO_INCREMENT)", /Found AUTO_INCREMENT/],
    ["CREATE TABLE a.b (x DEFAULT 1 NOT NULL)", /Found NOT NULL on column x, which has no type/],
    ["CREATE TABLE a.b (x UInt8, PRIMARY KEY x) PRIMARY KEY x", /Found a second PRIMARY KEY/],
    ["CREATE TABLE a.b (x UInt8) ORDER BY x ORDER BY y", /Found a second ORDER BY/],
    ["CREATE TABLE a.b (x UInt8) ORDER BY x UNIQUE KEY x", /Found UNIQUE KEY/],
    ["CREATE TABLE a.b (x UInt8) SETTINGS a = 1 SETTINGS b = 1", /Found SETTINGS twice/],
    ["CREATE TABLE a.b (x UInt8) FORMAT JSON", /Found FORMAT: a declaration returns nothing/],
    ["CREATE TABLE a.b (x UInt8) WHATEVER", /Found WHATEVER: expected ENGINE/],
    ["CREATE TABLE a.b EMPTY ORDER BY x", /Found EMPTY without a query/],
    ["CREATE VIEW a.b", /ends too early: expected AS SELECT/],
    ["CREATE VIEW a.b AS c.d", /Expected a query after AS/],
    ["CREATE VIEW a.b COMMENT 'c' AS SELECT 1 COMMENT 'c'", /Found a second COMMENT/],
    ["CREATE VIEW a.b SQL SECURITY ALL AS SELECT 1", /Expected DEFINER, INVOKER or NONE/],
    ["CREATE MATERIALIZED VIEW a.b TO c.d ENGINE = Memory AS SELECT 1", /Found storage clauses behind TO/],
    ["CREATE MATERIALIZED VIEW a.b DEFINER = u TO c.d AS SELECT 1", /Found TO too late/],
    ["CREATE MATERIALIZED VIEW a.b REFRESH 1 DAY AS SELECT 1", /Expected EVERY or AFTER/],
  ];
  for (const [sql, message] of cases) {
    it(`refuses ${sql === "" ? "an empty text" : sql}`, () => {
      assert.throws(
        () => parseCreate(sql),
        (error) => error instanceof SqlParseError && message.test(error.message),
      );
    });
  }

  it("answers any run of SQL words with a spec or a refusal, nothing else", () => {
    const words =
      "CREATE TABLE VIEW MATERIALIZED DATABASE a . b ( ) , = 1 'x' AS SELECT TO REFRESH EVERY DAY ENGINE ORDER BY TTL SETTINGS " +
      "COMMENT INDEX TYPE DEFAULT CODEC NOT NULL EMPTY PRIMARY KEY DEFINER CASE INTERVAL - ; [ ] { } ` $$ /* --";
    const heads = ["CREATE TABLE a.b (", "CREATE VIEW a.b", "CREATE MATERIALIZED VIEW a.b", "CREATE DATABASE a", ""];
    const run = fc.array(fc.constantFrom(...words.split(" ")), { maxLength: 20 });
    fc.assert(
      fc.property(fc.constantFrom(...heads), run, (head, rest) => {
        try {
          parseCreate(`${head} ${rest.join(" ")}`);
        } catch (error) {
          assert.ok(error instanceof SqlParseError, String(error));
        }
      }),
      { numRuns: 5000 },
    );
  });

  it("says where", () => {
    assert.throws(
      () => parseCreate("CREATE TABLE a.b\n(\n    `x` UInt8,\n    INDEX i x TYPE\n)\nFOO"),
      (error) => error instanceof SqlParseError && error.line === 5 && error.column === 1,
    );
    assert.throws(() => parseCreate("CREATE TABLE a.b (x UInt8)\n  ENGINE = Log\n  WHATEVER 1"), {
      line: 3,
      column: 3,
      fragment: "WHATEVER 1",
    });
  });
});
