/** One operation under writers, whose runner process and whose server are killed at random statements until it is done. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { newOperation } from "../../provider/src/apply/rebuild/index";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { Ledger, type Pace, random, type Surprise } from "../apply/writers";
import { freshDatabase, type TestServer } from "../support/server";
import { TYPESCRIPT } from "../support/typescript";
import { type Difference, type Job, PROTOCOLS, type ProtocolName } from "./protocols";
import type { Order } from "./runner";

const WRITERS = 3;
/** Longest time that a runner without its server, or one that is not to die, may take, in milliseconds. */
const RUNNER_LIMIT = 300_000;
const ATTEMPTS = 8;
/** How long clients hold back, in milliseconds, where a runner asks for that on a busy machine. */
const REST = 5000;

/** What a run was. */
export interface CrashRun extends Difference {
  readonly rows: number;
  /** Statements that the runner was killed at, and those that the server was killed at. */
  readonly killedRunner: readonly string[];
  readonly killedServer: readonly string[];
  readonly refused: number;
  /** What writers were told that the protocol does not foresee; a lost connection is, where the server is killed. */
  readonly surprises: readonly Surprise[];
  /** What is wrong besides rows; empty when nothing is. */
  readonly wrong: readonly string[];
}

/**
 * How long after its start a server answers some inserts with 60, in milliseconds: on 25.8 the target of a view may be loaded after the view's
 * source. Seen with nothing but a restart; nothing of such an insert is stored.
 */
const LOADING = 10_000;
const TARGET_NOT_LOADED = /Target table .* of view .* doesn't exist/;

type Victim = "runner" | "server";

/** One death to come. */
interface Kill {
  readonly victim: Victim;
  /** Which statement of the runner, counted from 0, and how many milliseconds after it was sent. */
  readonly statement: number;
  readonly delay: number;
}

/** Runs one operation to its end. @param index which of the protocol's cases; also varies everything random. */
export async function crashRun(
  server: TestServer,
  protocol: ProtocolName,
  index: number,
  seed: number,
): Promise<CrashRun> {
  const { compare, databases, prepare, statements, write } = PROTOCOLS[protocol];
  const [chance, ledger] = [random(seed), new Ledger()];
  const open = (): Promise<Connection> => openConnection({ url: server.url });
  const connection = await open();
  const job: Job = { database: await freshDatabase(server), index, operation: newOperation() };
  await prepare(connection, job, ledger);
  const pace: Pace = {};
  let over = false;
  const clients = await Promise.all(Array.from({ length: WRITERS }, open));
  const writers = clients.map((client) => write(client, job, ledger, random(chance() * 2 ** 31), () => over, pace));
  try {
    await sleep(30 + chance() * 60);
    const deaths = await runToTheEnd(
      server,
      { protocol, url: server.url, job },
      killsOf(chance, statements(index)),
      pace,
    );
    await sleep(50 + chance() * 100);
    over = true;
    await Promise.allSettled(writers);
    const wrong = [...deaths.wrong, ...(await leftovers(connection, databases(job)))];
    const difference = await compare(connection, job, ledger);
    const surprises = ledger.surprises.filter((one) => one.code !== undefined && !isLoading(one, deaths.restarts));
    const { killedRunner, killedServer } = deaths;
    return {
      ...difference,
      rows: ledger.begun.size,
      killedRunner,
      killedServer,
      refused: ledger.refused,
      surprises,
      wrong,
    };
  } finally {
    over = true;
    await Promise.allSettled(writers);
    for (const name of databases(job)) {
      await connection.command(`DROP DATABASE IF EXISTS ${name} SYNC SETTINGS check_table_dependencies = 0`);
    }
    await Promise.all([connection, ...clients].map((client) => client.close()));
  }
}

/** One death of each kind at least, in any order; sometimes a third. */
function killsOf(chance: () => number, statements: number): Kill[] {
  const victims: Victim[] = chance() < 0.5 ? ["runner", "server"] : ["server", "runner"];
  if (chance() < 0.3) victims.push(chance() < 0.5 ? "runner" : "server");
  // What is left to do gets less with each of them.
  return victims.map((victim, turn) => ({
    victim,
    statement: Math.floor(chance() * (statements / (turn + 1))),
    delay: chance() < 0.5 ? 0 : chance() * 20,
  }));
}

