import { uuidOf } from "../../clickhouse/catalog";
import type { Connection } from "../../connection/connection";
import { ServerError } from "../../connection/errors";
import { isConstraintViolated } from "../../connection/server-message";
import { messageOf, SchemaError } from "../../errors";
import { attachAll } from "../../operation/attach";
import { allowInserts } from "../../operation/gate";
import { Journal } from "../../operation/journal";
import { SELF_TEST_PREFIX, selfTestPrefix, selfTestTime } from "../../operation/names";
import { awaitOpenReaders } from "../../operation/open-readers";
import { partsOf } from "../../operation/parts";
import { pause, Runner, type RunnerHooks } from "../../operation/runner";
import { qualifiedName, quoteString } from "../../sql/identifiers";
import type { QualifiedName } from "../../sql/spec";

/** Result of testing a server for what the protocols rely on. */
export interface SelfTest {
  readonly version: string;
  /** Facts that do not hold on this server; empty when all do. */
  readonly failed: readonly string[];
}

/** Maximum duration of a test, in milliseconds; older tables are leftovers. */
const LEFTOVER_AGE = 600_000;
/** How long inserts are refused in the test of the gate, in milliseconds. */
const GATE_LENGTHS: readonly number[] = [1000, 5000, 20_000];

/** Key of the results in the journal. */
export const SELF_TEST = "selftest";

/** Running tests in this process, by server and version: one is enough for all operations that begin at the same time. */
const underWay = new Map<string, Promise<SelfTest>>();

/**
 * Tests, on small tables of its own, what the protocols need from a server and what differs by version. Runs once for each version; the
 * result is kept in the journal. Other runners may test at the same time, in the same database: each test uses unique table names.
 *
 * @throws {SchemaError} when a fact does not hold: then no table is rebuilt on this server.
 */
export async function selfTest(connection: Connection, database: string, hooks: RunnerHooks = {}): Promise<SelfTest> {
  const runner = new Runner(connection, SELF_TEST, hooks);
  const journal = await Journal.open(runner, database);
  const key = selfTestKey(connection);
  let result = journal.get<SelfTest>(key);
  if (result === undefined || result.failed.length > 0) {
    result = await shared(`${connection.url} ${key}`, () => tryOut(runner, database));
    await journal.set(key, result);
  }
  refuseServer(connection, result);
  return result;
}

async function tryOut(runner: Runner, database: string): Promise<SelfTest> {
  await dropLeftovers(runner, database);
  const prefix = selfTestPrefix(await runner.now());
  return { version: runner.connection.version, failed: await new Scratch(runner, database, prefix).run() };
}

/** Waits for a running test; if that was stopped, or lost its connection, the test is run again. */
async function shared(key: string, test: () => Promise<SelfTest>): Promise<SelfTest> {
  for (let other = underWay.get(key); other !== undefined; other = underWay.get(key)) {
    const result = await other.catch(() => undefined);
    if (result !== undefined) return result;
  }
  const own = test().finally(() => underWay.delete(key));
  underWay.set(key, own);
  return own;
}

/** Drops what dead runners left behind; younger tables may belong to a running test. */
async function dropLeftovers(runner: Runner, database: string): Promise<void> {
  const oldest = (await runner.now()) - LEFTOVER_AGE;
  // Another runner may drop them at the same time; what cannot be dropped now is found again next time.
  const tryTo = (sql: string): Promise<void> => runner.run(sql).catch(ignoreRefusal);
  for (const table of await leftovers(runner, database, oldest, "system.detached_tables", "table")) {
    await tryTo(`ATTACH TABLE IF NOT EXISTS ${qualifiedName(table)}`);
  }
  // The view first; its name sorts last.
  for (const table of (await leftovers(runner, database, oldest, "system.tables", "name")).reverse()) {
    await tryTo(`DROP TABLE IF EXISTS ${qualifiedName(table)} SYNC`);
  }
}

async function leftovers(
  runner: Runner,
  database: string,
  oldest: number,
  from: string,
  column: string,
): Promise<QualifiedName[]> {
  const sql =
    `SELECT ${column} AS name FROM ${from} WHERE database = ${quoteString(database)} ` +
    `AND startsWith(${column}, ${quoteString(SELF_TEST_PREFIX)}) ORDER BY name`;
  // Not every version lists detached tables, and not every user may read that list.
  const found = await runner.rows<{ name: string }>(sql).catch((error: unknown) => {
    ignoreRefusal(error);
    return [];
  });
  return found.filter(({ name }) => selfTestTime(name) < oldest).map(({ name }) => ({ database, name }));
}

function ignoreRefusal(error: unknown): void {
  if (!(error instanceof ServerError)) throw error;
}

/** Key of the journal line with the result for a server's version. */
export function selfTestKey({ version }: Connection): string {
  return `version:${version}`;
}

/** @throws {SchemaError} when the server lacks something that the protocols rely on. */
function refuseServer({ url, version }: Connection, { failed }: SelfTest): void {
  if (failed.length === 0) return;
  throw new SchemaError(
    "self-check-failed",
    `${url}: ClickHouse ${version} does not behave as a rebuild requires, so nothing was rebuilt: ${failed.join("; ")}.`,
  );
}

class Scratch {
  private readonly runner: Runner;
  private readonly database: string;
  private readonly prefix: string;

  constructor(runner: Runner, database: string, prefix: string) {
    this.runner = runner;
    this.database = database;
    this.prefix = prefix;
  }

