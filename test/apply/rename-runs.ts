/** Random renames under writers, with crashes. */

import { setTimeout as sleep } from "node:timers/promises";
import { unfinishedOperations } from "../../provider/src/apply/operations";
import { RENAME, type RenameOptions, renameObject } from "../../provider/src/apply/rename/index";
import type { Connection } from "../../provider/src/connection/connection";
import { ServerError } from "../../provider/src/connection/errors";
import { abort, resume } from "../../provider/src/operation/engine";
import { Crash, dyingAt, inWordsOf } from "./runs";
import { Ledger, random, type Surprise } from "./writers";

/** What is renamed: `{d}` is the database of the tables, `{o}` another one. */
export interface Variant {
  readonly name: string;
  readonly object: RenameOptions["object"];
  readonly from: string;
  readonly to: string;
}

export const VARIANTS: readonly Variant[] = [
  { name: "table", object: "table", from: "{d}.t", to: "{d}.t 2" },
  { name: "table moved to another database", object: "table", from: "{d}.t", to: "{o}.moved" },
  { name: "target", object: "table", from: "{d}.agg", to: "{o}.agg" },
  { name: "entry table", object: "table", from: "{d}.u", to: "{d}.entry" },
  { name: "materialized view", object: "materializedView", from: "{d}.t_to_agg", to: "{o}.t_to_agg" },
  { name: "materialized view with an inner table", object: "materializedView", from: "{d}.inner", to: "{d}.inside" },
  { name: "view", object: "view", from: "{d}.names", to: "{o}.names" },
  { name: "database", object: "database", from: "{d}", to: "{d}_2" },
];

/** Tables with the rows of `t`, by the column that counts. */
const HOLDERS = { t: "v", agg: "c", inner: "c", out: "c", chosen: "c" } as const;
type Holder = keyof typeof HOLDERS;

/** What a random run was. */
export interface RenameRun {
  ids: number;
  /** Acknowledged rows that a table has not, and rows that it has too often. */
  lost: Partial<Record<Holder, number>>;
  doubled: Partial<Record<Holder, number>>;
  /** Rows of `u` that `t` has not, or the other way round; unclear ones also where a view's target differs from `t`. */
  halfWay: number;
  crashes: number;
  refused: number;
  /** Refusals by code. */
  refusals: Readonly<Record<string, number>>;
  /** What writers were told that the protocol does not foresee. */
  surprises: readonly Surprise[];
  aborted: boolean;
  gates: number[];
  diedAt: string[];
}

/** Names of the tables, before and after. */
export interface Names {
  /** Codes after which a client tries again. */
  readonly foreseen: readonly number[];
  readonly before: (table: string) => string;
  readonly after: (table: string) => string;
}

export function namesOf(database: string, { from, object, to }: Variant): Names {
  const fill = (text: string): string => text.replace("{d}", database).replace("{o}", `${database}_o`);
  const home = (table: string): string => `${table === "out" ? "{o}" : "{d}"}.${table}`;
  const quoted = (name: string): string => fill(name).replace(/\.(.*)$/, ".`$1`");
  return {
    foreseen: FORESEEN[object] ?? REFUSED,
    before: (table) => quoted(home(table)),
    after: (table) => quoted(home(table) === from ? to : home(table).replace(/^\{d\}/, from === "{d}" ? to : "{d}")),
  };
}

/** The names before and after, as the rename takes them. */
export function endsOf(database: string, { from, to }: Variant): [RenameOptions["from"], RenameOptions["to"]] {
  return [from, to].map((text) => {
    const [base = "", name] = text.replace("{d}", database).replace("{o}", `${database}_o`).split(".");
    return name === undefined ? { database: base } : { database: base, name };
  }) as [RenameOptions["from"], RenameOptions["to"]];
}

