import assert from "node:assert/strict";
import type { Fleet } from "../../provider/src/apply/cluster-rebuild/fleet";
import { refuseHeldQueue } from "../../provider/src/apply/cluster-rebuild/rebuild";
import { refuseClocks, refuseVersions } from "../../provider/src/apply/cluster-rebuild/refusals";
import type { Runner } from "../../provider/src/operation/runner";
import { parseCreate } from "../../provider/src/sql/parse";
import type { TableSpec } from "../../provider/src/sql/spec";

const TABLE = parseCreate("CREATE TABLE d.t (id UInt64) ENGINE = ReplicatedMergeTree ORDER BY id") as TableSpec;

/** Hosts whose clocks are so many milliseconds ahead of ours. */
const fleetOf = (...hosts: readonly { ahead?: number; version?: string }[]): Fleet =>
  ({
    hosts: hosts.map(({ ahead = 0, version = "25.8.2.1" }, index) => ({
      name: `ch-${index + 1}`,
      runner: { now: async () => Date.now() + ahead, connection: { version } },
    })),
  }) as unknown as Fleet;

// One machine has one clock, one version and a queue that runs.
describe("a rebuild on a cluster, by what its hosts say", () => {
  it("is refused where clocks differ by more than half a second, which is told of the two hosts", async () => {
    await refuseClocks(fleetOf({ ahead: 100 }, { ahead: -100 }));
    await assert.rejects(
      refuseClocks(fleetOf({ ahead: 0 }, { ahead: 2000 }, { ahead: 700 })),
      /the clocks of ch-1 and ch-2 are (?:199\d|2000) ms apart.*Synchronise them/,
    );
  });

  it("is refused on a version on which it was not run, unless that is allowed", () => {
    const fleet = fleetOf({}, { version: "26.3.1.1" });
    assert.throws(
      () => refuseVersions(fleet, TABLE, []),
      /ch-2 has ClickHouse 26\.3\.1\.1, and on clusters this was tested/,
    );
    refuseVersions(fleet, TABLE, ["unproven"]);
    refuseVersions(fleetOf({}, { version: "24.8.4.1" }), TABLE, []);
  });

  it("is refused while the queue of ON CLUSTER is held up, with the entry and the host", async () => {
    const runnerOver = (rows: readonly object[]): Runner =>
      ({ connection: { query: async () => rows } }) as unknown as Runner;
    await refuseHeldQueue(runnerOver([]));
    await assert.rejects(
      refuseHeldQueue(runnerOver([{ entry: "query-0000000007", address: "ch-2:9000" }])),
      /held up: query-0000000007 on ch-2:9000 is not run yet/,
    );
  });
});
