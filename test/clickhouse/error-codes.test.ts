import assert from "node:assert/strict";
import { ERROR_CODES } from "../../provider/src/clickhouse/error-codes";
import { Bench } from "../plan/support";

describe("error codes", () => {
  it("are the engine's own numbers", async () => {
    const bench = await Bench.open();
    const rows = await bench.engine.query<{ name: string; code: string }>(
      "SELECT errorCodeToName(number) AS name, number AS code FROM numbers(1100)",
    );
    await bench.close();
    const codes = new Map(rows.map(({ name, code }) => [name, Number(code)]));
    assert.deepEqual(
      Object.entries(ERROR_CODES).filter(([name, code]) => codes.get(name) !== code),
      [],
    );
  });
});
