import { keyOf, quotedName } from "../../sql/object-key";
import type { Report, Rule } from "../finding";
import { deletesRows, isMergeTree } from "../storage";
import type { Subject } from "../subject";

export const missingTtl: Rule = {
  id: "missing-ttl",
  severity: "warning",
  summary: "The source of a view deletes old rows by TTL, the view's target keeps them forever.",
  why:
    "A TTL is not inherited: the target of a view, or its inner table, has its own or none. Without one it " +
    "grows without end, and keeps what the " +
    "source's retention promised to delete.",
  *check(subject: Subject): Iterable<Report> {
    const { spec, layout, source } = subject;
    if (spec.kind !== "materializedView" || (spec.refresh !== undefined && !spec.refresh.includes("APPEND"))) return;
    if (!layout || !isMergeTree(layout.storage) || deletesRows(layout.storage.ttl)) return;
    if (source?.kind !== "table" || !deletesRows(source.storage.ttl)) return;
    const at = spec.to ? subject.atName() : (subject.atClause("ORDER BY") ?? subject.atName());
    yield {
      message: `${quotedName(keyOf(source))} has a TTL (${source.storage.ttl}), ${layout.name} has none.`,
      why: "A TTL is not inherited: what the view stores stays forever.",
      fix: "Give it a TTL of its own, on its time column, as long as the rollup shall be kept.",
      ...(at && { at }),
    };
  },
};
