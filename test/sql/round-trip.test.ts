import assert from "node:assert/strict";
import * as fc from "fast-check";
import { parseCreate } from "../../provider/src/sql/parse";
import { renderCreate } from "../../provider/src/sql/render";
import type { ColumnSpec, ObjectSpec } from "../../provider/src/sql/spec";

/** Any text but the empty one: a name. */
const name = fc.oneof(
  fc.string({ unit: "binary", minLength: 1 }),
  fc.constantFrom("ttl", "settings", "comment", "table", "a.b", "it's", "`", "PRIMARY", "index", "INDEX", "as"),
);
const comment = fc.string({ unit: "binary" });
const expression = fc.constantFrom(
  "ttl",
  "settings",
  "comment + 1",
  "(a, b)",
  "tuple()",
  "a NOT IN ('COMMENT', ')')",
  "NOT engine",
  "f(x -> x + 1, [1, 2])",
  "`primary key` = -1",
  "multiIf(a, 'ORDER BY', b)",
  "a IS NOT NULL",
  "INTERVAL 1 DAY",
  "CASE WHEN ttl THEN settings END",
  "{p:UInt8}",
  "m['k'].x::String",
  "{'a':1}",
  "$$it's TTL$$",
);
const type = fc.constantFrom(
  "UInt8",
  "LowCardinality(String)",
  "Tuple(\n        a UInt8,\n        b String)",
  "Enum8('a,)' = 1)",
  "DOUBLE PRECISION",
  "INT UNSIGNED NULL",
  "JSON(`a.b` UInt8,     SKIP c)",
);
const settings = fc.array(
  fc.record({
    name: fc.constantFrom("a", "index_granularity", "`b c`", "ttl"),
    value: fc.constantFrom("1", "-1.5", "'x, y'", "true", "disk(type = local, path = '/')", "{'a':'b'}"),
  }),
  { maxLength: 3 },
);
const someSettings = settings.filter((list) => list.length > 0);
const query = fc.constantFrom(
  "SELECT 1",
  "SELECT\n    comment,\n    'AS'\nFROM a.b\nSETTINGS max_threads = 1",
  "WITH\n    x AS\n    (\n        SELECT 1\n    )\nSELECT *\nFROM x",
  "(\n    SELECT 1\n)\nUNION ALL\nSELECT 2",
  "SELECT 1 -- note\n, 2",
);

/** A record some of whose fields are absent, rather than undefined. */
function partial<T>(model: { [Key in keyof T]: fc.Arbitrary<T[Key]> }): fc.Arbitrary<Partial<T>> {
  return fc.record(model, { requiredKeys: [] }) as unknown as fc.Arbitrary<Partial<T>>;
}

const defaultExpression = fc.oneof(
  fc.record({
    kind: fc.constantFrom("DEFAULT" as const, "MATERIALIZED" as const, "ALIAS" as const, "EPHEMERAL" as const),
    expression,
  }),
  fc.constant({ kind: "EPHEMERAL" as const }),
);
const column: fc.Arbitrary<ColumnSpec> = fc
  .tuple(
    fc.record({ name, type }),
    partial<Omit<ColumnSpec, "name" | "type">>({
      default: defaultExpression,
      comment,
      codec: fc.constantFrom("ZSTD(1)", "Delta(8), LZ4"),
      statistics: fc.constantFrom("uniq", "tdigest, uniq"),
      ttl: expression,
      primaryKey: fc.constant(true),
      settings: someSettings,
    }),
  )
  .map(([required, optional]) => ({ ...required, ...optional }))
  // The engine's grammar cannot write it: behind a bare EPHEMERAL it reads TTL as a column.
  .filter(
    ({ default: given, ttl }) => ttl === undefined || given?.kind !== "EPHEMERAL" || given.expression !== undefined,
  );

const elements = {
  columns: fc.array(column, { maxLength: 4 }),
  indexes: fc.array(
    fc.oneof(
      fc.record({ name, expression, type: fc.constantFrom("minmax", "set(10)", "text(tokenizer = 'x')") }),
      fc.record({ name, expression, type: fc.constant("minmax"), granularity: fc.nat() }),
    ),
    { maxLength: 2 },
  ),
  constraints: fc.array(fc.record({ name, kind: fc.constantFrom("CHECK" as const, "ASSUME" as const), expression }), {
    maxLength: 2,
  }),
  projections: fc.array(
    fc.record({
      name,
      body: fc.constantFrom(
        "(\n        SELECT a\n        ORDER BY a\n    )",
        "(SELECT a) WITH SETTINGS (s = 1)",
        "INDEX a TYPE basic",
      ),
    }),
    { maxLength: 2 },
  ),
};

