import assert from "node:assert/strict";
import { type BackfillCommandOptions, backfill, backfillCommand } from "../../provider/src/cli/backfill";
import { BackfillBench } from "../apply/backfill-bench";
import { sharedServer } from "../support/server";

const FULL = "0:10 1:10 2:10 3:10 4:10 5:10 6:10 7:10 8:10 9:10";

describe("clickhouse-schema backfill", () => {
  let bench: BackfillBench;
  let url: string;

  beforeEach(async () => {
    ({ url } = await sharedServer());
    bench = await BackfillBench.open();
    await bench.run(bench.view());
    await bench.insert(100, 5);
  });
  afterEach(() => bench.close());

  async function run(options: Partial<BackfillCommandOptions>): Promise<{ code: number; out: string; error: string }> {
    const text = { out: "", error: "" };
    const output = {
      out: (more: string) => {
        text.out += more;
      },
      error: (more: string) => {
        text.error += more;
      },
    };
    const view = [{ database: bench.database, name: "mv" }];
    return { code: await backfill({ url, view, ...options }, output), ...text };
  }

  it("fills the target and says where its rows are as they were", async () => {
    const { code, error, out } = await run({});
    assert.equal(code, 0, error);
    assert.match(
      out,
      /^Computed from 105 rows: 22 rows\. The old target is test_\w+\.hourly__old_\w+, kept until \d{4}-.*Z\.\n$/,
    );
    assert.match(error, /inserts are refused for a moment\ninserts continue\n/);
    assert.match(error, /backfill: 0% of 105 rows/);
    assert.equal(await bench.hours(), `${FULL} 10:5`);
  });

  it("prints chunks, rows, bytes and disk space in a dry run, and changes nothing", async () => {
    const names = await bench.names();
    const { code, error, out } = await run({ dryRun: true, chunk: 10 });
    assert.equal(code, 0, error);
    assert.match(out, /^test_\w+\.mv: reads test_\w+\.t, 105 rows, [\d.]+ \w+, in 11 chunks$/m);
    assert.match(out, /^Disk: up to [\d.]+ \w+ needed \(estimated from a few rows\), [\d.]+ \w+ free$/m);
    assert.match(out, /Inserts are refused twice/);
    assert.deepEqual(await bench.names(), names);
    assert.equal(await bench.hours(), "10:5");
  });

  it("says in a dry run why it would be refused", async () => {
    await bench.run("CREATE TABLE @.t2 AS @.t");
    await bench.run(bench.view("mv2", "t2"));
    const { code, error } = await run({ dryRun: true });
    assert.equal(code, 1);
    assert.match(error, /^Would be refused: .*mv2 write\(s\) to it as well/);
  });

  it("fails with the reason for a view that is not there", async () => {
    const { code, error } = await run({ view: [{ database: bench.database, name: "none" }] });
    assert.equal(code, 2);
    assert.match(error, /\.none: there is no such view/);
  });

  it("takes several views, quoted or not", async () => {
    const command = backfillCommand({ out: () => undefined, error: () => undefined }).exitOverride();
    let seen: unknown;
    command.action((options: BackfillCommandOptions) => {
      seen = options.view;
    });
    await command.parseAsync(["--view", "a.b", "`c d`.e"], { from: "user" });
    assert.deepEqual(seen, [
      { database: "a", name: "b" },
      { database: "c d", name: "e" },
    ]);
  });
});
