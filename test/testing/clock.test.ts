import assert from "node:assert/strict";
import type { Connection } from "../../provider/src/connection/connection";
import { openScratch } from "../../provider/src/connection/scratch";
import { asksClock, atMoment, readMoment } from "../../provider/src/testing/clock";

const MOMENT = Date.UTC(2026, 2, 1, 23, 30, 5, 250);

describe("the clock of a test", () => {
  let engine: Connection;
  before(async () => {
    engine = await openScratch();
    await engine.command("SET session_timezone = 'UTC'");
  });
  after(() => engine.close());

  const CALLS: readonly [call: string, value: string][] = [
    ["now()", "2026-03-01 23:30:05"],
    ["NOW('Europe/Berlin')", "2026-03-02 00:30:05"],
    ["current_timestamp()", "2026-03-01 23:30:05"],
    ["nowInBlock()", "2026-03-01 23:30:05"],
    ["UTCTimestamp()", "2026-03-01 23:30:05"],
    ["now64()", "2026-03-01 23:30:05.250"],
    ["now64(6)", "2026-03-01 23:30:05.250000"],
    ["now64(9, 'Asia/Tokyo')", "2026-03-02 08:30:05.250000000"],
    ["now64(0)", "2026-03-01 23:30:05"],
    ["today()", "2026-03-01"],
    ["curdate()", "2026-03-01"],
    ["yesterday()", "2026-02-28"],
    ["toStartOfHour(now('UTC')) - INTERVAL 2 HOUR", "2026-03-01 21:00:00"],
  ];

  for (const [call, value] of CALLS) {
    it(`${call} is a constant of the same type`, async () => {
      const fixed = atMoment(call, MOMENT);
      assert.ok(asksClock(call) && !asksClock(fixed), fixed);
      const [row] = await engine.query(
        `SELECT toString(${fixed}) AS value, toTypeName(${fixed}) AS type, toTypeName(${call}) AS own`,
      );
      const { own, type, ...rest } = row as { value: string; type: string; own: string };
      assert.deepEqual([rest.value, type], [value, own]);
    });
  }

  it("leaves names, texts and comments alone", () => {
    const sql = "SELECT now, t.now(1), 'now()' AS `today()` /* now() */ FROM d.today -- today()";
    assert.equal(atMoment(sql, MOMENT), sql);
  });

  it("stands in arguments of a call of the clock, too", () => {
    assert.equal(asksClock(atMoment("dateDiff('day', today(), now64(3, concat('U', 'TC')))", MOMENT)), false);
  });

  it("is read as UTC unless it says otherwise; what is no moment is none", () => {
    const noon = Date.UTC(2026, 2, 1, 12);
    for (const text of ["2026-03-01 12:00:00", "2026-03-01T12:00:00Z", "2026-03-01 12:00", "2026-03-01T14:00:00+02:00"])
      assert.equal(readMoment(text), noon, text);
    assert.equal(readMoment("2026-03-01"), Date.UTC(2026, 2, 1));
    for (const text of ["", "tomorrow", "2026-13-01", "12:00:00", "2026-03-01 12:00:00 PM"])
      assert.equal(readMoment(text), undefined, text);
  });
});