  async run(): Promise<string[]> {
    const facts: readonly [string, () => Promise<boolean>][] = [
      ["EXCHANGE keeps the rows of both tables, and views follow the name", () => this.exchangeFeedsViews()],
      ["ATTACH PARTITION … FROM brings the same parts and fires no view", () => this.attachIsSilent()],
      ["a constraint refuses inserts with error 469 and expires by itself", () => this.gateLiftsItself()],
      ["DETACH … SYNC waits for a running insert", () => this.detachWaits()],
    ];
    const failed: string[] = [];
    try {
      for (const [fact, holds] of facts) {
        const why = await holds().then(
          (ok) => (ok ? undefined : ""),
          (error: unknown) => {
            // Only an error from the server says something about its behaviour; a lost connection does not.
            if (error instanceof ServerError) return ` (${messageOf(error)})`;
            throw error;
          },
        );
        if (why !== undefined) failed.push(fact + why);
        await this.clean();
      }
    } finally {
      await this.clean().catch(() => undefined);
    }
    return failed;
  }

  private async exchangeFeedsViews(): Promise<boolean> {
    await this.tablesWithView();
    await this.do(`INSERT INTO ${this.name("a")} (x) SELECT 1`);
    await this.do(`INSERT INTO ${this.name("b")} (x) SELECT 2`);
    const uuid = await uuidOf(this.runner, this.table("b"));
    await this.do(`EXCHANGE TABLES ${this.name("a")} AND ${this.name("b")}`);
    await this.do(`INSERT INTO ${this.name("a")} (x) SELECT 3`);
    const contents = await Promise.all(["a", "b", "seen"].map((table) => this.values(table)));
    return (await uuidOf(this.runner, this.table("a"))) === uuid && contents.join(" ") === "2,3 1 1,3";
  }

  private async attachIsSilent(): Promise<boolean> {
    await this.tablesWithView();
    await this.do(`INSERT INTO ${this.name("b")} (x) SELECT 1`);
    await attachAll(this.runner, this.table("a"), this.table("b"));
    const [linked] = await partsOf(this.runner, this.table("a"));
    const [original] = await partsOf(this.runner, this.table("b"));
    const values = await Promise.all(["a", "seen"].map((table) => this.values(table)));
    return linked !== undefined && linked.hash === original?.hash && values.join(" ") === "1 ";
  }

  private async gateLiftsItself(): Promise<boolean> {
    const { runner } = this;
    // On a busy server the insert may come after the gate has opened: then the test is repeated with a longer one.
    for (const length of GATE_LENGTHS) {
      await this.do(`CREATE TABLE ${this.name("a")} (x UInt8) ENGINE = MergeTree ORDER BY x`);
      const opens = (await runner.now()) + length;
      await this.do(
        `ALTER TABLE ${this.name("a")} ADD CONSTRAINT _gate_${SELF_TEST} CHECK now64(3) > fromUnixTimestamp64Milli(toInt64(${opens}))`,
      );
      const refused = await this.do(`INSERT INTO ${this.name("a")} (x) SELECT 1`).then(
        () => false,
        (error: unknown) => isConstraintViolated(error),
      );
      const inTime = (await runner.now()) < opens;
      while ((await runner.now()) <= opens) await pause(20);
      await this.do(`INSERT INTO ${this.name("a")} (x) SELECT 2`);
      await allowInserts(runner, [this.table("a")]);
      if (refused || inTime) return refused && (await this.values("a")) === "2";
      await this.clean();
    }
    return false;
  }

  private async detachWaits(): Promise<boolean> {
    await this.do(`CREATE TABLE ${this.name("a")} (x UInt8) ENGINE = MergeTree ORDER BY x`);
    const insert = this.do(
      `INSERT INTO ${this.name("a")} (x) SELECT number + 1 + sleepEachRow(0.1) FROM numbers(5) ` +
        "SETTINGS max_block_size = 1, max_threads = 1, max_insert_block_size = 1, min_insert_block_size_rows = 1, min_insert_block_size_bytes = 1",
    );
    const ended = insert.then(
      () => undefined,
      (error: unknown) => error,
    );
    for (let tries = 0; tries < 50 && (await this.values("a")) === ""; tries += 1) await pause(10);
    await awaitOpenReaders(this.runner, this.table("a"));
    const values = await this.values("a");
    const error = await ended;
    if (error !== undefined) throw error;
    return values === "1,2,3,4,5";
  }

  private async tablesWithView(): Promise<void> {
    for (const table of ["a", "b", "seen"]) {
      await this.do(`CREATE TABLE ${this.name(table)} (x UInt8) ENGINE = MergeTree ORDER BY x`);
    }
    await this.do(
      `CREATE MATERIALIZED VIEW ${this.name("view")} TO ${this.name("seen")} AS SELECT x FROM ${this.name("a")}`,
    );
  }

  private async clean(): Promise<void> {
    // A failed test may have left it detached, where DROP does not see it.
    await this.do(`ATTACH TABLE IF NOT EXISTS ${this.name("a")}`).catch(ignoreRefusal);
    for (const table of ["view", "a", "b", "seen"]) await this.do(`DROP TABLE IF EXISTS ${this.name(table)} SYNC`);
  }

  private async values(table: string): Promise<string> {
    const sql = `SELECT arrayStringConcat(arraySort(groupArray(toString(x))), ',') AS list FROM ${this.name(table)}`;
    return (await this.runner.one<{ list: string }>(sql)).list;
  }

  private do(sql: string): Promise<void> {
    return this.runner.run(sql);
  }

  private name(table: string): string {
    return qualifiedName(this.table(table));
  }

  private table(name: string): { database: string; name: string } {
    return { database: this.database, name: this.prefix + name };
  }
}
