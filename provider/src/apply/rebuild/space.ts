import { isTable } from "../../clickhouse/catalog";
import { SchemaError } from "../../errors";
import type { Runner } from "../../operation/runner";
import { qualifiedName, quoteString, unquoteString } from "../../sql/identifiers";
import type { TableSpec } from "../../sql/spec";
import { renderBytes } from "../../util/format";

/** Space that a copy of a table needs, and space that is available. */
export interface Space {
  readonly rows: number;
  /** Size of the table on disk. */
  readonly bytes: number;
  /** Bytes of free space for the new table; undefined where the server reports no disks for its policy. */
  readonly free: number | undefined;
  /** Names of the disks of the new table's policy. */
  readonly disks: readonly string[];
  readonly policy: string;
}

/** Looks up the size of a table, and the free space on the disks of the new table's policy. Two queries. */
export async function spaceFor(runner: Runner, to: TableSpec): Promise<Space> {
  const { rows, bytes } = await runner.one<{ rows: string; bytes: string }>(
    `SELECT toString(sum(rows)) AS rows, toString(sum(bytes_on_disk)) AS bytes FROM system.parts WHERE ${isTable(to, "table")} AND active`,
  );
  const declared = to.storage.settings.find(({ name }) => name === "storage_policy")?.value;
  const policy = declared === undefined ? "default" : unquoteString(declared);
  const disks = await runner.rows<{ name: string; free: string }>(
    "SELECT name, toString(least(free_space, unreserved_space)) AS free FROM system.disks WHERE name IN " +
      `(SELECT arrayJoin(disks) FROM system.storage_policies WHERE policy_name = ${quoteString(policy)}) ORDER BY name`,
  );
  // A disk defined on the table (`SETTINGS disk = …`) belongs to no named policy; there is nothing to compare with.
  const free = disks.length === 0 ? undefined : disks.reduce((sum, disk) => sum + Number(disk.free), 0);
  return { rows: Number(rows), bytes: Number(bytes), free, disks: disks.map(({ name }) => name), policy };
}

/** What the space is needed for, in a message. */
const REBUILT = "not rebuilt, because a second copy of its rows needs";

/**
 * @param factor see `spaceFactor`.
 * @param what starts the message: what is not done, and that it needs.
 * @throws {SchemaError} when the disks have no room for the rows.
 */
export function refuseSpace(to: TableSpec, { bytes, disks, free, policy }: Space, factor = 1.1, what = REBUILT): void {
  const needed = bytes * factor;
  if (free === undefined || needed <= free) return;
  throw new SchemaError(
    "no-space",
    `${qualifiedName(to)}: ${what} ${renderBytes(needed)}, and ${renderBytes(free)} is free on ` +
      `${disks.length === 1 ? "disk" : "disks"} ${disks.map(quoteString).join(", ")} of policy ${quoteString(policy)}. ` +
      "Free some space (old tables that are kept for a while can be dropped first), or give the new table a storage_policy with more, and run again.",
  );
}

/** Combines {@link spaceFor} and {@link refuseSpace}. */
export async function requireSpace(runner: Runner, to: TableSpec, factor?: number): Promise<void> {
  refuseSpace(to, await spaceFor(runner, to), factor);
}