function isLoading({ at, code, message }: Surprise, restarts: readonly number[]): boolean {
  return code === 60 && TARGET_NOT_LOADED.test(message) && restarts.some((start) => Math.abs(at - start) < LOADING);
}

/** What became of all runners; `restarts` are the moments after each start of the server. */
interface Deaths extends Pick<CrashRun, "killedRunner" | "killedServer" | "wrong"> {
  readonly restarts: readonly number[];
}

async function runToTheEnd(server: TestServer, order: Order, kills: readonly Kill[], pace: Pace): Promise<Deaths> {
  const restarts: number[] = [];
  const killed: Record<Victim, string[]> = { runner: [], server: [] };
  const wrong: string[] = [];
  for (let attempt = 0; ; attempt += 1) {
    const kill = kills[attempt];
    const { code, killedAt, said } = await attemptOf(server, order, kill);
    if (kill !== undefined && killedAt !== undefined) {
      if (kill.victim === "server") restarts.push(Date.now());
      killed[kill.victim].push(killedAt.replaceAll(order.job.database, "d").slice(0, 100));
    } else if (code !== 0 && /Run again when fewer inserts come/.test(said)) {
      // Do what the message says.
      pace.restUntil = Date.now() + REST;
    } else if (code !== 0) {
      // Nobody was killed, and it failed all the same.
      wrong.push(said.slice(0, 1000));
    }
    if (code === 0) break;
    if (attempt >= ATTEMPTS) {
      wrong.push(`not done after ${attempt} runs`);
      break;
    }
  }
  return { killedRunner: killed.runner, killedServer: killed.server, wrong, restarts };
}

/** What became of one runner process. `code` is null where it was killed. */
interface Attempt {
  readonly code: number | null;
  readonly killedAt?: string;
  readonly said: string;
}

/** A runner process, which waits for its order. */
export function forkRunner(): ChildProcess {
  return fork(join(__dirname, "runner.ts"), [], {
    execArgv: [...TYPESCRIPT],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
}

async function attemptOf(server: TestServer, order: Order, kill?: Kill): Promise<Attempt> {
  const child = forkRunner();
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (said += text));
  const closed = once(child, "close") as Promise<[number | null]>;
  const timer = setTimeout(() => child.kill("SIGKILL"), RUNNER_LIMIT);
  const death = kill === undefined ? Promise.resolve(undefined) : dieAt(child, server, kill, closed);
  child.once("message", () => child.send(order));
  const [code] = await closed;
  clearTimeout(timer);
  const killedAt = await death;
  if (kill?.victim === "server" && killedAt !== undefined) await server.start();
  if (code === null && killedAt === undefined) said += `the runner took longer than ${RUNNER_LIMIT / 1000} s`;
  return { code, said, ...(killedAt !== undefined && { killedAt }) };
}

/** @returns the statement at which the kill came; undefined when the runner was done before. */
function dieAt(
  child: ChildProcess,
  server: TestServer,
  { delay, statement, victim }: Kill,
  closed: Promise<unknown>,
): Promise<string | undefined> {
  let seen = 0;
  const reached = new Promise<string>((resolve) => {
    child.on("message", (message: { readonly statement?: string }) => {
      if (message.statement !== undefined && seen++ === statement) resolve(message.statement);
    });
  });
  const death = async (sql: string): Promise<string> => {
    await sleep(delay);
    if (victim === "server") await server.kill();
    else child.kill("SIGKILL");
    return sql;
  };
  return Promise.race([reached.then(death), closed.then(() => undefined)]);
}

/** Whatever refuses inserts or keeps parts from merging after the operation, and inserts that are refused. */
async function leftovers(connection: Connection, databases: readonly string[]): Promise<string[]> {
  const list = databases.map((name) => `'${name}'`).join(", ");
  const rows = await connection.query<{ name: string; statement: string }>(
    `SELECT concat(database, '.', name) AS name, create_table_query AS statement FROM system.tables WHERE database IN (${list}) ORDER BY name`,
  );
  return rows
    .filter(
      ({ name, statement }) =>
        /_hold_\w|_gate_\w|retry_schema_change|max_bytes_to_merge|enable_block_number/.test(statement) &&
        !/__old_/.test(name),
    )
    .map(({ name, statement }) => `left in ${name}: ${statement}`);
}
