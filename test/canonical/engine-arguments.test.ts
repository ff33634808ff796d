import assert from "node:assert/strict";
import fc from "fast-check";
import { sameDatabaseEngine, sameTableEngine, withTextArguments } from "../../provider/src/canonical/engine-arguments";
import { dropServerDefaults } from "../../provider/src/canonical/normal-form";
import { diffObject } from "../../provider/src/kinds/object";
import { parseCreate } from "../../provider/src/sql/parse";

const DEFAULT = "'/clickhouse/tables/{uuid}/{shard}', '{replica}'";
const UUID = "0f1d2c3b-4a59-4687-8796-a5b4c3d2e1f0";

/** Declared, and what 25.8 shows of it in a Replicated database (arguments left out, or the default ones) or an Atomic one, for `db.t`. */
const SHOWN: readonly (readonly [string, string])[] = [
  ["ReplicatedMergeTree", `ReplicatedMergeTree(${DEFAULT})`],
  ["ReplicatedMergeTree()", `ReplicatedMergeTree(${DEFAULT})`],
  [`ReplicatedMergeTree(${DEFAULT})`, `ReplicatedMergeTree(${DEFAULT})`],
  ["ReplicatedReplacingMergeTree", `ReplicatedReplacingMergeTree(${DEFAULT})`],
  ["ReplicatedReplacingMergeTree(b)", `ReplicatedReplacingMergeTree(${DEFAULT}, b)`],
  ["ReplicatedSummingMergeTree", `ReplicatedSummingMergeTree(${DEFAULT})`],
  ["ReplicatedSummingMergeTree((b, v))", `ReplicatedSummingMergeTree(${DEFAULT}, (b, v))`],
  ["ReplicatedAggregatingMergeTree", `ReplicatedAggregatingMergeTree(${DEFAULT})`],
  ["ReplicatedCollapsingMergeTree(s)", `ReplicatedCollapsingMergeTree(${DEFAULT}, s)`],
  ["ReplicatedVersionedCollapsingMergeTree(s, b)", `ReplicatedVersionedCollapsingMergeTree(${DEFAULT}, s, b)`],
  ["ReplicatedCoalescingMergeTree((b, v))", `ReplicatedCoalescingMergeTree(${DEFAULT}, (b, v))`],
  ["ReplicatedGraphiteMergeTree('graphite_rollup')", `ReplicatedGraphiteMergeTree(${DEFAULT}, 'graphite_rollup')`],
  [
    "ReplicatedMergeTree('/x/{database}/{table}/{shard}', '{replica}')",
    "ReplicatedMergeTree('/x/db/t/{shard}', '{replica}')",
  ],
  [
    "ReplicatedMergeTree('/x/{cluster}/{table}', '{replica}-{database}')",
    "ReplicatedMergeTree('/x/{cluster}/t', '{replica}-db')",
  ],
  ["ReplicatedMergeTree('/x/lit/1', 'me')", "ReplicatedMergeTree('/x/lit/1', 'me')"],
  ["ReplicatedReplacingMergeTree('/x/y1','{replica}')", "ReplicatedReplacingMergeTree('/x/y1', '{replica}')"],
  // Servers of before 2023 wrote the UUID out.
  [`ReplicatedMergeTree(${DEFAULT})`, `ReplicatedMergeTree('/clickhouse/tables/${UUID}/{shard}', '{replica}')`],
];