/** Makes `u` → view → `t` → views → `agg`, `out` in another database, and an inner table; one of them reads a view as well. */
export async function createRenameTables(connection: Connection, database: string): Promise<void> {
  const [d, o] = [database, `${database}_o`];
  const columns = "(`id` UInt64, `grp` UInt32, `v` Int64)";
  const count = "(`id` Int64, `c` Int64)";
  for (const sql of [
    `CREATE DATABASE ${d}`,
    `CREATE DATABASE ${o}`,
    `CREATE TABLE ${d}.t ${columns} ENGINE = MergeTree PARTITION BY grp % 3 ORDER BY id`,
    `CREATE TABLE ${d}.u ${columns} ENGINE = MergeTree ORDER BY id`,
    `CREATE TABLE ${d}.agg ${count} ENGINE = SummingMergeTree ORDER BY id`,
    `CREATE TABLE ${o}.out ${count} ENGINE = SummingMergeTree ORDER BY id`,
    `CREATE TABLE ${d}.chosen ${count} ENGINE = SummingMergeTree ORDER BY id`,
    `CREATE TABLE ${d}.groups (grp UInt32, name String) ENGINE = MergeTree ORDER BY grp`,
    `INSERT INTO ${d}.groups SELECT number, toString(number) FROM numbers(10)`,
    `CREATE VIEW ${d}.names AS SELECT grp, name FROM ${d}.groups`,
    `CREATE MATERIALIZED VIEW ${d}.u_to_t TO ${d}.t AS SELECT id, grp, v FROM ${d}.u`,
    `CREATE MATERIALIZED VIEW ${d}.t_to_agg TO ${d}.agg (\`id\` Int64 COMMENT 'of the row', \`c\` Int64) COMMENT 'sums' AS SELECT id, sum(v) AS c FROM ${d}.t GROUP BY id`,
    `CREATE MATERIALIZED VIEW ${o}.t_to_out TO ${o}.out AS SELECT ${d}.t.id AS id, sum(v) AS c FROM ${d}.t GROUP BY id`,
    `CREATE MATERIALIZED VIEW ${d}.t_to_chosen TO ${d}.chosen AS SELECT id, sum(v) AS c FROM ${d}.t AS x INNER JOIN ${d}.names AS n ON n.grp = x.grp GROUP BY id`,
    `CREATE MATERIALIZED VIEW ${d}.inner ENGINE = SummingMergeTree ORDER BY id AS SELECT id, sum(v) AS c FROM ${d}.t GROUP BY id`,
    `CREATE VIEW ${o}.reader AS SELECT count() AS rows FROM ${d}.t`,
  ]) {
    await connection.command(inWordsOf(connection, sql));
  }
}

/** Renames under three writers, with crashes at random statements, each followed by a fresh runner; some are aborted. */
export async function randomRename(
  open: () => Promise<Connection>,
  database: string,
  variant: Variant,
  seed: number,
): Promise<RenameRun> {
  const chance = random(seed);
  const ledger = new Ledger();
  const connection = await open();
  const clients = await Promise.all([open(), open(), open()]);
  const names = namesOf(database, variant);
  await createRenameTables(connection, database);
  let over = false;
  const writers = clients.map((client) => writeTo(client, names, ledger, random(chance() * 2 ** 31), () => over));
  try {
    await sleep(20 + chance() * 60);
    const outcome = await renameWithCrashes(open, database, variant, chance);
    await sleep(30 + chance() * 40);
    over = true;
    await Promise.all(writers);
    const name = outcome.aborted ? names.before : names.after;
    for (const table of ["u", "t"]) {
      const id = ledger.take(1);
      Ledger.bump(ledger.begun, id, 1);
      await connection.command(`INSERT INTO ${name(table)} (id, grp, v) SELECT ${id}, 1, 1`);
      Ledger.bump(ledger.acknowledged, id, 1);
    }
    const found = await compareHolders(connection, name, ledger);
    const refusals = Object.fromEntries(ledger.refusals);
    return { ...found, refused: ledger.refused, refusals, surprises: ledger.surprises, ...outcome };
  } finally {
    over = true;
    await Promise.allSettled(writers);
    for (const name of [database, `${database}_2`, `${database}_o`]) {
      await connection.command(`DROP DATABASE IF EXISTS ${name} SYNC`);
    }
    await Promise.all([connection, ...clients].map((client) => client.close()));
  }
}

async function renameWithCrashes(
  open: () => Promise<Connection>,
  database: string,
  variant: Variant,
  chance: () => number,
): Promise<Pick<RenameRun, "crashes" | "aborted" | "gates" | "diedAt">> {
  const [diedAt, gates]: [string[], number[]] = [[], []];
  let closedAt = 0;
  const onGate = (closed: boolean): void => {
    if (!closed && closedAt > 0) gates.push(Date.now() - closedAt);
    closedAt = closed ? Date.now() : 0;
  };
  const [from, to] = endsOf(database, variant);
  const aborts = chance() < 0.2;
  let aborting = false;
  let dieAt = Math.floor(chance() * 50);
  for (let crashes = 0; ; crashes += 1) {
    const runner = await open();
    const hooks = { ...dyingAt(dieAt, (sql) => diedAt.push(sql.replaceAll(database, "d"))), onGate };
    const known = (
      await Promise.all([from.database, to.database].map((name) => unfinishedOperations(runner, name)))
    ).flat()[0];
    try {
      if (known !== undefined && (aborting || (aborts && known.canAbort))) {
        aborting = true;
        await abort(RENAME, runner, known, hooks);
      } else if (known !== undefined && chance() < 0.5) await resume(RENAME, runner, known, hooks);
      else if (!aborting) await renameObject(runner, { object: variant.object, from, to, operation: "r1", ...hooks });
      return { crashes, aborted: aborting, diedAt, gates };
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      closedAt = 0;
      dieAt = crashes >= 3 ? Number.POSITIVE_INFINITY : Math.floor(chance() * 40);
      await sleep(chance() * 60);
    } finally {
      await runner.close();
    }
  }
}

