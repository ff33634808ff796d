import assert from "node:assert/strict";
import fc from "fast-check";
import { declareTable } from "../../provider/src/declare/table";
import {
  defineLevel,
  defineRollup,
  type Feed,
  levelTtl,
  renderFill,
  renderLevelFill,
  renderLevelTarget,
  renderTarget,
  type Target,
} from "../../provider/src/rollup";
import { parseCreate } from "../../provider/src/sql/parse";
import { renderCreate } from "../../provider/src/sql/render";
import { runRandom } from "../../provider/src/testing/random";
import { BASE, type Case, cases } from "../rollup/random-rollup";
import { byEffort, EFFORT, report, SEED } from "../support/effort";
import { bedOf } from "./support";

/** Rollups that are tried. */
const RUNS = byEffort({ fast: 3, full: 20, soak: 5000 });
/** What random rows cannot tell of a rollup that is right. */
const NOTHING_CAME = /none of the random rows came through/;

describe("random rows for any rollup", function () {
  this.timeout(Math.max(240_000, RUNS * 10_000));

  it("find nothing wrong on any level, whatever the seed", async () => {
    const counts = { targets: 0, rows: 0, untested: 0 };
    const property = fc.asyncProperty(cases, fc.nat(1e6), async (one, seed) => {
      const bed = await bedOf(...statementsOf(one));
      try {
        const results = await runRandom(bed, { seed, rows: 120 });
        assert.equal(results.length, 1 + one.levels.length);
        for (const { differences, reason = "", rows, status, target } of results) {
          assert.notEqual(status, "failed", `${target}: ${JSON.stringify(differences[0])}`);
          if (status === "not-tested") assert.match(reason, NOTHING_CAME, target);
          counts.targets += 1;
          counts.rows += rows;
          counts.untested += status === "not-tested" ? 1 : 0;
        }
      } finally {
        await bed.close();
      }
    });
    await fc.assert(property, { numRuns: RUNS, seed: SEED, endOnFailure: EFFORT !== "soak" });
    report(counts);
    assert.ok(counts.rows > counts.targets && counts.untested * 2 < counts.targets, JSON.stringify(counts));
  });
});

function statementsOf(one: Case): string[] {
  const tables = one.twoSources ? ["r.base", "r.`other base`"] : ["r.base"];
  const rollup = defineRollup(one.shape);
  const creates = tables.map((name) => `CREATE TABLE ${name} ${BASE}`);
  const feeds = tables.map((name, index): Feed => {
    const table = parseCreate(creates[index] ?? "");
    assert.ok(table.kind === "table");
    return { rollup, source: { name, table } };
  });
  const statements = ["CREATE DATABASE r", ...creates, targetOf("t0", renderTarget(feeds))];
  for (const [index, feed] of feeds.entries())
    statements.push(`CREATE MATERIALIZED VIEW r.v0_${index} TO r.t0 AS ${renderFill(feed)}`);
  let below = rollup;
  for (const [index, every] of one.levels.entries()) {
    const level = defineLevel(below, { every }, `cascade[${index}]`);
    const source = { name: `r.t${index}` };
    const ttl = levelTtl(level, rollup, feeds[0]?.source.table, "r.base");
    statements.push(targetOf(`t${index + 1}`, renderLevelTarget(level, source, ttl)));
    statements.push(
      `CREATE MATERIALIZED VIEW r.v${index + 1} TO r.t${index + 1} AS ${renderLevelFill(level, source, ttl)}`,
    );
    below = level;
  }
  return statements;
}

function targetOf(name: string, { columnsFrom, orderBy, partitionBy, ttl }: Target): string {
  const storage = { engine: "AggregatingMergeTree", orderBy, partitionBy, settings: { allow_nullable_key: 1 } };
  const args = { ...storage, columnsFrom, ...(ttl !== undefined && { ttl }) };
  return renderCreate(declareTable({ database: "r", name }, args));
}