describe("engine arguments that the server writes out", () => {
  it("are no difference from the declaration that they came from", () => {
    for (const [declared, shown] of SHOWN) assert.ok(sameTableEngine(shown, declared), `${declared} | ${shown}`);
  });

  it("are one with any engine of the family on a cloud, which makes it a Shared one", () => {
    for (const declared of ["ReplacingMergeTree(b)", "ReplicatedReplacingMergeTree(b)", "SharedReplacingMergeTree(b)"])
      assert.ok(sameTableEngine(`SharedReplacingMergeTree(${DEFAULT}, b)`, declared), declared);
    assert.ok(!sameTableEngine(`SharedReplacingMergeTree(${DEFAULT}, b)`, "MergeTree"));
    assert.ok(!sameTableEngine(`SharedReplacingMergeTree(${DEFAULT}, b)`, "ReplacingMergeTree(c)"));
  });

  it("leave plain and replicated tables two things where there is no cloud", () => {
    assert.ok(!sameTableEngine("MergeTree", "ReplicatedMergeTree"));
    assert.ok(!sameTableEngine(`ReplicatedMergeTree(${DEFAULT})`, "MergeTree"));
    assert.ok(!sameTableEngine("ReplicatedMergeTree('/a', 'r')", "SharedMergeTree"));
  });

  it("of a Replicated database may be left out, and its macros written out", () => {
    const shown = "Replicated('/db/r', '{shard}', '{replica}')";
    for (const declared of [
      "Replicated('/db/r')",
      "Replicated('/db/r', '{shard}')",
      "Replicated('/db/{database}','{shard}','{replica}')",
    ])
      assert.ok(sameDatabaseEngine(shown, declared), declared);
    assert.ok(sameDatabaseEngine("Replicated('/db/r', '01', 'ch-1-1')", shown));
    assert.ok(sameDatabaseEngine("Shared", "Atomic"));
    assert.ok(!sameDatabaseEngine(shown, "Replicated('/db/s')"));
    assert.ok(!sameDatabaseEngine("Replicated('/db/r', '01', 'a')", "Replicated('/db/r', '01', 'b')"));
    assert.ok(!sameDatabaseEngine("Atomic", shown));
  });

  it("leave tables, views with inner tables and databases without a change to plan", () => {
    const cases: readonly (readonly [string, string])[] = [
      ["TABLE db.t (a UInt8) ENGINE = ReplicatedMergeTree ORDER BY a", "ReplicatedMergeTree"],
      [
        "MATERIALIZED VIEW db.v (a UInt8) ENGINE = ReplicatedMergeTree ORDER BY a AS SELECT 1 AS a",
        "ReplicatedMergeTree",
      ],
      ["DATABASE db ENGINE = Replicated('/db/x')", "Replicated('/db/x')"],
    ];
    for (const [sql, engine] of cases) {
      const declared = parseCreate(`CREATE ${sql}`);
      const shown = engine.startsWith("Replicated(")
        ? "Replicated('/db/x', '{shard}', '{replica}')"
        : `${engine}(${DEFAULT})`;
      const live = parseCreate(`CREATE ${sql.replace(engine, shown)}`);
      assert.deepEqual(diffObject(dropServerDefaults(live, declared), declared), [], sql);
      assert.notDeepEqual(diffObject(live, declared).length, 0, sql);
    }
  });

  describe("for every engine of the family and any path", () => {
    const families = {
      MergeTree: [[]],
      ReplacingMergeTree: [[], ["b"], ["b", "s"]],
      SummingMergeTree: [[], ["b"], ["(b, v)"]],
      AggregatingMergeTree: [[]],
      CollapsingMergeTree: [["s"]],
      VersionedCollapsingMergeTree: [["s", "b"]],
      CoalescingMergeTree: [[], ["(b, v)"]],
      GraphiteMergeTree: [["'graphite_rollup'"]],
    } as const;
    const macro = fc.constantFrom("{database}", "{table}", "{uuid}", "{shard}", "{replica}", "{cluster}", "{layer}");
    const literal = fc.stringMatching(/^[a-z0-9_.+$()-]{1,8}$/);
    const segment = fc.oneof(
      macro,
      literal,
      fc.tuple(literal, macro).map(([text, name]) => `${text}-${name}`),
    );
    const engine = fc.record({
      family: fc.constantFrom(...(Object.keys(families) as (keyof typeof families)[])),
      which: fc.nat(2),
      path: fc.array(segment, { minLength: 1, maxLength: 5 }).map((parts) => `/${parts.join("/")}`),
      replica: fc.oneof(fc.constant("{replica}"), segment),
      names: fc.record({
        database: fc.stringMatching(/^[a-z][a-z0-9_]{0,6}$/),
        table: fc.stringMatching(/^[a-z][a-z0-9_.]{0,6}$/),
      }),
      writesUuid: fc.boolean(),
    });
    type Engine = typeof engine extends fc.Arbitrary<infer T> ? T : never;

    const argsOf = ({ family, which }: Engine): readonly string[] =>
      families[family][which % families[family].length] ?? [];
    const expanded = (text: string, { names, writesUuid }: Engine): string =>
      text
        .replaceAll("{database}", names.database)
        .replaceAll("{table}", names.table)
        .replaceAll("{uuid}", writesUuid ? UUID : "{uuid}");
    const clause = (one: Engine, path: string, replica: string): string =>
      `Replicated${one.family}(${[`'${path}'`, `'${replica}'`, ...argsOf(one)].join(", ")})`;
    const bare = (one: Engine): string => {
      const args = argsOf(one);
      return `Replicated${one.family}${args.length > 0 ? `(${args.join(", ")})` : ""}`;
    };

    it("declared and shown are the same, with the path and without", () => {
      fc.assert(
        fc.property(engine, (one) => {
          const shown = clause(one, expanded(one.path, one), expanded(one.replica, one));
          assert.ok(sameTableEngine(shown, clause(one, one.path, one.replica)), shown);
          assert.ok(sameTableEngine(shown, bare(one)), shown);
          assert.ok(sameTableEngine(shown.replace("Replicated", "Shared"), bare(one).replace("Replicated", "")), shown);
        }),
      );
    });

    it("another path, replica, family or argument is a difference", () => {
      fc.assert(
        fc.property(engine, literal, (one, more) => {
          const shown = (path: string, replica: string): string =>
            clause(one, expanded(path, one), expanded(replica, one));
          const declared = clause(one, one.path, one.replica);
          assert.ok(!sameTableEngine(shown(`${one.path}/${more}`, one.replica), declared));
          assert.ok(!sameTableEngine(shown(`/${more}${one.path}`, one.replica), declared));
          assert.ok(!sameTableEngine(shown(one.path, `${one.replica}/${more}`), declared));
          assert.ok(!sameTableEngine(shown(one.path, one.replica).replace(/\)$/, ", zz)"), declared));
          assert.ok(!sameTableEngine(shown(one.path, one.replica).replace("Replicated", "ReplicatedOther"), declared));
        }),
      );
    });
  });
});

