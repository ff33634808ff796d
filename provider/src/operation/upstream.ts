import { passesOn, takesConstraints } from "../clickhouse/engines";
import { SchemaError } from "../errors";
import { qualifiedName } from "../sql/identifiers";
import { objectKey } from "../sql/object-key";
import type { QualifiedName } from "../sql/spec";
import { HOW_TO_ALLOW } from "./errors";
import { insertGraphAround, type UpstreamTable } from "./insert-graph";
import type { Runner } from "./runner";

/** Everything that feeds some tables or views, entry tables first, each once; the tables and views themselves are among them. */
export async function upstreamOf(runner: Runner, names: readonly QualifiedName[]): Promise<UpstreamTable[]> {
  const found = new Map<string, UpstreamTable>();
  for (const name of names) {
    for (const feeder of (await insertGraphAround(runner, name)).feeders) {
      const key = objectKey(feeder.database, feeder.name);
      // A feeder found earlier is preceded by its own feeders, so the order remains right.
      if (!found.has(key)) found.set(key, feeder);
    }
  }
  return [...found.values()];
}

/**
 * Whether no part of an insert into a table can be stored while inserts are refused: it refuses them itself, or has one view, to which it
 * passes rows on without keeping them, so that the next table refuses the insert as a whole.
 */
export function refusesWhole({ engine, views }: UpstreamTable): boolean {
  return takesConstraints(engine) || (passesOn(engine) && views.length <= 1);
}

/** Those of some tables that can refuse inserts. */
export function closable(tables: readonly UpstreamTable[]): QualifiedName[] {
  return tables.filter(({ engine }) => takesConstraints(engine)).map(({ database, name }) => ({ database, name }));
}

/** Tables without some of them. */
export function except<Table extends QualifiedName>(
  tables: readonly Table[],
  ...names: readonly QualifiedName[]
): Table[] {
  const keys = new Set(names.map(({ database, name }) => objectKey(database, name)));
  return tables.filter(({ database, name }) => !keys.has(objectKey(database, name)));
}

/** The error when inserts into a table cannot be refused. @param label the object; @param danger what could happen to rows. */
export function notRefusable(label: string, feeder: UpstreamTable, danger: string): SchemaError {
  const name = qualifiedName(feeder);
  return new SchemaError(
    "inserts-not-refusable",
    `${label}: rows come to it from ${name} (${feeder.engine}, read by ${feeder.views.length} view(s)), where inserts cannot be refused, ` +
      `so ${danger}. Stop the writers of ${name} during the change. ${HOW_TO_ALLOW}`,
  );
}
