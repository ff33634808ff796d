import { isTable } from "../clickhouse/catalog";
import { isReplicated } from "../clickhouse/engines";
import { atLeast } from "../clickhouse/version";
import type { Connection } from "../connection/connection";
import { ServerError } from "../connection/errors";
import { isTooSlow } from "../connection/server-message";
import { messageOf, type Problem, SchemaError } from "../errors";
import type { AbsentProbe, Hazard, NullProbe, PastProbe, Plan, Probe, ProbeQueries, Step, ValueProbe } from "../plan";
import { absentQueries, hazard, nullQuery, pastQuery, probeQueries, unmergedQuery } from "../plan";
import { backtick, qualifiedName, quoteString } from "../sql/identifiers";
import type { QualifiedName } from "../sql/spec";
import { unfinished } from "./mutations";

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
 * @throws {SchemaError} when values cannot be converted, so that the mutation would never end; it names each such column.
 */
export async function askRows(
  connect: () => Promise<Connection>,
  table: QualifiedName,
  plan: Plan,
  options: AskOptions,
): Promise<Plan> {
  if (!plan.steps.some((step) => step.hazards.some(({ probe }) => probe !== undefined))) return plan;
  const asker = new Asker(await connect(), table, options);
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
  private readonly connection: Connection;
  private readonly name: QualifiedName;
  private readonly table: string;
  private readonly options: AskOptions;

  constructor(connection: Connection, name: QualifiedName, options: AskOptions) {
    this.connection = connection;
    this.name = name;
    this.table = qualifiedName(name);
    this.options = options;
  }

  async resolve(one: Hazard, { kind }: Step): Promise<Hazard[]> {
    const { probe } = one;
    if (probe === undefined) return [one];
    this.options.tell?.(`asking the rows of ${this.table}${"column" in probe ? ` about ${probe.column}` : ""}`);
    try {
      const answer = await this.answer(one, probe);
      const isNullable = probe.kind === "nulls" && !probe.hasOwnNull;
      if (isNullable && answer.length > 0 && kind === "statement") await this.refuseNulls(probe, answer);
      return answer;
    } catch (error) {
      if (!(error instanceof ServerError) || !isTooSlow(error)) throw error;
      const limit = `the rows of ${this.table} could not be checked within ${this.options.seconds} s`;
      if (this.options.leaveOpen) {
        return [{ ...one, unasked: true, found: `${limit}; \`pulumi up\` checks them again, and longer` }];
      }
      throw new SchemaError(
        "rows-not-checked",
        `${this.table}: ${limit}, so nothing was done. Check them yourself: ${questionOf(this.name, probe)}`,
      );
    }
  }

  private async answer(one: Hazard, probe: Probe): Promise<Hazard[]> {
    if (probe.kind === "values") return this.values(probe);
    if (probe.kind === "past") return [await this.past(one, probe)];
    if (probe.kind === "absent") return this.absent(one, probe);
    if (probe.kind === "nulls" && probe.versions !== undefined && !(await this.isOneOf(probe.versions))) return [];
    const refuses = probe.kind === "nulls" ? probe.refuses : undefined;
    const query =
      refuses === "rows" ? `SELECT toString(count()) AS rows FROM ${this.table}` : questionOf(this.name, probe);
    const [row] = await this.ask<{ rows: string }>(query);
    const { probe: _, ...rest } = one;
    if (row !== undefined && row.rows !== "0" && probe.kind === "nulls" && refuses !== undefined) {
      const which = refuses === "rows" ? "where there are rows" : "where it is NULL, for which the type has no value,";
      throw new SchemaError(
        "values-do-not-convert",
        `${this.table}: ${probe.column}, which may be NULL, does not become ${probe.to} on the server ${which} (${count(row.rows, "row")}); ` +
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
        `${this.table}: ${column} is NULL in some rows (${found?.found}), which a Memory table cannot read as ${to}: it could not be read at all; ` +
          `nothing was done. Give them a value first: ALTER TABLE ${this.table} DELETE WHERE 0, ${value}`,
      );
    const version = await this.version();
    if (atLeast(version, "26.3")) return;
    throw new SchemaError(
      "values-do-not-convert",
      `${this.table}: ${column} is NULL in some rows (${found?.found}), which ClickHouse ${version} cannot convert to ${to}: the mutation would ` +
        "never end; nothing was done. Give them a value first: " +
        `ALTER TABLE ${this.table} ${value} SETTINGS mutations_sync = 1`,
    );
  }

  /** All rows on the cluster: one replica of each shard, or every host where they do not share their rows. */
  private async wholeTable(cluster: string): Promise<string> {
    const [row] = await this.connection.query<{ engine: string }>(
      `SELECT engine FROM system.tables WHERE ${isTable(this.name, "name")}`,
    );
    const read = isReplicated(row?.engine) ? "cluster" : "clusterAllReplicas";
    return `${read}(${quoteString(cluster)}, ${this.table})`;
  }

  private async isOneOf([from, until]: readonly [from: string, until: string]): Promise<boolean> {
    const version = await this.version();
    return atLeast(version, from) && !atLeast(version, until);
  }

  private async version(): Promise<string> {
    const [server] = await this.connection.query<{ version: string }>("SELECT version() AS version");
    return server?.version ?? "";
  }

  /** The hazard with the count; without it if the TTL reads a column that the table does not have yet. */
  private async past({ probe: _, ...one }: Hazard, probe: PastProbe): Promise<Hazard> {
    try {
      const [row] = await this.ask<{ past: string; rows: string }>(pastQuery(this.table, probe));
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
        ? `rows of ${this.table}`
        : `rows of ${this.table} in parts older than ${column}`;
    const message = `${rows} read another value of ${column} from now on. To keep what they read, ${this.toKeep(probe)}`;
    return [...rest, hazard("drops-data", message, { found })];
  }

  /** Describes the rows that would read another value; undefined when there are none. */
  private async absentRows(probe: AbsentProbe): Promise<string | undefined> {
    const { rows, changes } = absentQueries(this.name, probe);
    try {
      if (changes !== undefined) {
        const [row] = await this.ask<{ changed: string; example: string }>(changes);
        if (row === undefined || row.changed === "0") return undefined;
        return `${count(row.changed, "row")} would change, e.g. ${row.example}`;
      }
    } catch (error) {
      if (!(error instanceof ServerError) || isTooSlow(error)) throw error;
    }
    const [row] = await this.ask<{ rows: string }>(rows);
    return row === undefined || row.rows === "0" ? undefined : `${count(row.rows, "row")}, which cannot be compared`;
  }

  private toKeep({ alias, column, keep }: AbsentProbe): string {
    const name = backtick(column);
    switch (keep) {
      case "update":
        return `run first: ALTER TABLE ${this.table} UPDATE ${name} = ${name} WHERE true SETTINGS mutations_sync = 1`;
      case "merge":
        return `run first: OPTIMIZE TABLE ${this.table} FINAL`;
      case "store":
        return (
          `declare ${column} first as MATERIALIZED with the expression that it has, and run ALTER TABLE ${this.table} MATERIALIZE COLUMN ${name} ` +
          "SETTINGS mutations_sync = 1"
        );
      case "afterwards":
        return `run afterwards, before anything is inserted: ALTER TABLE ${this.table} DELETE WHERE 0, UPDATE ${name} = ${alias} WHERE 1`;
      default:
        return keep satisfies never;
    }
  }

  private async values(probe: ValueProbe): Promise<Hazard[]> {
    const { column, from, to, otherwise } = probe;
    const where = await this.partsToConvert(probe);
    if (where === undefined) return [];
    const queries = probeQueries(this.table, probe, where);
    const refused = await this.words(queries.converts);
    if (refused !== undefined) {
      throw new SchemaError(
        "values-do-not-convert",
        `${this.table}: ${column} cannot become ${to}: the server has no conversion from ${from}. ` +
          `Add a column of the new type, fill it from the old one by an expression of your own, and drop the old one. The server says: ${refused}`,
      );
    }
    const lost = (what: string, found?: string): Hazard[] => [
      hazard("drops-data", what, found === undefined ? {} : { found }),
    ];
    const returns = (await this.words(queries.returns)) === undefined;
    try {
      if (returns) {
        const [row] = await this.ask<{ rows: string; changed: string; example: string }>(queries.changes);
        if (row === undefined || row.changed === "0") {
          const rows = Number(row?.rows ?? 0);
          if (rows === 0) return [];
          return [
            hazard(otherwise, `every value of ${column} is the same as ${to}`, {
              found: `${count(rows, "row")} asked`,
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
    const rows = await this.convertible(probe, queries);
    if (rows === 0) return [];
    return lost(
      `values of ${column} cannot be converted back from ${to}, so they cannot be compared`,
      count(rows, "row"),
    );
  }

  /**
   * Condition for the rows that the change converts; undefined when there are none. Parts that a stuck mutation could not convert still
   * have the type that the column is changed back to, and cannot be read as its current type.
   */
  private async partsToConvert({ column, to }: ValueProbe): Promise<string | undefined> {
    if ((await unfinished(this.connection, this.name)).length === 0) return "";
    const [database, table] = [quoteString(this.name.database), quoteString(this.name.name)];
    const parts = await this.connection.query<{ part: string; type: string }>(
      "SELECT name AS part, type FROM system.parts_columns " +
        `WHERE database = ${database} AND table = ${table} AND active AND column = ${quoteString(column)}`,
    );
    const bare = (type: string): string => type.replace(/\s+/g, "");
    const others = parts.filter(({ type }) => bare(type) !== bare(to));
    if (others.length === parts.length) return "";
    return others.length === 0 ? undefined : `_part IN (${others.map(({ part }) => quoteString(part)).join(", ")})`;
  }

  /** Number of rows, if all of them can be converted. @throws {SchemaError} when one cannot. */
  private async convertible({ column, from, to }: ValueProbe, { failures, misfits }: ProbeQueries): Promise<number> {
    try {
      const [row] = await this.ask<{ rows: string }>(failures);
      return Number(row?.rows ?? 0);
    } catch (error) {
      if (!(error instanceof ServerError) || isTooSlow(error)) throw error;
      const [row] =
        misfits === undefined ? [] : await this.ask<{ failing: string; example: string }>(misfits).catch(() => []);
      const found =
        row === undefined || row.failing === "0" ? "" : ` (${count(row.failing, "row")}, e.g. ${row.example})`;
      throw new SchemaError(
        "values-do-not-convert",
        `${this.table}: a value of ${column} cannot be converted from ${from} to ${to}${found}; nothing was done: the mutation would never end, ` +
          `and the table could not be read. Change those rows first. The server says: ${messageOf(error)}`,
        { cause: error },
      );
    }
  }

  /** The server's error for a query that reads no rows; undefined when it accepts the query. */
  private async words(sql: string): Promise<string | undefined> {
    try {
      await this.ask(sql);
      return undefined;
    } catch (error) {
      if (!(error instanceof ServerError) || isTooSlow(error)) throw error;
      return messageOf(error);
    }
  }

  private async ask<Row extends object>(sql: string): Promise<Row[]> {
    const { cluster } = this.connection;
    const question = cluster === undefined ? sql : fromCluster(sql, this.table, await this.wholeTable(cluster.name));
    return this.connection.query<Row>(`${question} SETTINGS ${SETTINGS}, max_execution_time = ${this.options.seconds}`);
  }
}

/** The question to a whole cluster in place of this server's table. */
function fromCluster(sql: string, table: string, whole: string): string {
  const name = table.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  return sql.replace(new RegExp(`\\bFROM ${name}(?=[\\s)]|$)`, "g"), () => `FROM ${whole}`);
}

/**
 * Reads as a mutation does, including rows that DELETE has hidden; a client that disconnects ends the query. Measured on 24.8: a subcolumn
 * (`c.null`) is computed from zeros in parts that are older than the column.
 */
const SETTINGS =
  "apply_deleted_mask = 0, optimize_functions_to_subcolumns = 0, cancel_http_readonly_queries_on_client_close = 1, timeout_overflow_mode = 'throw'";

function questionOf(name: QualifiedName, probe: Probe): string {
  const table = qualifiedName(name);
  if (probe.kind === "absent") return absentQueries(name, probe).changes ?? absentQueries(name, probe).rows;
  if (probe.kind === "nulls") return nullQuery(table, probe);
  if (probe.kind === "past") return pastQuery(table, probe);
  return probe.kind === "unmerged" ? unmergedQuery(table, probe) : probeQueries(table, probe).changes;
}

function count(n: number | string, what: string): string {
  return `${Number(n).toLocaleString("en-US")} ${what}${Number(n) === 1 ? "" : "s"}`;
}
