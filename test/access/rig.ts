import assert from "node:assert/strict";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { readGrants, readLattice } from "../../provider/src/introspect/grants";
import { OPEN_USERS } from "../../provider/src/server/users";
import type { GrantsSpec } from "../../provider/src/sql/access/grants";
import { parseCreate } from "../../provider/src/sql/parse";
import type { Lattice } from "../../provider/src/sql/rights/lattice";
import { TestProvider } from "../support/provider";
import { startServer, type TestServer, type Version } from "../support/server";

type Outs = Record<string, unknown>;

/** Two databases, so that a right on one can be told from a right on all. */
const TABLES = [
  "CREATE DATABASE d",
  "CREATE TABLE d.orders (id UInt64, card String) ENGINE = MergeTree ORDER BY id",
  "INSERT INTO d.orders VALUES (1, 'x')",
  "CREATE DATABASE other",
  "CREATE TABLE other.t (a UInt8) ENGINE = MergeTree ORDER BY a",
];

/** Things to try, one for each right that a test is about. */
export const TRIES = {
  id: "SELECT id FROM d.orders",
  card: "SELECT card FROM d.orders",
  insert: "INSERT INTO d.orders VALUES (2, 'y')",
  other: "SELECT a FROM other.t",
} as const;

export type Try = keyof typeof TRIES;

/** A server whose administrator may do everything, some tables, and users who try what they may do. */
export class AccessRig {
  readonly server: TestServer;
  readonly admin: Connection;
  readonly lattice: Lattice;
  private readonly users: Connection[] = [];

  private constructor(server: TestServer, admin: Connection, lattice: Lattice) {
    this.server = server;
    this.admin = admin;
    this.lattice = lattice;
  }

  static async start(version: Version): Promise<AccessRig> {
    const server = await startServer({ version, users: OPEN_USERS });
    const admin = await openConnection({ url: server.url });
    const rig = new AccessRig(server, admin, await readLattice(admin));
    await rig.run(...TABLES);
    return rig;
  }

  async stop(): Promise<void> {
    for (const one of [...this.users, this.admin]) await one.close();
    await this.server.stop();
  }

  /** As the administrator. */
  async run(...statements: readonly string[]): Promise<void> {
    for (const sql of statements) await this.admin.command(sql);
  }

  async specOf(name: string): Promise<GrantsSpec> {
    const live = await readGrants(this.admin, this.lattice, name);
    assert.ok(live !== undefined);
    return parseCreate(live.statement) as GrantsSpec;
  }

  /** The rights that somebody has, one a line. */
  async rightsOf(name: string): Promise<string> {
    return ((await this.specOf(name)).rights ?? []).join("\n");
  }

  /** Work of one process of the provider. */
  async using<T>(work: (provider: TestProvider) => Promise<T>, config: Record<string, string> = {}): Promise<T> {
    const provider = new TestProvider({ "clickhouse:url": this.server.url, ...config });
    return work(provider).finally(() => provider.close());
  }

  /** A user who may do nothing yet. */
  async userOf(name: string): Promise<Connection> {
    await this.run(`CREATE USER ${name} IDENTIFIED WITH no_password`);
    const user = await openConnection({ url: this.server.url, username: name });
    this.users.push(user);
    return user;
  }

  /** What of all that is tried the user may do. */
  async mayDo(user: Connection): Promise<Try[]> {
    const names = Object.keys(TRIES) as Try[];
    const done = await Promise.all(names.map((name) => may(user, TRIES[name])));
    return names.filter((_, index) => done[index]);
  }
}

/** Whether a user may run a statement: any other error than a denial is one of the test. */
export async function may(user: Connection, sql: string): Promise<boolean> {
  try {
    await (/^(?:SELECT|SHOW)/.test(sql) ? user.query(sql) : user.command(sql));
    return true;
  } catch (error) {
    assert.match(String(error), /ACCESS_DENIED|Not enough privileges/, sql);
    return false;
  }
}

/** As `pulumi up` does it in one process: checks and creates, or changes. */
export async function upIn(
  provider: TestProvider,
  kind: "grants" | "grant",
  name: string,
  args: object,
  olds?: Outs,
): Promise<Outs> {
  const request = { name, args, ...(olds && { olds: { ...olds } }) };
  const { inputs = {}, failures } = await provider.check(kind, request);
  assert.deepEqual(failures, []);
  const resource = provider.of(kind);
  const { outs = {} } = olds === undefined ? await resource.create(inputs) : await resource.update(name, olds, inputs);
  return outs;
}
