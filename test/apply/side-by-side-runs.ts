/** Operations of all kinds, many at the same time on one server, each under a writer. */
import { setTimeout as sleep } from "node:timers/promises";
import { createWithBackfill } from "../../provider/src/apply/backfill/index";
import { newOperation, rebuildTable } from "../../provider/src/apply/rebuild/index";
import { renameObject } from "../../provider/src/apply/rename/index";
import { applyViewStep } from "../../provider/src/apply/views/index";
import type { Connection } from "../../provider/src/connection/connection";
import { ServerError } from "../../provider/src/connection/errors";
import { parseCreate } from "../../provider/src/sql/parse/index";
import type { MaterializedViewSpec } from "../../provider/src/sql/spec";

export const KINDS = ["rebuild", "retarget", "externalise", "rename source", "rename target", "backfill"] as const;
export type Kind = (typeof KINDS)[number];

/** What became of one operation; rows are those that the writer was told of, and those found. */
export interface Outcome {
  readonly kind: Kind;
  readonly error?: string;
  readonly acknowledged: number;
  readonly inSource: number;
  readonly inTargets: number;
}

const COLUMNS = "(`a` UInt64, `b` UInt64)";
/** Nothing is stored, and a client tries again. */
const RETRYABLE: ReadonlySet<number> = new Set([60, 469, 741]);

/** After this time a gate has opened by itself, in milliseconds. */
const GATE_LENGTH = 10_000;

/** The objects of one operation; `n` keeps them apart. */
class Case {
  private readonly database: string;
  private readonly n: string;
  readonly kind: Kind;

  constructor(database: string, n: string, kind: Kind) {
    this.database = database;
    this.n = n;
    this.kind = kind;
  }

  name(what: string): string {
    return `${this.database}.${what}${this.n}`;
  }

  /** The view as it is before, or after a change of it. */
  view(to: string): string {
    return `CREATE MATERIALIZED VIEW ${this.name("v")} ${to} AS SELECT a, b FROM ${this.name("s")}`;
  }

  table(what: string, orderBy = "a"): string {
    return `CREATE TABLE ${this.name(what)} ${COLUMNS} ENGINE = MergeTree ORDER BY ${orderBy}`;
  }

  get inner(): string {
    return this.view(`${COLUMNS} ENGINE = MergeTree ORDER BY a`);
  }

  target(what: string): string {
    return this.view(`TO ${this.name(what)} ${COLUMNS}`);
  }

  get statements(): string[] {
    const views = { backfill: [], externalise: [this.inner] }[this.kind as string] ?? [this.target("x")];
    const rows = `INSERT INTO ${this.name("s")} SELECT number, 1 FROM numbers(200)`;
    return [this.table("s"), this.table("x"), this.table("y"), ...views, rows];
  }

  async run(connection: Connection): Promise<void> {
    const operation = newOperation();
    const named = (what: string): { database: string; name: string } => ({
      database: this.database,
      name: what + this.n,
    });
    const step = (kind: "retarget-view" | "externalise-view", from: string, to: string): Promise<unknown> => {
      const [before, after] = [from, to].map((sql) => parseCreate(sql) as MaterializedViewSpec);
      if (before === undefined || after === undefined) throw new Error("no specs");
      return applyViewStep(connection, { kind, from: before, to: after }, { operation });
    };
    const rename = (from: string, to: string): Promise<unknown> =>
      renameObject(connection, { object: "table", from: named(from), to: named(to), operation });
    switch (this.kind) {
      case "rebuild":
        await rebuildTable(connection, { from: this.table("s"), to: this.table("s", "(b, a)"), operation });
        break;
      case "retarget":
        await step("retarget-view", this.target("x"), this.target("y"));
        break;
      case "externalise":
        await step("externalise-view", this.inner, this.target("y"));
        break;
      case "rename source":
        await rename("s", "r");
        break;
      case "rename target":
        await rename("x", "r");
        break;
      case "backfill":
        await createWithBackfill(connection, [this.target("y")], { operation });
        break;
    }
  }
}

/** Runs operations at the same time, each by a runner of its own, and compares their rows. @param databases one for each operation. */
export async function runSideBySide(
  open: () => Promise<Connection>,
  databases: readonly string[],
  kinds: readonly Kind[],
): Promise<Outcome[]> {
  const cases = kinds.map((kind, index) => new Case(databases[index] ?? "", String(index), kind));
  const connection = await open();
  for (const one of cases) for (const sql of one.statements) await connection.command(sql);
  const outcomes = await Promise.all(cases.map((one) => outcomeOf(open, one)));
  await connection.close();
  return outcomes;
}

async function outcomeOf(open: () => Promise<Connection>, one: Case): Promise<Outcome> {
  const [runner, client] = await Promise.all([open(), open()]);
  let over = false;
  const writer = write(client, one, () => over);
  let error: string | undefined;
  await one.run(runner).catch((thrown: unknown) => {
    error = String(thrown);
  });
  over = true;
  const acknowledged = await writer.catch((thrown: unknown) => {
    error = `${error ?? "ended well"}, and inserts stay refused: ${thrown}`;
    return 0;
  });
  const count = async (tables: readonly string[]): Promise<number> => {
    let found = 0;
    for (const table of tables) {
      const [row] = await client
        .query<{ rows: string }>(`SELECT toString(count()) AS rows FROM ${table}`)
        .catch(() => [{ rows: "0" }]);
      found += Number(row?.rows);
    }
    return found;
  };
  const inSource = await count([one.name("s"), one.name("r")].slice(0, one.kind === "rename source" ? 2 : 1));
  const targets = one.kind === "rename target" ? ["r"] : ["x", "y"];
  const inTargets = await count(targets.map((what) => one.name(what)));
  await Promise.all([runner.close(), client.close()]);
  return { kind: one.kind, ...(error !== undefined && { error }), acknowledged, inSource, inTargets };
}

/** @returns how many rows the server has taken. @throws when inserts are refused for good. */
async function write(client: Connection, one: Case, isOver: () => boolean): Promise<number> {
  let [rows, name] = [200, one.name("s")];
  for (let id = 200; !isOver() || id < 220; id += 1) {
    for (let overSince = Number.POSITIVE_INFINITY; ; ) {
      try {
        await client.command(`INSERT INTO ${name} SELECT ${id}, 1`);
        rows += 1;
        break;
      } catch (error) {
        if (!(error instanceof ServerError) || !RETRYABLE.has(error.code ?? 0)) throw error;
        if (error.code === 60 && one.kind === "rename source") name = one.name(name === one.name("s") ? "r" : "s");
        if (isOver()) overSince = Math.min(overSince, Date.now());
        if (Date.now() - overSince > GATE_LENGTH) throw error;
        await sleep(10);
      }
    }
    await sleep(10);
  }
  return rows;
}
