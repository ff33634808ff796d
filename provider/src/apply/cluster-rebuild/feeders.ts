import { ServerError } from "../../connection/errors";
import { Postponed } from "../../operation/errors";
import { namesOf } from "../../operation/gate";
import { pause } from "../../operation/runner";
import { splitArguments } from "../../sql/fragments";
import { qualifiedName, quoteString, unquoteIdentifier, unquoteString } from "../../sql/identifiers";
import { parseCreate } from "../../sql/parse";
import { renderCreate } from "../../sql/render";
import type { QualifiedName, TableSpec } from "../../sql/spec";
import type { OnFleet } from "./context";
import { type Host, isPassing, onAll, TooLate, within } from "./fleet";

/** How long files of a Distributed table are waited for, in milliseconds. */
const FLUSH_LIMIT = 600_000;

/** A Distributed table over the rebuilt one, on one host. */
export interface Feeder extends QualifiedName {
  /** Of the host. */
  readonly address: string;
  readonly uuid: string;
}

/** A Distributed table as a host has it. */
interface LiveFeeder extends QualifiedName {
  readonly uuid: string;
  readonly spec: TableSpec;
  /** Views that its inserts fire. */
  readonly views: string;
}

/** The Distributed tables over a table on one host, under their own names. */
export async function feedersOn(host: Host, table: QualifiedName): Promise<LiveFeeder[]> {
  const rows = await host.rows<{ uuid: string; statement: string; views: string }>(
    "SELECT toString(uuid) AS uuid, create_table_query AS statement, toString(length(dependencies_table)) AS views FROM system.tables " +
      "WHERE engine = 'Distributed' ORDER BY database, name",
  );
  return rows.flatMap(({ statement, uuid, views }) => {
    const spec = parseCreate(statement);
    if (spec.kind !== "table" || !isOver(spec, table)) return [];
    return [{ database: spec.database, name: spec.name, uuid, spec, views }];
  });
}

function isOver({ database: own, storage }: TableSpec, { database, name }: QualifiedName): boolean {
  const [, text = ""] = /^Distributed\s*\(([\s\S]*)\)\s*$/.exec(storage.engine ?? "") ?? [];
  const [, of = "", table = ""] = splitArguments(text).map(plain);
  return (of === "" ? own : of) === database && table === name;
}

function plain(argument: string): string {
  return argument.startsWith("'") ? unquoteString(argument) : unquoteIdentifier(argument);
}

/**
 * An insert through a Distributed table is written shard by shard. Where one refuses it others have it already, and a client that repeats it
 * doubles those rows. So these tables refuse first. They take no ALTER of constraints: a twin with one has the name meanwhile.
 *
 * @param check the condition of the gate, by which all tables open by themselves.
 * @param until by the clock of this process.
 */
export async function closeFeeders(context: OnFleet, check: string, until: number): Promise<void> {
  const { journal, fed } = context;
  const { hosts } = await context.fleet();
  const found = await onAll(hosts, async (host) => (await feedersOn(host, fed)).map((feeder) => ({ ...feeder, host })));
  const all = found.flat().filter(({ name }) => !name.endsWith(suffix(context)));
  if (all.length === 0) return;
  const lines = all.map(
    ({ database, name, uuid, host }): Feeder => ({ address: host.host.address, database, name, uuid }),
  );
  await journal.set("feeders", lines);
  await within(
    until - Date.now(),
    Promise.all(
      all.map(async ({ host, spec }) => {
        const twin = { database: spec.database, name: spec.name + suffix(context) };
        const gate = { name: namesOf(context.runner)[0], kind: "CHECK" as const, expression: check };
        const constraints = [...spec.constraints, gate];
        await host.runner.run(`DROP TABLE IF EXISTS ${qualifiedName(twin)} SYNC`);
        await host.runner.run(renderCreate({ ...spec, ...twin, constraints } as TableSpec));
        await host.runner.run(`EXCHANGE TABLES ${qualifiedName(spec)} AND ${qualifiedName(twin)}`);
      }),
    ),
  );
}

/**
 * Delivers what the closed Distributed tables have accepted. A host that dies may have stored a file of theirs and not said so; it is sent again,
 * and left out only by the table that has it already: so none may be left over for the new table.
 *
 * @param until by the clock of this process.
 */
export async function emptyFeeders(context: OnFleet, until: number): Promise<void> {
  const known = context.journal.get<Feeder[] | null>("feeders") ?? [];
  const { hosts } = await context.fleet();
  const flushing = known.map(async ({ address, database, name }) => {
    const { runner } = hosts.find(({ host }) => host.address === address) ?? {};
    const twin = qualifiedName({ database, name: name + suffix(context) });
    await runner?.run(`SYSTEM FLUSH DISTRIBUTED ${twin}`).catch((error: unknown) => {
      if (!(error instanceof ServerError)) throw error;
      throw new TooLate(`${twin} on ${address}: ${error.message}`);
    });
  });
  await within(until - Date.now(), Promise.all(flushing));
}

/** Gives the Distributed tables their names back, on each host that has exchanged them; what a twin took after its time goes on its way. */
export async function openFeeders(context: OnFleet): Promise<void> {
  const { journal } = context;
  const known = journal.get<Feeder[] | null>("feeders");
  if (!known || known.length === 0) return;
  const { hosts } = await context.fleet();
  await onAll(hosts, async (host) => {
    for (const feeder of known) if (feeder.address === host.host.address) await openFeeder(context, host, feeder);
  });
  await journal.set("feeders", null);
}

async function openFeeder(context: OnFleet, host: Host, feeder: Feeder): Promise<void> {
  const [name, twin] = [qualifiedName(feeder), qualifiedName({ ...feeder, name: feeder.name + suffix(context) })];
  await host.persist(async () => {
    // A statement whose answer was lost may still come.
    await host.runner.endLeftovers();
    const uuids = await uuidsOf(host, feeder, feeder.name + suffix(context));
    if (uuids.get(feeder.name) === feeder.uuid || ![...uuids.values()].includes(feeder.uuid)) return;
    await host.runner.run(`EXCHANGE TABLES ${name} AND ${twin}`);
  });
  if (!(await uuidsOf(host, feeder, feeder.name + suffix(context))).has(feeder.name + suffix(context))) return;
  await flush(host, twin);
  await host.run(`DROP TABLE IF EXISTS ${twin} SYNC`);
}

/** Rows that were accepted wait in files of the table until the other shards take them. */
async function flush(host: Host, table: string): Promise<void> {
  for (const limit = Date.now() + FLUSH_LIMIT; ; await pause(500)) {
    try {
      return await host.runner.run(`SYSTEM FLUSH DISTRIBUTED ${table}`);
    } catch (error) {
      if (!isPassing(error) && !(error instanceof ServerError)) throw error;
      if (Date.now() > limit) {
        throw new Postponed(
          `${table}: rows that it has accepted on ${host.name} are not taken by the other shards; system.distribution_queue there says why. They are kept, and the next run tries again.`,
          { cause: error },
        );
      }
    }
  }
}

async function uuidsOf(host: Host, { database, name }: QualifiedName, twin: string): Promise<Map<string, string>> {
  const rows = await host.rows<{ name: string; uuid: string }>(
    `SELECT name, toString(uuid) AS uuid FROM system.tables WHERE database = ${quoteString(database)} AND name IN (${quoteString(name)}, ${quoteString(twin)})`,
  );
  return new Map(rows.map((row) => [row.name, row.uuid]));
}

function suffix({ runner }: OnFleet): string {
  return `__gate_${runner.operation}`;
}
