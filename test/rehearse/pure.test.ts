import assert from "node:assert/strict";
import * as fc from "fast-check";
import { actsOf } from "../../provider/src/rehearse/acts";
import { concernedBy, incrementalViews, rootsOf } from "../../provider/src/rehearse/concerned";
import { extrapolateBytes, extrapolateSeconds } from "../../provider/src/rehearse/extrapolate";
import type { Reading } from "../../provider/src/rehearse/observe";
import { compareReadings } from "../../provider/src/rehearse/readers";
import { withoutRows } from "../../provider/src/rehearse/said";
import { chunksOf, windowsOf } from "../../provider/src/rehearse/sampling";
import { readPreview } from "../../provider/src/report";
import { keyOf } from "../../provider/src/sql/object-key";
import { withoutCluster } from "../../provider/src/sql/on-cluster";
import { parseCreate } from "../../provider/src/sql/parse";
import { byEffort, SEED } from "../support/effort";
import { type Change, previewOf } from "./support";

const RUNS = { numRuns: byEffort({ fast: 50, full: 300, soak: 5000 }), seed: SEED };

const TABLE = "CREATE TABLE d.t (a UInt64, b String) ENGINE = MergeTree ORDER BY a";
const TARGET = "CREATE TABLE d.sums (a UInt64, n UInt64) ENGINE = SummingMergeTree ORDER BY a";
const MV = "CREATE MATERIALIZED VIEW d.mv TO d.sums AS SELECT a, count() AS n FROM d.t GROUP BY a";
const READ = "CREATE VIEW d.r AS SELECT a, sum(n) AS n FROM d.sums GROUP BY a";
const OTHER = "CREATE TABLE d.other (x UInt8) ENGINE = MergeTree ORDER BY x";

const objects = (...sql: readonly string[]) =>
  new Map(sql.map(parseCreate).map((spec) => [keyOf(spec), spec] as const));
const names = (keys: Iterable<string>): string[] => [...keys].map((key) => key.split("\0")[1] ?? "").sort();