describe("words among the arguments of an engine", () => {
  for (const [declared, shown] of [
    ["File(CSV)", "File('CSV')"],
    ["File('CSV')", "File('CSV')"],
    ["URL('http://h/x', CSV, none)", "URL('http://h/x', 'CSV', 'none')"],
    ["ODBC('DSN=x', d, t)", "ODBC('DSN=x', 'd', 't')"],
    ["Merge(d, '^t')", "Merge('d', '^t')"],
    ["Buffer(d, t, 1, 2, 3, 4, 5, 6, 7)", "Buffer('d', 't', 1, 2, 3, 4, 5, 6, 7)"],
    // Named collections, and engines that keep their words.
    ["URL(collection, url = 'http://h/b')", "URL(collection, url = 'http://h/b')"],
    ["File(collection, format = 'CSV')", "File(collection, format = 'CSV')"],
    ["ODBC(collection)", "ODBC(collection)"],
    ["Join(ANY, LEFT, a)", "Join(ANY, LEFT, a)"],
    ["MySQL('h:1', d, t, u, '[HIDDEN]')", "MySQL('h:1', d, t, u, '[HIDDEN]')"],
    ["ReplacingMergeTree(v)", "ReplacingMergeTree(v)"],
  ] as const)
    it(`are text where servers show text: ${declared}`, () => assert.equal(withTextArguments(declared), shown));
});