/**
 * Codes with which nothing is written. 469: refused. 741: it got the other name between two look-ups. 60, 81: the table or database has
 * the other name, or the target of a view has; renamed views give no reason for that.
 */
const FORESEEN: Readonly<Partial<Record<RenameOptions["object"], readonly number[]>>> = {
  table: [60, 469, 741],
  database: [60, 81, 469, 741],
};
const REFUSED: readonly number[] = [469, 741];

/** One client: into `u` or `t`, under the old name or the new one, whichever is there. */
export async function writeTo(
  connection: Connection,
  names: Names,
  ledger: Ledger,
  chance: () => number,
  isOver: () => boolean,
): Promise<void> {
  while (!isOver()) {
    const count = 1 + Math.floor(chance() * 10);
    const first = ledger.take(count);
    const table = chance() < 0.5 ? "u" : "t";
    const pause = chance() < 0.25 ? ` + sleepEachRow(${(0.01 + chance() * 0.05).toFixed(3)})` : "";
    const values =
      `(id, grp, v) SELECT number + ${first} AS n, toUInt32(n % 7), 1${pause} FROM numbers(${count}) SETTINGS max_block_size = 2, ` +
      "max_threads = 1, min_insert_block_size_rows = 1, min_insert_block_size_bytes = 1, max_insert_block_size = 2";
    if (table === "u") for (let id = first; id < first + count; id += 1) ledger.throughView.add(id);
    await insert(connection, names, table, values, ledger, [first, count], isOver);
    await sleep(chance() * 15);
  }
}

async function insert(
  connection: Connection,
  names: Names,
  table: "t" | "u",
  values: string,
  ledger: Ledger,
  [first, count]: readonly [number, number],
  isOver: () => boolean,
): Promise<void> {
  Ledger.bump(ledger.begun, first, count);
  const [before, after] = [names.before(table), names.after(table)];
  for (let name = before; ; ) {
    try {
      await connection.command(`INSERT INTO ${name} ${values}`);
      Ledger.bump(ledger.acknowledged, first, count);
      return;
    } catch (error) {
      if (!ledger.isRetryable(error, names.foreseen, [first, count], name) || isOver()) return;
      if (!(error instanceof ServerError) || error.code !== 469) name = name === before ? after : before;
      await sleep(10);
    }
  }
}

export async function compareHolders(
  connection: Connection,
  name: (table: string) => string,
  ledger: Ledger,
): Promise<Pick<RenameRun, "ids" | "lost" | "doubled" | "halfWay">> {
  const load = async (table: string, value: string): Promise<Map<number, number>> => {
    const rows = await connection.query<{ id: string; c: string }>(
      `SELECT toString(id) AS id, toString(sum(${value})) AS c FROM ${name(table)} GROUP BY id`,
    );
    return new Map(rows.map(({ id, c }) => [Number(id), Number(c)]));
  };
  const bump = (counts: Partial<Record<Holder, number>>, holder: Holder): void => {
    counts[holder] = (counts[holder] ?? 0) + 1;
  };
  const found = { ids: ledger.begun.size, lost: {}, doubled: {}, halfWay: 0 };
  const [entered, arrived] = [await load("u", "v"), await load("t", "v")];
  for (const id of ledger.throughView) if ((entered.get(id) ?? 0) !== (arrived.get(id) ?? 0)) found.halfWay += 1;
  for (const holder of Object.keys(HOLDERS) as Holder[]) {
    const rows = await load(holder, HOLDERS[holder]);
    for (const id of ledger.begun.keys()) {
      const count = rows.get(id) ?? 0;
      if (count < (ledger.acknowledged.get(id) ?? 0)) bump(found.lost, holder);
      if (count > ledger.most(id)) bump(found.doubled, holder);
      if (ledger.unclear.has(id) && count !== (arrived.get(id) ?? 0)) found.halfWay += 1;
    }
  }
  return found;
}
