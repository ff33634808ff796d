import { randomBytes } from "node:crypto";
import type { Connection } from "../connection/connection";
import { qualifiedName } from "../sql/identifiers";
import { keyOf, objectKey } from "../sql/object-key";
import { parseCreate } from "../sql/parse";
import type { QualifiedName } from "../sql/spec";
import { Journal, readJournals } from "./protocol/journal";
import { uuidOf } from "./protocol/parts";
import { Runner } from "./protocol/runner";

/** A table as it was before an operation, kept for a while. */
export interface Retired {
  readonly operation: string;
  /** Quoted and qualified. */
  readonly name: string;
  /** Key of the object whose rows it has. */
  readonly of: string;
  /** In seconds since 1970. */
  readonly keepUntil: number;
  /** Whether that is over, by the server's clock. */
  readonly isDue: boolean;
}

interface Done {
  readonly retired?: string;
  readonly uuid?: string;
  readonly keepUntil?: number;
}

/** Name of a new operation: part of the names of its helper tables. */
export function newOperation(): string {
  return randomBytes(4).toString("hex");
}

/** The old tables of finished operations in a database that nobody has dropped yet. */
export async function retiredTables(connection: Connection, database: string): Promise<Retired[]> {
  const found: Retired[] = [];
  const now = await new Runner(connection, "").now();
  for (const [operation, lines] of await readJournals(connection, database)) {
    const done = lines.get("done") as Done | undefined;
    const plan = lines.get("plan") as { to?: unknown } | undefined;
    if (done?.retired === undefined || lines.has("removed") || typeof plan?.to !== "string") continue;
    const name = { database, name: done.retired };
    if ((await uuidOf(new Runner(connection, operation), name)) !== done.uuid) continue;
    const keepUntil = done.keepUntil ?? 0;
    const of = keyOf(parseCreate(plan.to));
    found.push({ operation, name: qualifiedName(name), of, keepUntil, isDue: keepUntil * 1000 <= now });
  }
  return found;
}

/** Drops the old tables of an object whose time is over. @returns their names, quoted and qualified. */
export async function removeRetired(connection: Connection, object: QualifiedName): Promise<string[]> {
  const removed: string[] = [];
  for (const { operation, name, of, isDue } of await retiredTables(connection, object.database)) {
    if (!isDue || of !== objectKey(object.database, object.name)) continue;
    const runner = new Runner(connection, operation);
    await runner.run(`DROP TABLE IF EXISTS ${name} SETTINGS max_table_size_to_drop = 0`);
    await (await Journal.open(runner, object.database)).set("removed", true);
    removed.push(name);
  }
  return removed;
}
