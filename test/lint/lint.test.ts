import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { GATES } from "../../provider/src/clickhouse/gates";
import { SchemaError } from "../../provider/src/errors";
import { describeFinding, lintObject, lintQuery, placeIn, rules } from "../../provider/src/lint";
import { parseCreate } from "../../provider/src/sql/parse";
import { renderCreate } from "../../provider/src/sql/render";
import { MANUAL, renderManual } from "./manual";

const NOBODY = { find: () => undefined };
const VIEW = parseCreate(
  "CREATE MATERIALIZED VIEW d.v ENGINE = MergeTree ORDER BY a AS SELECT a, b FROM d.t WHERE b LIKE 'node_%'",
);

describe("lint", () => {
  it("gives findings with rule, severity, object, words and place, worst first", () => {
    const findings = lintObject(VIEW, NOBODY);
    assert.deepEqual(
      findings.map(({ rule, severity, object }) => [rule, severity, object]),
      [
        ["inner-table", "warning", "d.v"],
        ["like-with-bare-underscore", "warning", "d.v"],
      ],
    );
    const at = findings[1]?.at;
    const line = renderCreate(VIEW).split("\n")[(at?.line ?? 0) - 1] ?? "";
    assert.equal(line.slice((at?.column ?? 0) - 1), "'node_%'");
    assert.equal(renderCreate(VIEW).slice(at?.offset), "'node_%'");
    assert.match(describeFinding(findings[0] ?? assert.fail()), /no TO.*Dropping the view.*\[inner-table\]$/);
  });

  for (const [type, setting] of [
    ["QBit(Float32, 16)", "enable_qbit_type"],
    ["Array(Time64(3))", "enable_time_time64_type"],
    ["Time", "enable_time_time64_type"],
  ] as const) {
    it(`says what the table of servers says of a type: ${type}`, () => {
      const spec = parseCreate(`CREATE TABLE d.t (a UInt64, b ${type}) ENGINE = MergeTree ORDER BY a`);
      const since = GATES.find((gate) => gate.setting === setting)?.since;
      const [found] = lintObject(spec, NOBODY).filter(({ rule }) => rule === "experimental-type");
      assert.equal(
        found?.message,
        `\`b\` is ${type}, which servers before ${since} take only with ${setting}, or not at all.`,
      );
    });
  }

  it("takes another severity for a rule, and off", () => {
    const findings = lintObject(VIEW, NOBODY, { "inner-table": "off", "like-with-bare-underscore": "error" });
    assert.deepEqual(
      findings.map(({ rule, severity }) => [rule, severity]),
      [["like-with-bare-underscore", "error"]],
    );
  });

  it("refuses a rule that it does not know, naming the nearest, and a severity that is none", () => {
    const overrides = { "inner-tabel": "off", "missing-ttl": "loud" } as unknown as Record<string, "off">;
    assert.throws(
      () => lintObject(VIEW, NOBODY, overrides),
      (error) => {
        assert.ok(error instanceof SchemaError);
        assert.deepEqual(
          error.problems.map(({ message }) => message),
          [
            'lint: "inner-tabel" is not a rule. Did you mean `inner-table`?',
            'lint["missing-ttl"]: expected "off", "info", "warning" or "error", found "loud"',
          ],
        );
        return true;
      },
    );
  });

  it("is silent about what it cannot read or does not know", () => {
    for (const sql of [
      "CREATE MATERIALIZED VIEW d.v TO d.t AS FROM d.s SELECT avg(a) AS a GROUP BY b",
      "CREATE MATERIALIZED VIEW d.v TO d.t AS SELECT avg(a) AS a, b FROM d.s GROUP BY b",
      "CREATE VIEW d.v AS SELECT a FROM d.s WHERE a >= '400'",
      "CREATE TABLE d.t (a UInt8) ENGINE = Memory",
      "CREATE TABLE d.t AS d.s ENGINE = SummingMergeTree ORDER BY x",
      "CREATE DATABASE d",
    ]) {
      assert.deepEqual(lintObject(parseCreate(sql), NOBODY), [], sql);
    }
  });

  it("looks at a query that creates nothing, and gives places in its own text", () => {
    const sql = "SELECT name,\n  total_rows FROM system.tables WHERE name LIKE '%_mv'";
    const places = lintQuery(sql, "ops.sql", NOBODY).map(({ object, rule, at }) => [
      object,
      rule,
      at?.line,
      at?.column,
    ]);
    assert.deepEqual(places, [
      ["ops.sql", "like-with-bare-underscore", 2, 49],
      ["ops.sql", "monitoring-by-view-name", 2, 49],
    ]);
  });

  it("names rules in kebab-case, each once", () => {
    const ids = rules.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
    for (const id of ids) assert.match(id, /^[a-z]+(?:-[a-z]+)+$/);
  });

  it("finds a place again in another spelling of the statement", () => {
    const source = "create view d.v as\n  select A,\n         QUANTILE(0.50)( x ) as q -- half\n  from t";
    const place = placeIn(source, "quantile(0.5)(`x`)");
    assert.deepEqual(place, { offset: source.indexOf("QUANTILE"), line: 3, column: 10, text: "QUANTILE(0.50)( x" });
    assert.equal(placeIn(source, "median(x)"), undefined);
  });

  it("has a manual that is made from the rules and their fixtures", () => {
    assert.equal(readFileSync(MANUAL, "utf8"), renderManual(), "run: npx ts-node -T test/lint/manual.ts");
  });
});
