import { isMergeTreeFamily } from "../clickhouse/engines";
import type { Connection, Settings } from "../connection/connection";
import { ServerError } from "../connection/errors";
import { isAccessDenied, isReadonly } from "../connection/server-message";
import { messageOf } from "../errors";
import { quoteIdentifier } from "../sql/identifiers";
import { keyParts, quotedName } from "../sql/object-key";
import { type Limits, type Part, readSettings, type SampledColumn, sampleQuery, windowsOf } from "./sampling";

/** Rows of one table. */
export interface Sample {
  readonly columns: readonly SampledColumn[];
  /** Each the hexadecimal digits of a row in RowBinary. */
  readonly rows: readonly string[];
  /** Rows of the table, as far as the server counts them. */
  readonly total?: number;
  /** What limits what was read, for people. */
  readonly notes: readonly string[];
}

/** Why there is no sample: what is missing, and the next step. */
export interface NoSample {
  readonly reason: string;
}

/** Reads samples from a server, over one connection, with the right to SELECT and nothing else. */
export class Sampler {
  private readonly server: Connection;
  private readonly limits: Limits;
  private limitless = false;

  constructor(server: Connection, limits: Limits) {
    this.server = server;
    this.limits = limits;
  }

  /** Some user's settings cannot be changed: then only the number of rows is limited. */
  get isUnlimited(): boolean {
    return this.limitless;
  }

  /**
   * Rows of a table that stores its own.
   *
   * @param engine as `system.tables` has it.
   * @throws {ConnectionError} when the server cannot be reached any more.
   */
  async read(key: string, engine: string): Promise<Sample | NoSample> {
    try {
      return await this.readNow(key, engine);
    } catch (error) {
      if (!(error instanceof ServerError)) throw error;
      if (isAccessDenied(error)) return { reason: await this.missingRight(key) };
      return { reason: `its rows cannot be read: ${messageOf(error)}` };
    }
  }

  private async readNow(key: string, engine: string): Promise<Sample> {
    const table = quotedName(key);
    const columns = (await this.columnsOf(key)).filter(({ kind }) => kind !== "ALIAS" && kind !== "EPHEMERAL");
    if (columns.length === 0) throw new ServerError("this user sees none of its columns", 0, "");
    const { total, ...partly } = await this.partsOf(key, engine);
    let windows = partly.parts === undefined ? undefined : windowsOf(partly.parts, this.limits.rows);
    let rows = await this.ask(sampleQuery(table, columns, this.limits, windows));
    const wanted = windows?.reduce((sum, { from, to }) => sum + to - from, 0) ?? 0;
    if (windows !== undefined && rows.length * 2 < wanted) {
      // Parts that were merged away in between have no rows; a policy may also hide them.
      windows = undefined;
      rows = await this.ask(sampleQuery(table, columns, this.limits));
    }
    if (rows.length === 0 && total !== undefined && total > 0)
      throw new ServerError(
        `the server counts ${total}, and returns none to this user: a row policy may hide them`,
        0,
        "",
      );
    const notes = await this.notesOn(key);
    const isFirst = windows === undefined && total !== undefined && total > rows.length && rows.length > 0;
    if (isFirst) notes.push("the first rows that the server came upon, not a sample of all");
    return { columns, rows, notes, ...(total !== undefined && { total }) };
  }

  private async ask(sql: string): Promise<string[]> {
    const found = await this.limited<{ row: string }>(sql);
    return found.map(({ row }) => row);
  }

  /** @throws {ServerError} as the server answers. */
  private async limited<Row extends object>(sql: string): Promise<Row[]> {
    const settings: Settings = this.limitless ? {} : readSettings(this.limits);
    try {
      return await this.server.query<Row>(sql, {}, settings);
    } catch (error) {
      if (!isReadonly(error) || this.limitless) throw error;
      this.limitless = true;
      return this.server.query<Row>(sql);
    }
  }

  private columnsOf(key: string): Promise<SampledColumn[]> {
    const { database, name = "" } = keyParts(key);
    return this.server.query(
      "SELECT name, type, default_kind AS kind FROM system.columns WHERE database = {database:String} AND table = {name:String} ORDER BY position",
      { database, name },
    );
  }

  private async partsOf(key: string, engine: string): Promise<{ parts?: Part[]; total?: number }> {
    const { database, name = "" } = keyParts(key);
    const params = { database, name };
    const [table] = await this.server.query<{ total: string | null }>(
      "SELECT total_rows AS total FROM system.tables WHERE database = {database:String} AND name = {name:String}",
      params,
    );
    const total = table?.total == null ? {} : { total: Number(table.total) };
    if (!isMergeTreeFamily(engine)) return total;
    const found = await this.server
      .query<{ name: string; rows: string }>(
        "SELECT name, rows FROM system.parts WHERE active AND database = {database:String} AND table = {name:String} ORDER BY partition_id, min_block_number",
        params,
      )
      .catch((error: unknown) => {
        if (isAccessDenied(error)) return [];
        throw error;
      });
    const parts = found.map((part) => ({ name: part.name, rows: Number(part.rows) }));
    return parts.length === 0 ? total : { parts, ...total };
  }

  private async notesOn(key: string): Promise<string[]> {
    // The embedded engine has one user and no policies.
    if (this.server.url.startsWith("chdb:")) return [];
    const { database, name = "" } = keyParts(key);
    try {
      const rows = await this.server.query<{ name: string }>(POLICIES, { database, name });
      if (rows.length === 0) return [];
      const names = rows.map((row) => quoteIdentifier(row.name)).join(", ");
      return [`a row policy filters what this user reads: ${names}`];
    } catch (error) {
      if (!isAccessDenied(error)) throw error;
      return ["unknown: whether a row policy filters what this user reads (SELECT ON system.row_policies is missing)"];
    }
  }

  private async missingRight(key: string): Promise<string> {
    const [row] = await this.server.query<{ user: string }>("SELECT currentUser() AS user");
    return `this user may not read it: GRANT SELECT ON ${quotedName(key)} TO ${quoteIdentifier(row?.user ?? "")};`;
  }
}

const POLICIES = `SELECT short_name AS name FROM system.row_policies
WHERE database IN ({database:String}, '') AND table IN ({name:String}, '')
  AND (apply_to_all OR hasAny(apply_to_list, arrayConcat([currentUser()], enabledRoles())))
  AND NOT hasAny(apply_to_except, arrayConcat([currentUser()], enabledRoles()))
ORDER BY name`;
