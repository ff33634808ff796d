import { keyOf, quotedName } from "../../sql/object-key";
import type { StorageSpec } from "../../sql/spec";
import type { Report, Rule } from "../finding";
import { engineOf, isMergeTree } from "../storage";
import type { Subject } from "../subject";

export const deduplicationWithViews: Rule = {
  id: "deduplication-with-views",
  severity: "warning",
  summary: "Of a view's source and target only one drops inserts that are repeated.",
  why:
    "Replicated tables, and others with non_replicated_deduplication_window, drop a block that is inserted " +
    "twice. If only the source does, a retried " +
    "insert reaches the view again and is counted twice; if only the target does, two equal inserts are both " +
    "stored but counted once.",
  *check(subject: Subject): Iterable<Report> {
    const { incremental, source, layout } = subject;
    if (!incremental || source?.kind !== "table" || !layout) return;
    if (!isMergeTree(source.storage) || !isMergeTree(layout.storage)) return;
    const [first, second] = [deduplicates(source.storage), deduplicates(layout.storage)];
    if (first === second) return;
    const name = quotedName(keyOf(source));
    const at = subject.atName();
    yield {
      message: first
        ? `${name} drops repeated inserts, ${layout.name} does not.`
        : `${layout.name} drops repeated inserts, ${name} does not.`,
      why: first
        ? "A retried insert is stored once and counted twice."
        : "Two inserts of equal rows are both stored, and counted once.",
      fix: "Give both the same: Replicated engines, or one non_replicated_deduplication_window on both, or 0 on both.",
      ...(at && { at }),
    };
  },
};

function deduplicates(storage: StorageSpec): boolean {
  const { replicated } = engineOf(storage);
  const setting = replicated ? "replicated_deduplication_window" : "non_replicated_deduplication_window";
  const value = storage.settings.find(({ name }) => name === setting)?.value;
  return value === undefined ? replicated : Number(value) > 0;
}
