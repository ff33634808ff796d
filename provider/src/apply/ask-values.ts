import { ServerError } from "../connection/errors";
import { isTooSlow } from "../connection/server-message";
import { messageOf, SchemaError } from "../errors";
import { type Hazard, hazard, type ProbeQueries, probeQueries, type ValueProbe } from "../plan";
import { quoteString } from "../sql/identifiers";
import { unfinished } from "./mutations";
import { count, type RowQueries } from "./row-queries";

/**
 * What a column's values do when they are converted to another type.
 *
 * @throws {SchemaError} when one cannot be converted, so that the mutation would never end.
 */
export async function askValues(rows: RowQueries, probe: ValueProbe): Promise<Hazard[]> {
  const { column, from, to, otherwise } = probe;
  const where = await partsToConvert(rows, probe);
  if (where === undefined) return [];
  const queries = probeQueries(rows.table, probe, where);
  const refused = await rows.refusalOf(queries.converts);
  if (refused !== undefined) {
    throw new SchemaError(
      "values-do-not-convert",
      `${rows.table}: ${column} cannot become ${to}: the server has no conversion from ${from}. ` +
        `Add a column of the new type, fill it from the old one by an expression of your own, and drop the old one. The server says: ${refused}`,
    );
  }
  const lost = (what: string, found?: string): Hazard[] => [
    hazard("drops-data", what, found === undefined ? {} : { found }),
  ];
  const returns = (await rows.refusalOf(queries.returns)) === undefined;
  try {
    if (returns) {
      const [row] = await rows.ask<{ rows: string; changed: string; example: string }>(queries.changes);
      if (row === undefined || row.changed === "0") {
        const same = Number(row?.rows ?? 0);
        if (same === 0) return [];
        return [
          hazard(otherwise, `every value of ${column} is the same as ${to}`, {
            found: `${count(same, "row")} asked`,
          }),
        ];
      }
      return lost(
        `values of ${column} change when they are converted to ${to}`,
        `${count(row.changed, "row")} would change, e.g. ${row.example}`,
      );
    }
  } catch (error) {
    if (!(error instanceof ServerError) || isTooSlow(error)) throw error;
  }
  const converted = await convertible(rows, probe, queries);
  if (converted === 0) return [];
  return lost(
    `values of ${column} cannot be converted back from ${to}, so they cannot be compared`,
    count(converted, "row"),
  );
}

/**
 * Condition for the rows that the change converts; undefined when there are none. Parts that a stuck mutation could not convert still
 * have the type that the column is changed back to, and cannot be read as its current type.
 */
async function partsToConvert(
  { connection, name }: RowQueries,
  { column, to }: ValueProbe,
): Promise<string | undefined> {
  if ((await unfinished(connection, name)).length === 0) return "";
  const [database, table] = [quoteString(name.database), quoteString(name.name)];
  const parts = await connection.query<{ part: string; type: string }>(
    "SELECT name AS part, type FROM system.parts_columns " +
      `WHERE database = ${database} AND table = ${table} AND active AND column = ${quoteString(column)}`,
  );
  const bare = (type: string): string => type.replace(/\s+/g, "");
  const others = parts.filter(({ type }) => bare(type) !== bare(to));
  if (others.length === parts.length) return "";
  return others.length === 0 ? undefined : `_part IN (${others.map(({ part }) => quoteString(part)).join(", ")})`;
}

/** Number of rows, if all of them can be converted. @throws {SchemaError} when one cannot. */
async function convertible(
  rows: RowQueries,
  { column, from, to }: ValueProbe,
  { failures, misfits }: ProbeQueries,
): Promise<number> {
  try {
    const [row] = await rows.ask<{ rows: string }>(failures);
    return Number(row?.rows ?? 0);
  } catch (error) {
    if (!(error instanceof ServerError) || isTooSlow(error)) throw error;
    const [row] =
      misfits === undefined ? [] : await rows.ask<{ failing: string; example: string }>(misfits).catch(() => []);
    const found =
      row === undefined || row.failing === "0" ? "" : ` (${count(row.failing, "row")}, e.g. ${row.example})`;
    throw new SchemaError(
      "values-do-not-convert",
      `${rows.table}: a value of ${column} cannot be converted from ${from} to ${to}${found}; nothing was done: the mutation would never end, ` +
        `and the table could not be read. Change those rows first. The server says: ${messageOf(error)}`,
      { cause: error },
    );
  }
}
