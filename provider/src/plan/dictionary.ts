import type { Change } from "../diff/changes";
import { qualifiedName } from "../sql/identifiers";
import { renderDictionary } from "../sql/render/dictionary";
import type { DictionarySpec } from "../sql/spec";
import { hazard } from "./hazards";
import type { Hazard, Statement } from "./plan";

/**
 * CREATE OR REPLACE, also for a comment: after MODIFY COMMENT, the next CREATE OR REPLACE of a dictionary that a table's default uses answers
 * 630 although it has replaced it.
 */
export function planDictionary(to: DictionarySpec, changes: readonly Change[]): Statement[] {
  const sql = renderDictionary(to).replace(/^CREATE /, "CREATE OR REPLACE ");
  const broken = changes.flatMap((change) => brokenBy(change, qualifiedName(to)));
  const reload = hazard("metadata-only", "it is reloaded when it is next read; until then readers wait for its source");
  return [Object.freeze({ kind: "statement" as const, sql, hazards: broken.length > 0 ? broken : [reload] })];
}

function brokenBy(change: Change, label: string): Hazard[] {
  if (change.kind === "column-dropped")
    return [hazard("breaks-reader", `what reads ${change.column.name} of ${label} fails from now on`)];
  if (change.kind === "column-retyped")
    return [hazard("breaks-reader", `${change.name} of ${label} is ${change.to} from now on, it was ${change.from}`)];
  return change.kind === "primary-key"
    ? [hazard("breaks-reader", `what reads ${label} by the old key fails from now on`)]
    : [];
}
