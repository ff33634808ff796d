import { unquoteIdentifier } from "../../sql/identifiers";
import type { Report, Rule } from "../finding";
import { columnsOf, engineOf } from "../storage";
import type { Subject } from "../subject";

export const versionAcrossPartitions: Rule = {
  id: "version-across-partitions",
  severity: "warning",
  summary: "A ReplacingMergeTree is partitioned by a column that can differ between versions of a row.",
  why:
    "Parts merge within a partition. A newer version that falls into another partition never replaces the old row, " +
    "however often parts merge; FINAL still does, unless do_not_merge_across_partitions_select_final is set.",
  *check(subject: Subject): Iterable<Report> {
    const { layout } = subject;
    if (!layout?.own) return;
    const { name, args } = engineOf(layout.storage);
    if (!/^(?:Replacing|VersionedCollapsing|Coalescing)MergeTree$/.test(name)) return;
    const keys = new Set(columnsOf(layout.storage.orderBy));
    const loose = columnsOf(layout.storage.partitionBy).filter((column) => !keys.has(column));
    const versions = args.map((arg) => unquoteIdentifier(arg.trim()));
    const version = loose.find((column) => versions.includes(column));
    const column = version ?? loose[0];
    if (column === undefined) return;
    const at = subject.atClause("PARTITION BY");
    yield {
      message:
        version === undefined
          ? `${layout.name} is a ${name} and is partitioned by \`${column}\`, which is not in its sorting key.`
          : `${layout.name} is a ${name} and is partitioned by its version \`${column}\`.`,
      why:
        version === undefined
          ? `Rows of one key are replaced only while \`${column}\` gives the same partition for all of them.`
          : "A newer version that falls into another partition never replaces the old row.",
      fix: "Partition by what stays the same for a key, such as its time of creation, or not at all.",
      // Often the creation time, which never changes; nothing in the schema says so.
      ...(version === undefined && { severity: "info" as const }),
      ...(at && { at }),
    };
  },
};
