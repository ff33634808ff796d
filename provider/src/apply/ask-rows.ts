import { atLeast } from "../clickhouse/version";
import type { Connection } from "../connection/connection";
import { ServerError } from "../connection/errors";
import { isTooSlow } from "../connection/server-message";
import { type Problem, SchemaError } from "../errors";
import { refuseFiltered } from "../operation/guard";
import { newOperation } from "../operation/names";
import { Runner } from "../operation/runner";
import type { AbsentProbe, Hazard, NullProbe, PastProbe, Plan, Probe, Step } from "../plan";
import { absentQueries, hazard, nullQuery, pastQuery, probeQueries, unmergedQuery } from "../plan";
import { backtick, qualifiedName, quoteString } from "../sql/identifiers";
import type { QualifiedName } from "../sql/spec";
import { askValues } from "./ask-values";
import { count, RowQueries } from "./row-queries";

/** How to query the rows. */
export interface AskOptions {
  /** Longest time for one query, in seconds. */
  readonly seconds: number;
  /** Whether a query that takes longer leaves the answer open, as a preview may. Default: false, which makes it an error. */
  readonly leaveOpen?: boolean;
  readonly tell?: (message: string) => void;
}

/**
 * Queries a table's rows for the effects of a plan: each hazard with a probe is replaced by what the rows show. Read-only, and stops by
 * itself when the time is over.
 *
 * @param table its current name on the server.
 * @throws {SchemaError} when values cannot be converted, so that the mutation would never end; it names each such column. Also when a row policy
 *   hides rows from this user.
 */
export async function askRows(
  connect: () => Promise<Connection>,
  table: QualifiedName,
  plan: Plan,
  options: AskOptions,
): Promise<Plan> {
  if (!plan.steps.some((step) => step.hazards.some(({ probe }) => probe !== undefined))) return plan;
  const connection = await connect();
  await refuseFiltered(
    new Runner(connection, newOperation()),
    [table],
    "so it cannot check whether all of them can take this change",
  );
  const asker = new Asker(new RowQueries(connection, table, options.seconds), options);
  const steps: Step[] = [];
  const problems: Problem[] = [];
  const resolve = (one: Hazard, step: Step): Promise<Hazard[]> =>
    asker.resolve(one, step).catch((error: unknown) => {
      if (!(error instanceof SchemaError)) throw error;
      problems.push(...error.problems);
      return [];
    });
  for (const step of plan.steps) {
    const hazards: Hazard[] = [];
    for (const one of step.hazards) hazards.push(...(one.probe === undefined ? [one] : await resolve(one, step)));
    steps.push(Object.freeze({ ...step, hazards }));
  }
  // All at once, so that the user can fix everything after one run.
  if (problems.length > 0) throw new SchemaError("values-do-not-convert", problems);
  return { steps };
}

class Asker {
  private readonly rows: RowQueries;
  private readonly options: AskOptions;

  constructor(rows: RowQueries, options: AskOptions) {
    this.rows = rows;
    this.options = options;
  }

  async resolve(one: Hazard, { kind }: Step): Promise<Hazard[]> {
    const { probe } = one;
    if (probe === undefined) return [one];
    this.options.tell?.(`asking the rows of ${this.rows.table}${"column" in probe ? ` about ${probe.column}` : ""}`);
    try {
      const answer = await this.answer(one, probe);
      const isNullable = probe.kind === "nulls" && !probe.hasOwnNull;
      if (isNullable && answer.length > 0 && kind === "statement") await this.refuseNulls(probe, answer);
      return answer;
    } catch (error) {
      if (!(error instanceof ServerError) || !isTooSlow(error)) throw error;
      const limit = `the rows of ${this.rows.table} could not be checked within ${this.options.seconds} s`;
      if (this.options.leaveOpen) {
        return [{ ...one, unasked: true, found: `${limit}; \`pulumi up\` checks them again, and longer` }];
      }
      throw new SchemaError(
        "rows-not-checked",
        `${this.rows.table}: ${limit}, so nothing was done. Check them yourself: ${questionOf(this.rows.name, probe)}`,
      );
    }
  }

  private async answer(one: Hazard, probe: Probe): Promise<Hazard[]> {
    if (probe.kind === "values") return askValues(this.rows, probe);
    if (probe.kind === "past") return [await this.past(one, probe)];
    if (probe.kind === "absent") return this.absent(one, probe);
    if (probe.kind === "nulls" && probe.versions !== undefined && !(await this.rows.isOneOf(probe.versions))) return [];
    const refuses = probe.kind === "nulls" ? probe.refuses : undefined;
    const query =
      refuses === "rows"
        ? `SELECT toString(count()) AS rows FROM ${this.rows.table}`
        : questionOf(this.rows.name, probe);
    const [row] = await this.rows.ask<{ rows: string }>(query);
    const { probe: _, ...rest } = one;
    if (row !== undefined && row.rows !== "0" && probe.kind === "nulls" && refuses !== undefined) {
      const which = refuses === "rows" ? "where there are rows" : "where it is NULL, for which the type has no value,";
      throw new SchemaError(
        "values-do-not-convert",
        `${this.rows.table}: ${probe.column}, which may be NULL, does not become ${probe.to} on the server ${which} (${count(row.rows, "row")}); ` +
          "nothing was done. Add a column of the new type, fill it from the old one, and drop the old one",
      );
    }
    return row === undefined || row.rows === "0" ? [] : [{ ...rest, found: count(row.rows, "row") }];
  }

