import assert from "node:assert/strict";
import { renderPlan, type Step } from "../../provider/src/plan";
import { parseCreate } from "../../provider/src/sql";
import { planBetween } from "./support";

describe("plan, as it is shown and allowed", () => {
  it("is nothing where nothing differs", () => {
    const table = parseCreate("CREATE TABLE p.t (a UInt8) ENGINE = MergeTree ORDER BY a");
    assert.deepEqual(planBetween(table, table), { steps: [] });
    assert.equal(renderPlan({ steps: [] }), "");
  });

  it("shows every statement with its hazards, names what is lost and what to write", () => {
    const from = parseCreate("CREATE TABLE p.t (a UInt8, name String) ENGINE = MergeTree ORDER BY a");
    const to = parseCreate(
      "CREATE TABLE p.t (a UInt8, full_name String, INDEX i a TYPE minmax) ENGINE = MergeTree ORDER BY a",
    );
    assert.equal(
      renderPlan(planBetween(from, to)),
      [
        "ALTER TABLE p.t",
        "    DROP COLUMN `name`,",
        "    ADD COLUMN `full_name` String AFTER `a`,",
        "    ADD INDEX i a TYPE minmax;",
        "-- drops-data: the values of name (String) in all rows of p.t are lost. If it becomes full_name, set " +
          'renamedFrom: "name" there, and the values stay',
        "-- metadata-only: parts written before have no index i until they merge; ALTER TABLE p.t MATERIALIZE INDEX i builds it",
      ].join("\n"),
    );
  });

  it("shows why a table is recreated", () => {
    const from = parseCreate("CREATE TABLE p.t (a UInt8, b UInt8) ENGINE = MergeTree ORDER BY a");
    const to = parseCreate("CREATE TABLE p.t (a UInt8, b UInt8) ENGINE = ReplacingMergeTree ORDER BY b");
    assert.match(
      renderPlan(planBetween(from, to)),
      /^-- rebuild p\.t, because:\n-- {3}engine MergeTree → ReplacingMergeTree\n-- copies-rows: /,
    );
  });

  it("asks to allow a rebuild where it is not proven", () => {
    const create = (key: string) =>
      parseCreate(
        `CREATE TABLE p.t (a UInt8, b UInt8) ENGINE = ReplicatedMergeTree('/x', '{replica}') ORDER BY ${key}`,
      );
    const [step] = planBetween(create("a"), create("b")).steps;
    assert.ok(step?.hazards.some(({ kind }) => kind === "unproven"));
  });

  it("changes a replicated table in place like any other", () => {
    const create = (columns: string) =>
      parseCreate(`CREATE TABLE p.t (${columns}) ENGINE = ReplicatedMergeTree('/x', '{replica}') ORDER BY a`);
    assert.deepEqual(
      planBetween(create("a UInt8"), create("a UInt8, b UInt8")).steps.map((step) => kindOf(step)),
      ["ALTER TABLE p.t ADD COLUMN `b` UInt8 AFTER `a`"],
    );
  });

  it("says what other replicas do not get, where no Replicated database hands it on", () => {
    const create = (comment: string) =>
      parseCreate(`CREATE TABLE p.t (a UInt8) ENGINE = ReplicatedMergeTree('/x', 'r') ORDER BY a${comment}`);
    const shown = (isReplicated: boolean) =>
      renderPlan(planBetween(create(""), create(" COMMENT 'x'"), { isReplicated }));
    assert.match(
      shown(false),
      /MODIFY COMMENT 'x';\n-- metadata-only: only this server gets it: replicas of p\.t share columns and rows, not/,
    );
    assert.doesNotMatch(shown(true), /only this server/);
  });

  it("tells the rebuild which columns have another name, and starts it from the new name of the table", () => {
    const from = parseCreate("CREATE TABLE p.t (a UInt8, b UInt8) ENGINE = MergeTree ORDER BY a");
    const to = parseCreate("CREATE TABLE p.t2 (k UInt8, b UInt8) ENGINE = MergeTree ORDER BY k");
    const [rename, rebuild] = planBetween(from, to, { renamedColumns: { k: "a" } }).steps;
    assert.equal(rename?.kind, "rename");
    assert.ok(rebuild?.kind === "rebuild");
    assert.deepEqual(rebuild.renamedColumns, { k: "a" });
    assert.equal(rebuild.from.name, "t2");
  });

  it("knows what the rows have to be asked before a retype", () => {
    const create = (type: string) => parseCreate(`CREATE TABLE p.t (a UInt8, b ${type}) ENGINE = MergeTree ORDER BY a`);
    const questions = (from: string, to: string) =>
      planBetween(create(from), create(to)).steps.flatMap(({ hazards }) => hazards.flatMap(({ probe }) => probe ?? []));
    assert.deepEqual(questions("UInt32", "UInt64"), []);
    const otherwise = "rewrites-parts";
    assert.deepEqual(questions("UInt32", "UInt8"), [
      { kind: "values", column: "b", from: "UInt32", to: "UInt8", otherwise },
    ]);
    assert.deepEqual(questions("Nullable(UInt8)", "UInt8"), [{ kind: "nulls", column: "b", to: "UInt8" }]);
  });

  it("refuses another engine for a database, with the way out", () => {
    const from = parseCreate("CREATE DATABASE q ENGINE = Atomic");
    assert.throws(() => planBetween(from, parseCreate("CREATE DATABASE q ENGINE = Memory")), /declare a new database/);
  });
});

function kindOf(step: Step): string {
  return step.kind === "statement" ? step.sql : step.kind;
}
