import { mentionedNames } from "../canonical/mentions";
import type { Connection } from "../connection/connection";
import { SchemaError } from "../errors";
import type { Live, LiveObject } from "../introspect/live";
import { listFilters } from "../introspect/visibility";
import { keyParts, objectKey, quotedName } from "../sql/object-key";
import { parseCreate } from "../sql/parse";
import type { ObjectSpec } from "../sql/spec";
import { unfinishedOperations } from "./operations";
import { JOURNAL_TABLE } from "./protocol/journal";

/** Engines whose objects keep no rows of their own: dropping them loses none. */
const HOLDS_NO_ROWS = new Set([
  "View",
  "Distributed",
  "Merge",
  "Null",
  "Kafka",
  "RabbitMQ",
  "NATS",
  "S3Queue",
  "AzureQueue",
  "URL",
  "S3",
  "MySQL",
  "PostgreSQL",
  "MongoDB",
  "SQLite",
  "ODBC",
  "JDBC",
  "HDFS",
  "AzureBlobStorage",
  "DeltaLake",
  "Iceberg",
  "Hudi",
  "GenerateRandom",
  "Dictionary",
  "KeeperMap",
  "Redis",
  "ExternalDistributed",
]);

/** How the user may allow what a refusal refuses. */
export const HOW_TO_ALLOW =
  'To drop it with its rows: set `deletion: "drop"` on the resource and run `pulumi up` first; ' +
  "or `pulumi config set clickhouse:allowDrop true` and `pulumi destroy --run-program`; or CLICKHOUSE_ALLOW_DROP=true in the environment.";

/** What a drop needs to know of the stack. */
export interface DropOptions {
  /** Whether rows may go. */
  readonly allowed: boolean;
  /** Whether an object stays declared in the stack. */
  readonly stays: (key: string) => boolean;
}

/**
 * Drops an object, unless that takes rows along or leaves others broken and nobody allowed it. An object that is gone is no error.
 *
 * @throws {SchemaError} when it is refused; nothing is changed then.
 */
export async function applyDrop(connection: Connection, live: Live, key: string, options: DropOptions): Promise<void> {
  const { allowed, stays } = options;
  const found = await live.findNow(key);
  if (found === undefined) return;
  if (keyParts(key).name === undefined) return dropDatabase(connection, live, key, allowed);
  await refuseIfUnfinished(connection, live, found);
  await refuseIfUsed(live, found);
  if (!allowed) await refuseIfHoldsRows(connection, found);
  if (!allowed && found.engine === "MaterializedView") await refuseIfTablesStay(connection, live, found, stays);
  await connection.command(`DROP ${isView(found) ? "VIEW" : "TABLE"} IF EXISTS ${quotedName(key)}`);
  live.forget(key);
}

async function dropDatabase(connection: Connection, live: Live, key: string, allowed: boolean): Promise<void> {
  const inside = (await live.inDatabase(key)).filter((object) => keyParts(object.key).name !== JOURNAL_TABLE);
  if (inside.length > 0 && !allowed) {
    const names = inside.slice(0, 5).map((object) => quotedName(object.key));
    const more = inside.length > 5 ? ` and ${inside.length - 5} more` : "";
    throw new SchemaError(
      `${quotedName(key)}: not dropped, because it holds ${inside.length} object(s) that this stack does not manage: ${names.join(", ")}${more}. ` +
        `Move or drop them first. ${HOW_TO_ALLOW}`,
    );
  }
  await refuseUnseen(connection, key, allowed);
  await connection.command(`DROP DATABASE IF EXISTS ${quotedName(key)}`);
  live.forget(key);
}

/** A database that seems empty need not be. */
async function refuseUnseen(connection: Connection, key: string, allowed: boolean): Promise<void> {
  const policies = allowed ? [] : await listFilters(connection);
  if (policies.length === 0) return;
  throw new SchemaError(
    `${quotedName(key)}: not dropped, because it may hold objects that this user cannot see: row policies filter system.tables ` +
      `(${policies.join(", ")}). Let a user do it whom they exempt.`,
  );
}

/** An operation that was cut off has helper tables and would never end. */
async function refuseIfUnfinished(connection: Connection, live: Live, { key }: LiveObject): Promise<void> {
  const { database } = keyParts(key);
  if ((await live.find(objectKey(database, JOURNAL_TABLE))) === undefined) return;
  const one = (await unfinishedOperations(connection, database)).find(({ keys }) => keys.includes(key));
  if (one === undefined) return;
  throw new SchemaError(
    `${quotedName(key)}: not dropped, because ${one.kind} ${one.operation} on it was cut off (${one.progress}). ` +
      `Finish it or give it up first: \`clickhouse-schema operations --${one.canAbort ? "abort" : "resume"} ${one.operation}\`.`,
  );
}

/** A table that a live view reads from or writes to: dropping it silences the view, or makes every insert into its source fail. */
async function refuseIfUsed(live: Live, object: LiveObject): Promise<void> {
  if (isView(object)) return;
  const views = await live.materializedViews();
  const users = views.filter((view) => view.key !== object.key && mentionedNames(view.statement).has(object.key));
  if (users.length === 0) return;
  throw new SchemaError(
    `${quotedName(object.key)}: not dropped, because ${users.map((user) => quotedName(user.key)).join(", ")} on the server reads from it or writes to it. ` +
      "Drop the view first, or declare it in this stack so that it goes first.",
  );
}

async function refuseIfHoldsRows(connection: Connection, object: LiveObject): Promise<void> {
  const rows = await rowsHeld(connection, object);
  if (rows === 0) return;
  const count =
    rows === undefined
      ? "may hold rows (its engine does not count them)"
      : `holds ${rows.toLocaleString("en-US")} row(s)`;
  throw new SchemaError(`${quotedName(object.key)}: not dropped, because it ${count}. ${HOW_TO_ALLOW}`);
}

/**
 * When a stack goes, its views go before its tables. A table that is refused would then be left without them, and what is inserted
 * meanwhile would be missing in the rollups for good; so the view is refused first.
 */
async function refuseIfTablesStay(
  connection: Connection,
  live: Live,
  view: LiveObject,
  stays: (key: string) => boolean,
): Promise<void> {
  for (const key of mentionedNames(view.statement)) {
    const table = key === view.key || stays(key) ? undefined : await live.find(key);
    if (table === undefined || (await rowsHeld(connection, table)) === 0) continue;
    throw new SchemaError(
      `${quotedName(view.key)}: not dropped, because ${quotedName(key)}, which it reads or writes, holds rows; without the view, rows inserted from ` +
        `then on would be missing. ${HOW_TO_ALLOW.replace("it with its rows", "the view")}`,
    );
  }
}

/** Rows that an object keeps itself, or 1 where only that there are some is known; undefined where not even that. */
export async function rowsHeld(connection: Connection, object: LiveObject): Promise<number | undefined> {
  if (HOLDS_NO_ROWS.has(object.engine)) return 0;
  if (object.engine === "MaterializedView" && targetOf(object) !== undefined) return 0;
  if (object.rows !== undefined) return object.rows;
  const [row] = await connection
    .query<{ found: string }>(`SELECT count() AS found FROM (SELECT 1 FROM ${quotedName(object.key)} LIMIT 1)`)
    .catch(() => []);
  return row === undefined ? undefined : Number(row.found);
}

function targetOf(object: LiveObject): unknown {
  const spec: ObjectSpec = parseCreate(object.statement);
  return spec.kind === "materializedView" ? spec.to : undefined;
}

function isView(object: LiveObject): boolean {
  return object.engine === "View" || object.engine === "MaterializedView";
}
