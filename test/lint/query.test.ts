import assert from "node:assert/strict";
import type { Connection } from "../../provider/src/connection/connection";
import { openScratch } from "../../provider/src/connection/scratch";
import {
  aggregateOf,
  callsIn,
  columnsIn,
  comparisonsIn,
  elementsOf,
  literalText,
  parseExpression,
  parseQuery,
  plainColumn,
  type Select,
} from "../../provider/src/sql/query";

const parse = (text: string): Select => parseQuery(text)?.selects[0] ?? assert.fail(`cannot read ${text}`);
const expression = (text: string): ReturnType<typeof elementsOf>[number] => parseExpression(text) ?? assert.fail(text);

describe("the reading of queries", () => {
  let engine: Connection;
  before(async () => {
    engine = await openScratch();
    await engine.command("CREATE DATABASE q");
    const columns =
      "k UInt32, v UInt64, s String, m Map(String, String), ts DateTime, f Float64, `from` UInt8, ttl UInt8";
    for (const name of ["a", "b"]) {
      await engine.command(`CREATE TABLE q.${name} (${columns}) ENGINE = ReplacingMergeTree ORDER BY k SAMPLE BY k`);
    }
  });
  after(() => engine.close());

  const queries: [string, string][] = [
    [
      "every clause",
      "SELECT DISTINCT k, sum(v) AS sv FROM q.a FINAL SAMPLE 1 / 2 PREWHERE k > 1 WHERE v > 1 GROUP BY k WITH TOTALS HAVING sv > 1 ORDER BY k DESC LIMIT 3 BY k LIMIT 2, 5 SETTINGS max_threads = 1",
    ],
    [
      "WITH of every kind",
      "WITH 5 AS five, q AS (SELECT k FROM q.b), (SELECT max(k) FROM q.b) AS mk SELECT k, five, mk FROM q",
    ],
    [
      "all kinds of expressions",
      "SELECT k, case when m['a'] >= '400' then 1 else 0 end AS n, a.v, a.* EXCEPT (v, k, ttl, `from`), [1, 2][1] AS el, (k, v).1 AS fst, arrayMap(x -> x + 1, [v]) AS am, s::String AS cc, interval 1 day AS iv, not (v = 1) AS nn, count() OVER (PARTITION BY k ORDER BY ts) AS w, -v AS neg, k IN (SELECT k FROM q.b) AS i, v AS `from`, a.ttl AS limit FROM q.a AS a",
    ],
    [
      "joins",
      "SELECT a.k AS k FROM q.a AS a GLOBAL ANY LEFT JOIN q.b AS b ON (a.k = b.k) AND (a.v = b.v) INNER JOIN (SELECT k AS j FROM q.b) AS c ON c.j = a.k CROSS JOIN numbers(3) AS n WHERE a.k > 1",
    ],
    ["commas and ARRAY JOIN", "SELECT z FROM q.a ARRAY JOIN [1, 2] AS z, [3, 4] AS y WHERE k > 0"],
    [
      "set operations",
      "(SELECT k FROM q.a EXCEPT SELECT k FROM q.b) UNION DISTINCT SELECT 1 AS k INTERSECT SELECT toUInt32(2) FROM q.b",
    ],
    [
      "windows and QUALIFY",
      "SELECT k, row_number() OVER w AS r FROM (SELECT k FROM q.a) AS nn WHERE k > 1 WINDOW w AS (PARTITION BY k) QUALIFY r = 1 LIMIT 1",
    ],
    [
      "GROUPING SETS",
      "SELECT k, quantiles(0.5, 0.9)(v) AS q FROM q.a AS x GROUP BY GROUPING SETS ((k), (k, v)) ORDER BY k WITH FILL",
    ],
    ["GROUP BY ALL", "SELECT k, count() FROM q.a GROUP BY ALL"],
    ["no FROM", "SELECT 1 AS one WHERE one = 1"],
  ];
  for (const [name, sql] of queries) {
    it(`reads ${name} as the engine does: same names of outputs, as written and in canonical form`, async () => {
      await engine.command(`CREATE OR REPLACE VIEW q.view AS ${sql}`);
      const [row] = await engine.query<{ as_select: string }>(
        "SELECT as_select FROM system.tables WHERE database = 'q' AND name = 'view'",
      );
      const columns = await engine.query<{ name: string }>("DESCRIBE q.view");
      const names = columns.map((column) => column.name);
      for (const text of [sql, row?.as_select ?? ""]) {
        const read = parse(text).items.flatMap((item) => item.name ?? []);
        assert.ok(read.length > 0 || name === "no names");
        assert.deepEqual(
          read.filter((one) => !names.includes(one)),
          [],
          text,
        );
        if (!text.includes("*")) assert.equal(parse(text).items.length, names.length, text);
      }
    });
  }

  it("keeps clauses apart", () => {
    const select = parse(queries[0]?.[1] ?? "");
    assert.equal(select.distinct, true);
    assert.deepEqual(
      select.from.map(({ table, final }) => [table, final]),
      [[{ database: "q", name: "a" }, true]],
    );
    assert.deepEqual([select.prewhere?.text, select.where?.text, select.having?.text], ["k > 1", "v > 1", "sv > 1"]);
    assert.deepEqual(
      select.groupBy?.expressions.map(({ text }) => text),
      ["k"],
    );
  });

  it("names joins, subqueries, functions and aliases", () => {
    const { from } = parse(queries[3]?.[1] ?? "");
    assert.deepEqual(
      from.map(({ join, table, query, function: called, alias }) => [
        join,
        table?.name ?? called ?? query?.selects.length,
        alias,
      ]),
      [
        [undefined, "a", "a"],
        ["GLOBAL ANY LEFT JOIN", "b", "b"],
        ["INNER JOIN", 1, "c"],
        ["CROSS JOIN", "numbers", "n"],
      ],
    );
    assert.equal(parseQuery(queries[5]?.[1] ?? "")?.selects.length, 4);
  });

  it("gives offsets into the text", () => {
    const sql = "SELECT a, sum(b) AS c FROM q.a WHERE a = 1";
    const { items, where, from } = parse(sql);
    assert.equal(sql.slice(items[1]?.expression.start).startsWith("sum(b)"), true);
    assert.equal(sql.slice(where?.start), "a = 1");
    assert.equal(sql.slice(from[0]?.start).startsWith("q.a"), true);
  });

  it("says nothing about what it cannot read", () => {
    for (const text of [
      "",
      "SELECT",
      "FROM q.a SELECT k",
      "SELECT (a FROM b",
      "SELECT a FROM b c",
      "INSERT INTO a VALUES (1)",
      "SELECT a FROM b WHERE",
    ]) {
      assert.equal(parseQuery(text), undefined, text);
    }
  });

  it("finds calls with their parameters, arguments and surroundings", () => {
    const calls = callsIn(
      expression(
        "round(quantileStateIf(0.5)(x, y = 'f(1)'), 2) + (SELECT max(z) FROM t) + any(w) OVER (PARTITION BY k)",
      ),
    );
    assert.deepEqual(
      calls.map(({ name, parameters, arguments: args, window, within }) => [
        name,
        parameters.length,
        args.map(({ text }) => text),
        window,
        within,
      ]),
      [
        ["round", 0, ["quantileStateIf(0.5)(x, y = 'f(1)')", "2"], false, []],
        ["quantileStateIf", 1, ["x", "y = 'f(1)'"], false, ["round"]],
        ["any", 0, ["w"], true, []],
      ],
    );
  });

  it("finds columns: no functions, keywords, literals, parameters of lambdas", () => {
    const text = "if(t.a > 1 AND `b c` IN ('d'), arrayMap((x, y) -> x + y + e, f), tup.1) AS g";
    assert.deepEqual(
      columnsIn(expression(text)).map(({ parts }) => parts.join(".")),
      ["t.a", "b c", "e", "f", "tup"],
    );
  });

  it("finds comparisons with their operands, at any depth", () => {
    const text = "(m['a'] >= '400') AND (NOT (lower(s) NOT LIKE 'x_%')) OR countIf((a + 1) < b, c = d) != 0";
    assert.deepEqual(
      comparisonsIn(expression(text)).map(({ left, operator, right }) => `${left.text} ${operator} ${right.text}`),
      ["m['a'] >= '400'", "lower(s) NOT LIKE 'x_%'", "(a + 1) < b", "c = d", "countIf((a + 1) < b, c = d) != 0"],
    );
    assert.equal(literalText(expression("('it''s')")), "it's");
  });

  it("takes keys apart", () => {
    const key = (text: string): (string | undefined)[] => elementsOf(expression(text)).map(plainColumn);
    assert.deepEqual(key("(a, toDate(b), `c d`)"), ["a", undefined, "c d"]);
    assert.deepEqual(key("a"), ["a"]);
    assert.deepEqual(key("tuple()"), []);
    assert.deepEqual(key("a + 1, (b)"), [undefined, "b"]);
  });

  it("knows every aggregate function of the engine, with combinators", async () => {
    const rows = await engine.query<{ name: string }>("SELECT name FROM system.functions WHERE is_aggregate");
    const unknown = rows.map(({ name }) => name).filter((name) => aggregateOf(name) === undefined);
    assert.deepEqual(unknown, []);
    assert.deepEqual(aggregateOf("quantileStateIf"), { base: "quantile", combinators: ["State", "If"] });
    assert.deepEqual(aggregateOf("medianExactMerge"), { base: "quantileExact", combinators: ["Merge"] });
    assert.deepEqual(aggregateOf("COUNT"), { base: "count", combinators: [] });
    for (const name of ["toString", "if", "maxMap2", "arraySum"]) assert.equal(aggregateOf(name), undefined, name);
  });
});
