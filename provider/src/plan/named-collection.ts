import type { Change, ObjectName } from "../diff/changes";
import { type NamedCollectionSpec, renderEntry, renderNamedCollection } from "../sql/access/named-collection";
import { quoteIdentifier } from "../sql/identifiers";
import { hazard } from "./hazards";
import type { Hazard, Statement } from "./plan";

const KEPT =
  "tables and dictionaries that use it keep the values that they began with until they are attached again (DETACH TABLE, ATTACH TABLE), reloaded, or " +
  "the server starts again";

/** One ALTER: what is set, and what goes, changes at once. */
export function planNamedCollection(to: NamedCollectionSpec, changes: readonly Change[]): Statement[] {
  const own = changes.flatMap((change) => (change.kind === "collection-key" ? [change] : []));
  const set = own.filter(({ how }) => how !== "gone").map(({ key }) => key);
  const gone = own.filter(({ how }) => how === "gone").map(({ key }) => quoteIdentifier(key));
  const entries = to.entries.filter(({ key }) => set.includes(key)).map(renderEntry);
  if (entries.length === 0 && gone.length === 0) return [];
  const clauses = [
    ...(entries.length > 0 ? [`SET\n    ${entries.join(",\n    ")}`] : []),
    ...(gone.length > 0 ? [`DELETE ${gone.join(", ")}`] : []),
  ];
  const hazards = [
    hazard("metadata-only", KEPT),
    ...(gone.length > 0
      ? [
          hazard(
            "breaks-reader",
            `what needs ${gone.join(", ")} of ${quoteIdentifier(to.name)} fails once it is attached again`,
          ),
        ]
      : []),
  ];
  return [statement(`ALTER NAMED COLLECTION ${quoteIdentifier(to.name)} ${clauses.join("\n")}`, hazards)];
}

/** No statement renames a collection: the new one is created, then the old one goes. It is refused while something uses the old one. */
export function planNamedCollectionRename(to: NamedCollectionSpec, from: ObjectName): Statement[] {
  const old = quoteIdentifier(from.name ?? "");
  return [
    statement(renderNamedCollection(to), [
      hazard("metadata-only", "no statement renames a named collection: there are two for a moment"),
    ]),
    statement(`DROP NAMED COLLECTION IF EXISTS ${old}`, [
      hazard("breaks-reader", `queries that name ${old} fail from now on; no table and no dictionary does`),
    ]),
  ];
}

function statement(sql: string, hazards: readonly Hazard[]): Statement {
  return Object.freeze({ kind: "statement", sql, hazards });
}