describe("a rehearsal", () => {
  describe("reads a large table in windows", () => {
    const tables = fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 30 });

    it("that are in its parts, do not overlap, and have nearly as many rows as are wanted", () => {
      fc.assert(
        fc.property(tables, fc.integer({ min: 1, max: 20_000 }), (sizes, wanted) => {
          const parts = sizes.map((rows, at) => ({ name: `p${at}`, rows }));
          const total = sizes.reduce((sum, rows) => sum + rows, 0);
          const windows = windowsOf(parts, wanted);
          assert.equal(windows === undefined, total <= wanted);
          if (windows === undefined) return;
          const seen = new Map<string, [number, number][]>();
          for (const { from, part, to } of windows) {
            const rows = parts.find(({ name }) => name === part)?.rows ?? 0;
            assert.ok(0 <= from && from < to && to <= rows, `${part} ${from}-${to} of ${rows}`);
            const others = seen.get(part) ?? [];
            assert.ok(others.every(([begin, end]) => to <= begin || end <= from));
            seen.set(part, [...others, [from, to]]);
          }
          const read = windows.reduce((sum, { from, to }) => sum + to - from, 0);
          assert.ok(read <= wanted && read > wanted - 32, `${read} of ${wanted}`);
        }),
        RUNS,
      );
    });

    it("so that its old and its new rows are met", () => {
      const windows =
        windowsOf(
          [
            { name: "old", rows: 1_000_000 },
            { name: "new", rows: 1_000_000 },
          ],
          10_000,
        ) ?? [];
      assert.equal(windows.length, 32);
      assert.equal(windows.filter(({ part }) => part === "old").length, 16);
    });

    it("and inserts every row once, in statements that are not too long", () => {
      fc.assert(
        fc.property(fc.array(fc.string({ maxLength: 20 })), fc.integer({ min: 1, max: 50 }), (rows, longest) => {
          const chunks = chunksOf(rows, longest);
          assert.equal(chunks.join(""), rows.join(""));
          assert.ok(chunks.every((chunk) => chunk.length <= Math.max(longest, 20)));
        }),
        RUNS,
      );
    });
  });

  describe("plays a preview", () => {
    const acts = (preview: string, ...live: readonly string[]) =>
      actsOf(readPreview(preview), { objects: objects(...live) });

    it("in the order of its rows, and what is removed last", () => {
      const played = acts(
        previewOf(
          { before: READ },
          { after: OTHER },
          { before: TABLE, after: TABLE.replace("String", "String, c UInt8") },
        ),
      );
      assert.deepEqual(
        played.map(({ name, op }) => [name, op]),
        [
          ["d.other", "create"],
          ["d.t", "update"],
          ["d.r", "delete"],
        ],
      );
      assert.deepEqual(
        played[1]?.steps.map(({ run }) => run),
        [{ kind: "statements", statements: ["ALTER TABLE d.t ADD COLUMN `c` UInt8 AFTER `b`"] }],
      );
    });

    it("with the operations behind its comments", () => {
      const [act] = acts(previewOf({ before: TABLE, after: TABLE.replace("ORDER BY a", "ORDER BY b") }), TABLE);
      const [run] = act?.steps.map((step) => step.run) ?? [];
      assert.equal(run?.kind === "protocol" && run.step.kind, "rebuild");
    });

    it("but not what is secret, or known only later", () => {
      const step = (statement: string) =>
        JSON.stringify({
          steps: [
            {
              op: "create",
              urn: "urn:pulumi:test::test::pulumi-nodejs:dynamic/clickhouse:Table::t",
              newState: { inputs: { database: "d", name: "t", statement } },
            },
          ],
        });
      for (const statement of ["[secret]", "04da6b54-80e4-46f7-96ec-b56ff0331ba9"]) {
        const [run] = acts(step(statement))[0]?.steps.map((one) => one.run) ?? [];
        assert.equal(run?.kind, "unplayable", statement);
      }
    });

    it("without the clause for a cluster", () => {
      const cases = {
        "ALTER TABLE d.t ON CLUSTER `c` ADD COLUMN IF NOT EXISTS a UInt8":
          "ALTER TABLE d.t ADD COLUMN IF NOT EXISTS a UInt8",
        "CREATE OR REPLACE VIEW d.v ON CLUSTER c AS SELECT 1": "CREATE OR REPLACE VIEW d.v AS SELECT 1",
        "RENAME TABLE d.a TO d.b ON CLUSTER `c`": "RENAME TABLE d.a TO d.b",
        "DROP TABLE IF EXISTS d.t ON CLUSTER '{cluster}' SYNC": "DROP TABLE IF EXISTS d.t SYNC",
        "CREATE VIEW d.v AS SELECT * FROM a JOIN b ON cluster = x":
          "CREATE VIEW d.v AS SELECT * FROM a JOIN b ON cluster = x",
      };
      for (const [sql, plain] of Object.entries(cases)) assert.equal(withoutCluster(sql), plain);
    });
  });

  describe("concerns", () => {
    const all = objects(TABLE, TARGET, MV, READ, OTHER);
    const concerned = (...changes: readonly Change[]) => {
      const found = concernedBy(actsOf(readPreview(previewOf(...changes)), { objects: all }), all);
      return { objects: names(found.objects.keys()), downstream: names(found.downstream) };
    };

    it("what is changed, who reads it and gets its rows, and nothing else", () => {
      assert.deepEqual(concerned({ before: TABLE, after: TABLE.replace("String", "UInt8") }), {
        objects: ["mv", "r", "sums", "t"],
        downstream: ["mv", "r", "sums", "t"],
      });
    });

    it("what a changed object reads, and the views that write to it", () => {
      assert.deepEqual(concerned({ before: READ, after: READ.replace("sum(n)", "max(n)") }), {
        objects: ["r", "sums"],
        downstream: ["r"],
      });
      assert.deepEqual(concerned({ before: TARGET, after: TARGET.replace("n UInt64", "n UInt32") }).objects, [
        "mv",
        "r",
        "sums",
        "t",
      ]);
    });

    it("what a new view reads, and who reads what it writes", () => {
      const found = concerned({ after: MV.replace("d.mv", "d.second") });
      assert.deepEqual(found, { objects: ["r", "sums", "t"], downstream: ["r", "second", "sums"] });
    });

    it("for inserts, only tables that no other insert fills", () => {
      const second = "CREATE MATERIALIZED VIEW d.mv2 TO d.other AS SELECT toUInt8(n) AS x FROM d.sums";
      const views = incrementalViews(objects(MV, second).values());
      const roots = (...sampled: readonly string[]) =>
        names(rootsOf(views, new Set(sampled.map((name) => `d\0${name}`))));
      assert.deepEqual(roots("t", "sums", "other"), ["t"]);
      // Nobody knows what comes from a queue.
      assert.deepEqual(roots("sums", "other"), ["sums"]);
    });
  });

  describe("compares what readers return", () => {
    const reading = (
      rows: readonly object[],
      types: Readonly<Record<string, string>> = { k: "UInt8", v: "String" },
    ): Reading => ({
      key: "d\0r",
      what: "view",
      columns: Object.entries(types).map(([name, type]) => ({ name, type })),
      rows: rows as never,
      count: rows.length,
    });
    const only = (before: Reading, after: Reading) => {
      const [found] = compareReadings([before], [after]);
      assert.ok(found);
      return found;
    };

    it("in any order, and equal rows as often as they are there", () => {
      const row = fc.record({ k: fc.integer({ min: 0, max: 3 }), v: fc.constantFrom("x", "y") });
      fc.assert(
        fc.property(
          fc.array(row, { maxLength: 30 }),
          fc.array(row, { maxLength: 5 }),
          fc.integer(),
          (rows, more, turn) => {
            const at = rows.length === 0 ? 0 : Math.abs(turn) % rows.length;
            const turned = [...rows.slice(at), ...rows.slice(0, at)];
            assert.equal(only(reading(rows), reading(turned)).status, "same");
            const grown = only(reading(rows), reading([...more, ...turned]));
            assert.deepEqual([grown.lost, grown.gained], [0, more.length]);
            const shrunk = only(reading([...more, ...rows]), reading(turned));
            assert.deepEqual([shrunk.lost, shrunk.gained], [more.length, 0]);
          },
        ),
        RUNS,
      );
    });

    it("and says in which columns rows differ, however many they are", () => {
      for (const count of [3, 5000]) {
        const rows = Array.from({ length: count }, (_, k) => ({ k, v: `v${k}` }));
        const other = rows.map((row) => (row.k === 1 ? { ...row, v: "" } : row));
        const { gained, lost, values } = only(reading(rows), reading(other));
        assert.deepEqual([lost, gained, values], [1, 1, [{ column: "v", rows: 1 }]]);
      }
      const many = Array.from({ length: 5000 }, (_, k) => ({ k, v: "a" }));
      const { values } = only(reading(many), reading(many.map((row) => ({ ...row, v: "b" }))));
      assert.deepEqual(values, [{ column: "v", rows: 5000 }]);
    });

    it("and takes values for equal that another type only spells in another way", () => {
      const cases: readonly [unknown, unknown][] = [
        [1, "1"],
        ["1.50", 1.5],
        [true, 1],
        ["2026-01-01", "2026-01-01 00:00:00"],
        ["2026-01-01 10:00:00", "2026-01-01 10:00:00.000"],
        [["1"], [1]],
      ];
      for (const [v, w] of cases) {
        const found = only(reading([{ k: 1, v }]), reading([{ k: 1, v: w }], { k: "UInt8", v: "Other" }));
        assert.deepEqual([found.status, found.lost, found.columns.retyped.length], ["differs", 0, 1], `${v} ${w}`);
      }
      assert.equal(only(reading([{ k: 1, v: "1.0" }]), reading([{ k: 1, v: "1" }])).lost, 1);
    });
  });

  it("extrapolates what grows with the rows, and not the rest", () => {
    const positive = fc.double({ min: 0.1, max: 1000, noNaN: true });
    fc.assert(
      fc.property(positive, positive, fc.integer({ min: 1, max: 1000 }), (fixed, slope, times) => {
        const at = (raw: number) => ({ raw, seconds: fixed + slope * raw });
        const seconds = extrapolateSeconds(at(0), at(1), { raw: times, bytes: 1 });
        const expected = at(times).seconds;
        assert.ok(Math.abs(seconds - expected) <= 1e-6 * expected, `${seconds} ${expected}`);
      }),
      RUNS,
    );
    // Without rows it took longer: nothing is known to grow.
    assert.equal(extrapolateSeconds({ raw: 0, seconds: 2 }, { raw: 1, seconds: 1 }, { raw: 1e9, bytes: 1 }), 2);
    assert.equal(extrapolateBytes({ before: 100, after: 150 }, { raw: 0, bytes: 1000 }), 1500);
    assert.equal(extrapolateBytes({ before: 0, after: 0 }, { raw: 0, bytes: 1000 }), 1000);
  });

  it("prints no words of the engine that may quote a row", () => {
    const secret = "Cannot parse uuid hunter2: Cannot parse UUID from String (CANNOT_PARSE_UUID)";
    assert.match(withoutRows({ code: 376, message: secret }).message, /^CANNOT_PARSE_UUID \(code 376\); --show-values/);
    const schema = { code: 47, message: "Unknown expression identifier `x` (UNKNOWN_IDENTIFIER)" };
    assert.deepEqual(withoutRows(schema), schema);
  });
});
