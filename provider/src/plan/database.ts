import type { Change } from "../diff/changes";
import { SchemaError } from "../errors";
import { quoteIdentifier, quoteString } from "../sql/identifiers";
import { renderSettings } from "../sql/render";
import type { DatabaseSpec } from "../sql/spec";
import { gather, hazard } from "./hazards";
import type { Hazard, Statement } from "./plan";

/**
 * ALTER DATABASE.
 *
 * @throws {SchemaError} for another engine: a database contains tables, and no statement moves them all.
 */
export function planDatabase(to: DatabaseSpec, changes: readonly Change[]): Statement[] {
  const name = quoteIdentifier(to.name);
  return changes.flatMap((change): Statement[] => {
    switch (change.kind) {
      case "renamed":
        return [];
      case "comment":
        return [
          statement(`ALTER DATABASE ${name} MODIFY COMMENT ${quoteString(change.to ?? "")}`, commentHazards(change.to)),
        ];
      case "database-settings":
        return [
          statement(`ALTER DATABASE ${name} MODIFY SETTING ${renderSettings(change.to)}`, [
            hazard("may-fail", "most database engines, Atomic among them, take no other settings once they exist"),
          ]),
        ];
      case "engine":
        throw new SchemaError(
          "change-unsupported",
          `Database ${name} cannot change its engine from ${change.from} to ${change.to}: declare a new database and move the tables`,
        );
      default:
        throw new Error(`A database has no ${change.kind}`);
    }
  });
}

/** Measured on 26.7: `system.databases` has the empty comment, SHOW CREATE the old one. */
function commentHazards(comment: string | undefined): Hazard[] {
  if (comment !== undefined) return [];
  return [hazard("metadata-only", "SHOW CREATE DATABASE keeps printing the old comment, system.databases does not")];
}

function statement(sql: string, hazards: Parameters<typeof gather>[0] = []): Statement {
  return Object.freeze({ kind: "statement" as const, sql, hazards: gather(hazards) });
}
