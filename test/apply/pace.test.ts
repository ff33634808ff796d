import assert from "node:assert/strict";
import fc from "fast-check";
import { interruptible, tellRebuild } from "../../provider/src/apply/progress";
import { describeFar, Pace, paced, secondsBetweenLines } from "../../provider/src/operation/pace";
import { Reading, tellReading } from "../../provider/src/verify/progress";

describe("progress", () => {
  it("never runs backwards, and fits into 60 characters, whatever is counted", () => {
    const counts = fc.array(fc.tuple(fc.nat(2 ** 31 - 1), fc.nat(2 ** 31 - 1), fc.nat(100_000)), { minLength: 1 });
    fc.assert(
      fc.property(counts, fc.integer({ min: 1, max: 100_000 }), (looks, scale) => {
        let now = 0;
        let before = { rows: 0, total: 0 };
        const pace = new Pace(() => now);
        for (const [rows, total, milliseconds] of looks) {
          now += milliseconds;
          const far = pace.at(rows * scale, total * scale);
          assert.ok(far.rows >= before.rows && far.total >= far.rows);
          assert.ok(far.rowsPerSecond >= 0 && (far.secondsLeft ?? 0) >= 0);
          assert.ok(describeFar(far).length <= 60, describeFar(far));
          before = far;
        }
      }),
    );
  });

  it("says first how far it is, then the time left and the rate", () => {
    let now = 0;
    const pace = new Pace(() => now);
    assert.equal(describeFar(pace.at(0, 10_500_000)), "0% of 10.5M rows");
    now = 4000;
    assert.equal(describeFar(pace.at(4_305_000, 10_500_000)), "41% of 10.5M rows, 6 s left, 1.1M rows/s");
    assert.equal(describeFar(pace.at(1_000_000, 10_500_000)), "41% of 10.5M rows, 6 s left, 1.1M rows/s");
    now = 100_000;
    assert.equal(describeFar(pace.at(10_500_000, 10_500_000)), "100% of 10.5M rows, 0 s left, 105k rows/s");
    assert.equal(describeFar(pace.end(10_000_000)), "100% of 10.0M rows, 0 s left, 100k rows/s");
  });

  it("is a line every ten seconds in a CI's log, and steps at once", () => {
    let now = 0;
    const lines: string[] = [];
    const tell = paced(
      (line) => lines.push(`${now / 1000} ${line}`),
      secondsBetweenLines({ CI: "true" }),
      () => now,
    );
    tell("prepare", "prepare");
    for (; now <= 25_000; now += 1000) tell("copy", `copy ${now}`);
    tell("verify", "verify");
    assert.deepEqual(lines, ["0 prepare", "0 copy 0", "10 copy 10000", "20 copy 20000", "26 verify"]);
    assert.deepEqual(
      [secondsBetweenLines({}), secondsBetweenLines({}, false), secondsBetweenLines({ CI: "0" })],
      [1, 10, 1],
    );
  });

  it("of a rebuild is its step, and rows while they are copied", () => {
    const lines: string[] = [];
    const tell = tellRebuild((line) => lines.push(line), 0);
    const far = { mode: "online", rows: 5, total: 10, rowsPerSecond: 0, secondsLeft: undefined } as const;
    for (const step of ["prepare", "copy", "exchange"] as const) tell({ step, ...far });
    tell({ step: "copy", ...far, mode: "offline" });
    assert.deepEqual(lines, [
      "rebuild: prepare",
      "rebuild: 50% of 10 rows",
      "rebuild: exchange",
      "rebuild (offline): 50% of 10 rows",
    ]);
  });

  it("of a comparison is the window, and the rows that it has read once it takes long; they never become fewer", () => {
    let now = 0;
    const lines: string[] = [];
    const tell = tellReading(
      (line) => lines.push(line),
      10,
      () => now,
    );
    const reading = new Reading();
    const look = (window: number, windows: number, rows: number, at: number): void => {
      now = at * 1000;
      tell({ target: `shop.t${windows}`, window, windows, read: reading.at(rows) });
    };
    look(1, 2, 0, 0);
    look(1, 2, 4_000_000, 5);
    look(1, 2, 9_000_000, 15);
    look(2, 2, 0, 20);
    look(2, 2, 3_000_000, 31);
    look(1, 1, 0, 40);
    look(1, 1, 5_000, 49);
    assert.deepEqual(lines, [
      "shop.t2: window 1 of 2",
      "shop.t2: window 1 of 2, 9.0M rows read, 600k rows/s",
      "shop.t2: window 2 of 2, 9.0M rows read, 450k rows/s",
      "shop.t2: window 2 of 2, 12.0M rows read, 387k rows/s",
    ]);
    fc.assert(
      fc.property(fc.array(fc.nat()), (counts) => {
        const all = new Reading();
        const seen = counts.map((rows) => all.at(rows));
        assert.deepEqual(
          seen,
          [...seen].sort((a, b) => a - b),
        );
      }),
    );
  });

  it("of many rows says once what Ctrl-C does, because Pulumi does not pass on the first one", () => {
    const said: string[] = [];
    const warn = interruptible((message) => said.push(message));
    for (const total of [999, 1_000_000, 2_000_000]) warn({ total });
    assert.deepEqual(said, [
      "1,000,000 rows: the first Ctrl-C lets it finish; a second one stops it, and the next `pulumi up` resumes where it was.",
    ]);
  });
});
