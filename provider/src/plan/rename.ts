import type { ObjectName } from "../diff/changes";
import { qualifiedName, quoteIdentifier } from "../sql/identifiers";
import type { ObjectSpec } from "../sql/spec";
import { hazard } from "./hazards";
import type { Hazard, RenameStep } from "./plan";

/** RENAME of an object; everything that names it is updated in the same step. */
export function planRename(object: ObjectSpec, from: ObjectName, to: ObjectName): RenameStep[] {
  const [old, wanted] = [written(from), written(to)];
  const what = "database" in object ? "TABLE" : "DATABASE";
  const step: RenameStep = {
    kind: "rename",
    object: object.kind,
    from,
    to,
    sql: `RENAME ${what} ${old} TO ${wanted}`,
    hazards: hazardsOf(object, old),
  };
  return [Object.freeze(step)];
}

function hazardsOf(object: ObjectSpec, old: string): Hazard[] {
  const readers = `clients' queries that name ${old} fail from now on; views, dictionaries and defaults that name it are re-pointed`;
  return [hazard("breaks-reader", readers), hazard("breaks-reader", refusal(object))];
}

/** While a view's names are out of date, rows would bypass it, or inserts would fail. */
function refusal(object: ObjectSpec): string {
  const refused = "refused for a moment (error 469 or 60: clients should retry)";
  if (object.kind === "materializedView" && object.refresh === undefined) {
    return `inserts into what it reads are ${refused}`;
  }
  const isWritten = object.kind !== "view";
  return `inserts are ${refused} where materialized views read${isWritten ? " or write" : ""} it`;
}

function written({ database, name }: ObjectName): string {
  return name === undefined ? quoteIdentifier(database) : qualifiedName({ database, name });
}
