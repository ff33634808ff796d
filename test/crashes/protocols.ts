/** The four long protocols under writers, as a server and a runner process that die see them. */

import { resumeOperation, unfinishedOperations } from "../../provider/src/apply/operations";
import { rebuildTable } from "../../provider/src/apply/rebuild/index";
import { renameObject } from "../../provider/src/apply/rename/index";
import { applyViewStep } from "../../provider/src/apply/views/index";
import type { Connection } from "../../provider/src/connection/connection";
import type { OperationHooks } from "../../provider/src/operation/protocol";
import { BACKFILL_CASES, createSource, createViews, runBackfill } from "../apply/backfill-cases";
import { compareTarget } from "../apply/backfill-runs";
import { refresh } from "../apply/refreshes";
import {
  compareHolders,
  createRenameTables,
  endsOf,
  namesOf,
  VARIANTS as RENAMES,
  writeTo,
} from "../apply/rename-runs";
import { createTables, definitions, skipSelfTest, VARIANTS } from "../apply/tables";
import { createView, stepOf, VIEW_CASES } from "../apply/views-cases";
import { compare, Ledger, type Losses, type Pace, write } from "../apply/writers";

/** One operation of a run. */
export interface Job {
  readonly database: string;
  /** Which of the protocol's cases; counted on without end. */
  readonly index: number;
  readonly operation: string;
}

/** Rows that are not as the clients were told, in any of the tables. */
export interface Difference {
  readonly lost: number;
  readonly doubled: number;
}

/** Small chunks, so that there are several. */
type Hooks = OperationHooks & { readonly chunkRows: number };

export interface Protocol {
  /** How many statements an operation has, about: fewer rather than more, so that it is hit. */
  readonly statements: (index: number) => number;
  readonly caseName: (index: number) => string;
  /** Makes the tables and rows that are there before. */
  readonly prepare: (connection: Connection, job: Job, ledger: Ledger) => Promise<void>;
  /** One client, until it is over. */
  readonly write: (
    connection: Connection,
    job: Job,
    ledger: Ledger,
    chance: () => number,
    isOver: () => boolean,
    pace: Pace,
  ) => Promise<void>;
  readonly begin: (connection: Connection, job: Job, hooks: Hooks) => Promise<unknown>;
  readonly compare: (connection: Connection, job: Job, ledger: Ledger) => Promise<Difference>;
  readonly databases: (job: Job) => readonly string[];
}

const pick = <T>(list: readonly T[], index: number): T => list[index % list.length] as T;

/** Rows of both entries before anything else happens. */
async function fill(connection: Connection, database: string, ledger: Ledger): Promise<void> {
  for (let part = 0; part < 8; part += 1) {
    const table = part % 3 === 2 ? "u" : "t";
    const first = ledger.take(20);
    Ledger.bump(ledger.begun, first, 20);
    await connection.command(
      `INSERT INTO ${database}.${table} (id, grp, v, note) SELECT number + ${first} AS n, toUInt32(n % 7), 1, NULL FROM numbers(20)`,
    );
    Ledger.bump(ledger.acknowledged, first, 20);
    if (table === "u") for (let id = first; id < first + 20; id += 1) ledger.throughView.add(id);
  }
}

/** An insert that the death of the server cut short may be in one table and not in the next: no protocol can help that. */
const added = ({ lost, doubled, viewLost, viewDoubled }: Losses): Difference => ({
  lost: lost + viewLost,
  doubled: doubled + viewDoubled,
});

const own = ({ database }: Job): readonly string[] => [database];
const REPEATING = VARIANTS.find(({ repeats }) => repeats) ?? pick(VARIANTS, 0);

const rebuild: Protocol = {
  statements: () => 50,
  caseName: (index) => pick(VARIANTS, index).name,
  prepare: async (connection, { database, index }, ledger) => {
    await createTables(connection, database, pick(VARIANTS, index));
    await skipSelfTest(connection, database);
    await fill(connection, database, ledger);
  },
  write: (connection, { database, index }, ledger, chance, isOver, pace) =>
    write(connection, database, ledger, chance, pick(VARIANTS, index), isOver, pace),
  begin: (connection, { database, index, operation }, hooks) =>
    rebuildTable(connection, { ...definitions(database, pick(VARIANTS, index)), operation, ...hooks }),
  compare: async (connection, { database, index }, ledger) =>
    added(await compare(connection, database, ledger, pick(VARIANTS, index).read)),
  databases: own,
};

