import type { DatabaseSpec } from "../sql/spec";
import { type Change, pair } from "./changes";
import { sameSettings } from "./text";

/** All differences between two databases, except names and comments. */
export function diffDatabase(from: DatabaseSpec, to: DatabaseSpec): Change[] {
  const changes: Change[] = [];
  // The server chooses an engine that is not declared.
  if (to.engine !== undefined && from.engine !== undefined && from.engine !== to.engine) {
    changes.push(Object.freeze({ kind: "engine" as const, ...pair(from.engine, to.engine) }));
  }
  if (!sameSettings(from.settings, to.settings)) {
    changes.push(
      Object.freeze({ kind: "database-settings" as const, from: from.settings ?? [], to: to.settings ?? [] }),
    );
  }
  return changes;
}
