import { holdsRows } from "../clickhouse/engines";
import type { Connection } from "../connection/connection";
import type { LiveObject } from "../introspect/live-object";
import { isInNoDatabase, quotedName } from "../sql/object-key";
import { parseCreate } from "../sql/parse";
import type { ObjectSpec } from "../sql/spec";

/** Rows to count of an engine that does not count them itself. */
const COUNTED = 1000;

/** Rows held, for people. */
export function counted(rows: number, { rows: known }: LiveObject): string {
  const count = (n: number): string => n.toLocaleString("en-US");
  return known === undefined && rows > COUNTED ? `more than ${count(COUNTED)}` : count(rows);
}

/** Rows that an object stores itself, no more than 1001 if its engine does not count them; undefined if that is not known either. */
export async function rowsHeld(connection: Connection, object: LiveObject): Promise<number | undefined> {
  if (isInNoDatabase(object.key)) return 0;
  const isMaterialized = object.engine === "MaterializedView";
  if (isMaterialized ? targetOf(object) !== undefined : !holdsRows(object.engine)) return 0;
  if (object.rows !== undefined) return object.rows;
  const [row] = await connection
    .query<{ found: string }>(
      `SELECT count() AS found FROM (SELECT 1 FROM ${quotedName(object.key)} LIMIT ${COUNTED + 1})`,
    )
    .catch(() => []);
  return row === undefined ? undefined : Number(row.found);
}

function targetOf(object: LiveObject): unknown {
  const spec: ObjectSpec = parseCreate(object.statement);
  return spec.kind === "materializedView" ? spec.to : undefined;
}