const storage = fc
  .tuple(
    partial({
      engine: fc.constantFrom("MergeTree", "ReplacingMergeTree(v, d)", "Kafka"),
      partitionBy: expression,
      primaryKey: expression,
      orderBy: expression,
      sampleBy: expression,
      ttl: fc.oneof(
        expression,
        fc.constant("a + toIntervalDay(1) DELETE WHERE ttl = 1, b TO DISK 'c', d GROUP BY e SET x = max(x)"),
      ),
    }),
    settings,
  )
  .map(([clauses, list]) => ({ ...clauses, settings: list }));

const security = fc.constantFrom(
  { definer: "svc", sqlSecurity: "DEFINER" },
  { sqlSecurity: "NONE" },
  { definer: "`a b`" },
);
const qualified = { database: name, name };

const table = fc
  .tuple(
    fc.record({ kind: fc.constant("table" as const), ...qualified, ...elements, storage }),
    partial({
      comment,
      as: fc.oneof(
        fc.record({ text: query, empty: fc.boolean() }),
        fc.constantFrom(
          { text: "a.`b c`", empty: false },
          { text: "a.b", empty: false, clone: true },
          { text: "numbers(10)", empty: false },
        ),
      ),
    }),
  )
  .map(([required, optional]) => ({ ...required, ...optional }));

const view = fc
  .tuple(
    fc.record({ kind: fc.constant("view" as const), ...qualified, columns: elements.columns, query }),
    partial({ security, comment }),
  )
  .map(([required, optional]) => ({ ...required, ...optional }));

const materializedView = fc
  .tuple(
    fc.record({ kind: fc.constant("materializedView" as const), ...qualified, ...elements, query }),
    fc.oneof(fc.record({ to: fc.record(qualified) }), fc.record({ storage })),
    partial({
      refresh: fc.constantFrom(
        "EVERY 10 MINUTE",
        "AFTER 1 DAY 2 HOUR OFFSET 1 HOUR DEPENDS ON a.b, `to` SETTINGS x = 1, y = 2 APPEND",
      ),
      empty: fc.constant(true),
      populate: fc.constant(true),
      security,
      comment,
    }),
  )
  .map(([required, target, optional]) => ({ ...required, ...target, ...optional }));

const database = fc
  .tuple(
    fc.record({ kind: fc.constant("database" as const), name }),
    partial({ engine: fc.constantFrom("Atomic", "Overlay('a', 'b')"), settings: someSettings, comment }),
  )
  .map(([required, optional]) => ({ ...required, ...optional }));

describe("render and parse", () => {
  const kinds: readonly (readonly [kind: string, spec: fc.Arbitrary<unknown>])[] = [
    ["database", database],
    ["table", table],
    ["view", view],
    ["materialized view", materializedView],
  ];
  for (const [kind, arbitrary] of kinds) {
    it(`give back any ${kind}`, () => {
      fc.assert(
        fc.property((arbitrary as fc.Arbitrary<ObjectSpec>).map(structuredClone<ObjectSpec>), (spec) => {
          assert.deepEqual(parseCreate(renderCreate(spec)), spec);
        }),
        { numRuns: 1000 },
      );
    });

    it(`read a ${kind} with comments between its clauses`, () => {
      fc.assert(
        fc.property((arbitrary as fc.Arbitrary<ObjectSpec>).map(structuredClone<ObjectSpec>), (spec) => {
          const canonical = renderCreate(spec);
          const query = canonical.indexOf("\nAS ");
          const head = query < 0 ? canonical : canonical.slice(0, query);
          const commented = head.replace(/^(?=[()A-Z])/gm, "/* ) ' */ -- TTL\n") + canonical.slice(head.length);
          assert.deepEqual(parseCreate(`${commented}\n;\n`), spec);
        }),
      );
    });
  }
});
