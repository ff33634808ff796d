import type { ObjectName } from "../diff/changes";
import { qualifiedName, quoteIdentifier } from "../sql/identifiers";
import type { ObjectKind } from "../sql/spec";
import { hazard } from "./hazards";
import type { Hazard, RenameStep } from "./plan";

/** RENAME of an object; what reads it has to be re-pointed around it. */
export function planRename(object: ObjectKind, from: ObjectName, to: ObjectName): RenameStep {
  const [old, wanted] = [written(from), written(to)];
  const what = object === "database" ? "DATABASE" : "TABLE";
  return Object.freeze({
    kind: "rename" as const,
    object,
    from,
    to,
    sql: `RENAME ${what} ${old} TO ${wanted}`,
    hazards: hazardsOf(object, old),
  });
}

function hazardsOf(object: ObjectKind, old: string): Hazard[] {
  const readers = hazard(
    "breaks-reader",
    `what names ${old} fails from now on: queries, views, dictionaries, Distributed tables`,
  );
  if (object === "view" || object === "materializedView") return [readers];
  const views =
    `materialized views are bound to ${old} by name: one that reads it is fed by no insert until it is re-pointed or the server ` +
    "restarts; one that writes to it makes every insert into its source fail. They are re-pointed around the rename";
  return [readers, hazard("breaks-reader", views)];
}

function written({ database, name }: ObjectName): string {
  return name === undefined ? quoteIdentifier(database) : qualifiedName({ database, name });
}
