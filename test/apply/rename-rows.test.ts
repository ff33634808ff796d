import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { byEffort, report, SEED } from "../support/effort";
import { sharedServer } from "../support/server";
import { type RenameRun, randomRename, VARIANTS } from "./rename-runs";

const RUNS = byEffort({ fast: 2, full: VARIANTS.length, soak: 500 });

describe("table, view or database renamed or moved: the rows, under writers and with crashes", () => {
  const open = async (): Promise<Connection> =>
    openConnection({
      url: (await sharedServer()).url,
      username: process.env["CLICKHOUSE_USER"] ?? "default",
      password: process.env["CLICKHOUSE_PASSWORD"] ?? "",
    });
  const runs: RenameRun[] = [];
  after(() => {
    const sum = (pick: (run: RenameRun) => number): number => runs.reduce((total, run) => total + pick(run), 0);
    const gates = runs.flatMap((run) => run.gates).sort((a, b) => a - b);
    const places = new Set(runs.flatMap((run) => run.diedAt.map((sql) => sql.slice(0, 60)))).size;
    report(
      `${runs.length} runs, ${sum((run) => run.ids)} rows, ${sum((run) => run.crashes)} crashes at ${places} places, ${sum((run) => Number(run.aborted))} aborted, ` +
        `${sum((run) => run.refused)} refusals; gate median ${gates[Math.floor(gates.length / 2)]} ms, max ${gates.at(-1)} ms`,
    );
  });

  for (let index = 0; index < RUNS; index += 1) {
    const variant = VARIANTS[index % VARIANTS.length];
    const seed = SEED + index;
    if (variant === undefined) continue;
    it(`lose none and double none: ${variant.name}, seed ${seed}`, async () => {
      const database = `test_${randomUUID().replaceAll("-", "").slice(0, 16)}`;
      const run = await randomRename(open, database, variant, seed);
      runs.push(run);
      const { lost, doubled, halfWay, surprises } = run;
      report({ name: variant.name, seed, ...run, diedAt: undefined });
      const none = { lost: {}, doubled: {}, halfWay: 0, surprises: [] };
      assert.deepEqual({ lost, doubled, halfWay, surprises }, none, JSON.stringify(run));
      assert.ok(run.ids > 10);
    });
  }
});