const views: Protocol = {
  // A view with a target is replaced in few.
  statements: (index) => (pick(VIEW_CASES, index).from.startsWith("TO") ? 14 : 40),
  caseName: (index) => pick(VIEW_CASES, index).name,
  prepare: async (connection, { database, index }, ledger) => {
    await createView(connection, database, pick(VIEW_CASES, index));
    await fill(connection, database, ledger);
  },
  write: (connection, { database }, ledger, chance, isOver, pace) =>
    write(connection, database, ledger, chance, REPEATING, isOver, pace),
  begin: (connection, { database, index, operation }, hooks) => {
    const view = pick(VIEW_CASES, index);
    return applyViewStep(connection, stepOf(database, view), { operation, allow: view.allow ?? [], ...hooks });
  },
  compare: async (connection, { database, index }, ledger) => {
    if (pick(VIEW_CASES, index).to.startsWith("REFRESH")) await refresh(connection, `${database}.v`);
    return added(await compare(connection, database, ledger, true));
  },
  databases: own,
};

const rename: Protocol = {
  statements: () => 30,
  caseName: (index) => pick(RENAMES, index).name,
  prepare: async (connection, { database }) => {
    // It is made with the tables.
    await connection.command(`DROP DATABASE ${database} SYNC`);
    await createRenameTables(connection, database);
  },
  write: (connection, { database, index }, ledger, chance, isOver) =>
    writeTo(connection, namesOf(database, pick(RENAMES, index)), ledger, chance, isOver),
  begin: (connection, { database, index, operation }, hooks) => {
    const { object } = pick(RENAMES, index);
    const [from, to] = endsOf(database, pick(RENAMES, index));
    return renameObject(connection, { object, from, to, operation, ...hooks });
  },
  compare: async (connection, { database, index }, ledger) => {
    const { lost, doubled } = await compareHolders(connection, namesOf(database, pick(RENAMES, index)).after, ledger);
    const sum = (counts: object): number => Object.values(counts).reduce((total, count) => total + count, 0);
    return { lost: sum(lost), doubled: sum(doubled) };
  },
  databases: ({ database }) => [database, `${database}_o`, `${database}_2`],
};

const backfill: Protocol = {
  statements: () => 60,
  caseName: (index) => pick(BACKFILL_CASES, index).name,
  prepare: async (connection, { database, index }, ledger) => {
    await createSource(connection, database, pick(BACKFILL_CASES, index));
    await fill(connection, database, ledger);
    await createViews(connection, database, pick(BACKFILL_CASES, index));
  },
  write: (connection, { database }, ledger, chance, isOver, pace) =>
    write(connection, database, ledger, chance, REPEATING, isOver, pace),
  begin: (connection, { database, index, operation }, hooks) =>
    runBackfill(connection, database, pick(BACKFILL_CASES, index), { operation, chunk: 50, ...hooks }),
  compare: async (connection, { database, index }, ledger) => {
    const found = added(await compare(connection, database, ledger, true));
    const target = await compareTarget(connection, database, pick(BACKFILL_CASES, index), ledger);
    return { lost: found.lost + target.targetLost, doubled: found.doubled + target.targetDoubled };
  },
  databases: own,
};

export const PROTOCOLS = { rebuild, views, rename, backfill } as const satisfies Readonly<Record<string, Protocol>>;
export type ProtocolName = keyof typeof PROTOCOLS;

/** What the next `pulumi up` does: finishes what is unfinished, else begins. */
export async function run(
  name: ProtocolName,
  connection: Connection,
  job: Job,
  given: OperationHooks = {},
): Promise<unknown> {
  const { begin, databases } = PROTOCOLS[name];
  const hooks: Hooks = { chunkRows: 50, ...given };
  for (const database of databases(job)) {
    const [found] = await unfinishedOperations(connection, database);
    if (found !== undefined) return resumeOperation(connection, found, () => undefined, hooks);
  }
  return begin(connection, job, hooks);
}

export function isProtocol(name: string): name is ProtocolName {
  return Object.hasOwn(PROTOCOLS, name);
}
