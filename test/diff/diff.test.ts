import assert from "node:assert/strict";
import type { Change } from "../../provider/src/diff";
import { diffObject, planObject } from "../../provider/src/kinds/object";
import { parseCreate } from "../../provider/src/sql";

const MERGETREE = "ENGINE = MergeTree ORDER BY a SETTINGS index_granularity = 8192";

function diffTables(from: string, to: string, renamedColumns: Record<string, string> = {}): Change[] {
  const create = (columns: string) => parseCreate(`CREATE TABLE p.t (${columns}) ${MERGETREE}`);
  return diffObject(create(from), create(to), { renamedColumns });
}

describe("diff", () => {
  it("gives nothing for equal specs", () => {
    assert.deepEqual(diffTables("a UInt64, b String", "a UInt64, b String"), []);
  });

  it("gives frozen data", () => {
    for (const change of diffTables("a UInt64, b String, c UInt8", "c UInt16, a UInt64 COMMENT 'x', d Date")) {
      assert.ok(Object.isFrozen(change), change.kind);
    }
  });

  it("moves as few columns as it can", () => {
    const changes = diffTables(
      "a UInt8, b UInt8, c UInt8, d UInt8, e UInt8",
      "b UInt8, c UInt8, d UInt8, a UInt8, e UInt8",
    );
    assert.deepEqual(changes, [{ kind: "column-moved", name: "a", after: "d" }]);
  });

  it("says where an added column is, and nothing for the first", () => {
    assert.deepEqual(diffTables("a UInt8", "x UInt8, a UInt8, y UInt8"), [
      { kind: "column-added", column: { name: "x", type: "UInt8" } },
      { kind: "column-added", column: { name: "y", type: "UInt8" }, after: "a" },
    ]);
  });

  it("hints at the added column of equal type that a dropped one may have become, the likest name first", () => {
    const [drop] = diffTables("a UInt8, userName String", "a UInt8, city String, user_name String, n UInt8");
    assert.ok(drop?.kind === "column-dropped");
    assert.equal(drop.looksLike, "user_name");
    const [other] = diffTables("a UInt8, userName String", "a UInt8, n UInt8");
    assert.ok(other?.kind === "column-dropped");
    assert.equal(other.looksLike, undefined);
  });

  it("renames a declared column, once", () => {
    const renamed = { c: "b" };
    assert.deepEqual(diffTables("a UInt8, b String", "a UInt8, c String", renamed), [
      { kind: "column-renamed", from: "b", to: "c", inKey: false },
    ]);
    assert.deepEqual(diffTables("a UInt8, c String", "a UInt8, c String", renamed), []);
    // The old name was taken by another column since.
    assert.deepEqual(diffTables("a UInt8, c String, b Date", "a UInt8, c String, b Date", renamed), []);
  });

  it("sees through a rename in what reads the column, also where its name needs quotes", () => {
    const from =
      "a UInt8, b String, l UInt64 DEFAULT length(b), INDEX i lower(b) TYPE minmax, CONSTRAINT k CHECK b != 'b'";
    const to =
      "a UInt8, `from` String, l UInt64 DEFAULT length(`from`), INDEX i lower(`from`) TYPE minmax, CONSTRAINT k CHECK `from` != 'b'";
    assert.deepEqual(
      diffTables(from, to, { from: "b" }).map(({ kind }) => kind),
      ["column-renamed"],
    );
  });

  it("takes (a), a and tuple(…) of a key for one", () => {
    const create = (key: string) =>
      parseCreate(`CREATE TABLE p.t (a UInt8, b UInt8) ENGINE = MergeTree ORDER BY ${key}`);
    assert.deepEqual(diffObject(create("(a)"), create("a")), []);
    assert.deepEqual(diffObject(create("(a, b)"), create("(a, b)")), []);
    assert.deepEqual(
      diffObject(create("(a, b)"), create("(b, a)")).map(({ kind }) => kind),
      ["sorting-key", "primary-key"],
    );
  });

  it("leaves the SQL security alone that a view's declaration does not mention", () => {
    const from = parseCreate("CREATE VIEW p.v DEFINER = svc SQL SECURITY DEFINER AS SELECT 1");
    assert.deepEqual(diffObject(from, parseCreate("CREATE VIEW p.v AS SELECT 1")), []);
  });

  it("refuses to compare objects of different kinds", () => {
    const table = parseCreate("CREATE TABLE p.t (a UInt8) ENGINE = Log");
    assert.throws(() => diffObject(table, parseCreate("CREATE VIEW p.t AS SELECT 1")), /table with a view/);
  });

  it("takes no longer with the plan than three times what reading both statements takes, for a table of 200 columns", () => {
    const columns = (version: number) =>
      Array.from({ length: 200 }, (_, index) => {
        const type = version > 0 && index % 5 === 1 ? "UInt64" : "UInt32";
        const byDefault = index % 7 === 3 ? ` DEFAULT c${index - 1} + ${version}` : "";
        return `c${index} ${type}${byDefault} COMMENT 'column ${index % 9 === 0 ? version : index}' CODEC(ZSTD(1))`;
      });
    const create = (version: number) =>
      parseCreate(`CREATE TABLE p.t (${columns(version).join(", ")}) ENGINE = MergeTree ORDER BY c0`);
    const [from, to] = [create(0), create(1)];
    const plan = () => planObject(from, to, diffObject(from, to));
    const read = () => [create(0), create(1)];
    for (let index = 0; index < 20; index += 1) [plan(), read()];
    const cpu = (work: () => unknown): number => {
      const start = process.cpuUsage();
      for (let index = 0; index < 10; index += 1) work();
      const { user, system } = process.cpuUsage(start);
      return user + system;
    };
    // A ratio, side by side, so that the speed of the machine does not count; the median, so that its moods do not.
    const ratios = Array.from({ length: 9 }, () => cpu(plan) / cpu(read)).sort((x, y) => x - y);
    assert.ok((ratios[4] ?? 0) < 3, ratios.map((ratio) => ratio.toFixed(2)).join(" "));
  });
});
