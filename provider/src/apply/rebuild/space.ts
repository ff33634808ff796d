import { SchemaError } from "../../errors";
import { qualifiedName, quoteString, unquoteString } from "../../sql/identifiers";
import type { TableSpec } from "../../sql/spec";
import { isTable } from "../protocol/parts";
import type { Runner } from "../protocol/runner";

/** @throws {SchemaError} when the disks of the new table's policy have no room for a second copy of the rows. */
export async function requireSpace(runner: Runner, to: TableSpec, factor: number): Promise<void> {
  const { bytes } = await runner.one<{ bytes: string }>(
    `SELECT toString(sum(bytes_on_disk)) AS bytes FROM system.parts WHERE ${isTable(to, "table")} AND active`,
  );
  const declared = to.storage.settings.find(({ name }) => name === "storage_policy")?.value;
  const policy = declared === undefined ? "default" : unquoteString(declared);
  const disks = await runner.rows<{ free: string }>(
    "SELECT toString(least(free_space, unreserved_space)) AS free FROM system.disks WHERE name IN " +
      `(SELECT arrayJoin(disks) FROM system.storage_policies WHERE policy_name = ${quoteString(policy)})`,
  );
  // A disk of one's own (`SETTINGS disk = …`) belongs to no named policy; there is nothing to compare with.
  if (disks.length === 0) return;
  const free = disks.reduce((sum, disk) => sum + Number(disk.free), 0);
  const needed = Number(bytes) * factor;
  if (needed <= free) return;
  throw new SchemaError(
    `${qualifiedName(to)}: not rebuilt, because a second copy of its rows needs ${size(needed)} on the disks of policy ` +
      `${quoteString(policy)}, and ${size(free)} are free. Make room, or give the new table a storage_policy with more, and run again.`,
  );
}

function size(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}
