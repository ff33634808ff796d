import { messageOf } from "../errors";
import { type Marks, NO_MARKS, type OpaqueObject } from "../graph";
import { splitStatements } from "../sql/fragments";
import { keyOf, objectKey } from "../sql/object-key";
import { parseCreate } from "../sql/parse";
import type { ObjectSpec } from "../sql/spec";
import { isProperties, type Properties } from "../util/properties";
import { objectsAmong, readPreview } from "./preview";
import { changesOf, lineageObjects, type ResourceChange } from "./resources";

/** What a file declares, for a lineage. */
export interface Drawing {
  readonly objects: readonly (ObjectSpec | OpaqueObject)[];
  readonly marks: Marks;
  /** CREATE statements by key, if known and not secret. */
  readonly statements: ReadonlyMap<string, string>;
  /** Statements that were left out; `line` from 1. */
  readonly problems: readonly { readonly line: number; readonly message: string }[];
}

/**
 * What a file declares: a preview (`pulumi preview --json`), a state (`pulumi stack export`), or else SQL.
 *
 * @throws {SchemaError} for JSON that is none of them.
 */
export function drawingOf(text: string): Drawing {
  const found = objectsAmong(text);
  const deployment = found.map((one) => one["deployment"]).find(isProperties);
  if (deployment !== undefined) return drawState(deployment);
  return found.length > 0 || text.trimStart().startsWith("{")
    ? drawChanges(changesOf(readPreview(text)))
    : drawSql(text);
}

/** A state is read as a preview in which nothing changes. */
function drawState(deployment: Properties): Drawing {
  const resources = Array.isArray(deployment["resources"]) ? deployment["resources"].filter(isProperties) : [];
  const steps = resources.map(({ urn, inputs }) => ({ op: "same", urn, newState: { inputs } }));
  return drawChanges(changesOf(readPreview(JSON.stringify({ steps }))));
}

function drawChanges(changes: readonly ResourceChange[]): Drawing {
  const statements = new Map<string, string>();
  for (const { to, from, secret } of changes) {
    const side = to ?? from;
    if (secret || side?.statement === undefined || side.database === undefined) continue;
    statements.set(objectKey(side.database, side.name), side.statement);
  }
  return { ...lineageObjects(changes), statements, problems: [] };
}

function drawSql(text: string): Drawing {
  const objects: ObjectSpec[] = [];
  const statements = new Map<string, string>();
  const problems: { line: number; message: string }[] = [];
  for (const { sql, line } of splitStatements(text)) {
    // Statements that change no schema (INSERT, SELECT, SET …) are not errors here.
    if (!/^(?:CREATE|ATTACH|REPLACE)\b/i.test(sql)) continue;
    try {
      // Scripts that are meant to be run repeatedly contain it; for the drawing it makes no difference.
      const spec = parseCreate(sql.replace(/^CREATE\s+OR\s+REPLACE\s/i, "CREATE "));
      objects.push(spec);
      statements.set(keyOf(spec), sql);
    } catch (error) {
      problems.push({ line, message: messageOf(error) });
    }
  }
  return { objects, marks: NO_MARKS, statements, problems };
}