  /**
   * @throws {SchemaError} where the server's mutation fails on NULL: on 24.8 to 25.8 always; 26.3 replaces it with the DEFAULT. In a Memory table
   * nothing does.
   */
  private async refuseNulls({ column, to, inMemory }: NullProbe, [found]: readonly Hazard[]): Promise<void> {
    const name = backtick(column);
    const value = `UPDATE ${name} = defaultValueOfTypeName(${quoteString(to)}) WHERE ${name} IS NULL`;
    if (inMemory)
      throw new SchemaError(
        "values-do-not-convert",
        `${this.rows.table}: ${column} is NULL in some rows (${found?.found}), which a Memory table cannot read as ${to}: it could not be read at all; ` +
          `nothing was done. Give them a value first: ALTER TABLE ${this.rows.table} DELETE WHERE 0, ${value}`,
      );
    const version = await this.rows.version();
    if (atLeast(version, "26.3")) return;
    throw new SchemaError(
      "values-do-not-convert",
      `${this.rows.table}: ${column} is NULL in some rows (${found?.found}), which ClickHouse ${version} cannot convert to ${to}: the mutation would ` +
        "never end; nothing was done. Give them a value first: " +
        `ALTER TABLE ${this.rows.table} ${value} SETTINGS mutations_sync = 1`,
    );
  }

  /** The hazard with the count; without it if the TTL reads a column that the table does not have yet. */
  private async past({ probe: _, ...one }: Hazard, probe: PastProbe): Promise<Hazard> {
    try {
      const [row] = await this.rows.ask<{ past: string; rows: string }>(pastQuery(this.rows.table, probe));
      return row === undefined
        ? one
        : { ...one, found: `${Number(row.past).toLocaleString("en-US")} of ${count(row.rows, "row")} at present` };
    } catch (error) {
      if (!(error instanceof ServerError) || isTooSlow(error)) throw error;
      return one;
    }
  }

  private async absent({ probe: _, ...one }: Hazard, probe: AbsentProbe): Promise<Hazard[]> {
    const { column, keep } = probe;
    const rest = one.kind === "may-fail" ? [] : [one];
    const found = await this.absentRows(probe);
    if (found === undefined) return rest;
    const rows =
      keep === "store" || keep === "afterwards"
        ? `rows of ${this.rows.table}`
        : `rows of ${this.rows.table} in parts older than ${column}`;
    const message = `${rows} read another value of ${column} from now on. To keep what they read, ${this.toKeep(probe)}`;
    return [...rest, hazard("drops-data", message, { found })];
  }

  /** Describes the rows that would read another value; undefined when there are none. */
  private async absentRows(probe: AbsentProbe): Promise<string | undefined> {
    const { rows, changes } = absentQueries(this.rows.name, probe);
    try {
      if (changes !== undefined) {
        const [row] = await this.rows.ask<{ changed: string; example: string }>(changes);
        if (row === undefined || row.changed === "0") return undefined;
        return `${count(row.changed, "row")} would change, e.g. ${row.example}`;
      }
    } catch (error) {
      if (!(error instanceof ServerError) || isTooSlow(error)) throw error;
    }
    const [row] = await this.rows.ask<{ rows: string }>(rows);
    return row === undefined || row.rows === "0" ? undefined : `${count(row.rows, "row")}, which cannot be compared`;
  }

  private toKeep({ alias, column, keep }: AbsentProbe): string {
    const name = backtick(column);
    switch (keep) {
      case "update":
        return `run first: ALTER TABLE ${this.rows.table} UPDATE ${name} = ${name} WHERE true SETTINGS mutations_sync = 1`;
      case "merge":
        return `run first: OPTIMIZE TABLE ${this.rows.table} FINAL`;
      case "store":
        return (
          `declare ${column} first as MATERIALIZED with the expression that it has, and run ALTER TABLE ${this.rows.table} MATERIALIZE COLUMN ${name} ` +
          "SETTINGS mutations_sync = 1"
        );
      case "afterwards":
        return `run afterwards, before anything is inserted: ALTER TABLE ${this.rows.table} DELETE WHERE 0, UPDATE ${name} = ${alias} WHERE 1`;
      default:
        return keep satisfies never;
    }
  }
}

function questionOf(name: QualifiedName, probe: Probe): string {
  const table = qualifiedName(name);
  if (probe.kind === "absent") return absentQueries(name, probe).changes ?? absentQueries(name, probe).rows;
  if (probe.kind === "nulls") return nullQuery(table, probe);
  if (probe.kind === "past") return pastQuery(table, probe);
  return probe.kind === "unmerged" ? unmergedQuery(table, probe) : probeQueries(table, probe).changes;
}
