import assert from "node:assert/strict";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { type CheckRequest, TestProvider } from "../support/provider";
import { freshDatabase, sharedServer } from "../support/server";

/** Inputs or outputs. */
export type Bag = Record<string, unknown>;

/** One table under management: declared, made, and declared again. */
export class Managed {
  readonly database: string;
  readonly connection: Connection;
  readonly url: string;
  provider: TestProvider;
  inputs: Bag = {};
  outs: Bag = {};

  private constructor(database: string, url: string, connection: Connection) {
    this.database = database;
    this.url = url;
    this.connection = connection;
    this.provider = new TestProvider({ "clickhouse:url": url });
  }

  static async create(args: object): Promise<Managed> {
    const server = await sharedServer();
    const connection = await openConnection({ url: server.url });
    const managed = new Managed(await freshDatabase(server), server.url, connection);
    const { inputs, failures } = await managed.check(args, {});
    assert.deepEqual(failures, []);
    managed.inputs = inputs ?? {};
    managed.outs = (await managed.provider.of("table").create(managed.inputs)).outs ?? {};
    return managed;
  }

  /** A check in a new process, as every run of the CLI has one. */
  async check(args: object, more: Partial<CheckRequest> = { olds: this.inputs }, config: Record<string, string> = {}) {
    await this.provider.close();
    this.provider = new TestProvider({ "clickhouse:url": this.url, ...config });
    return this.provider.check("table", { name: "t", database: this.database, args, ...more });
  }

  async update(inputs: Bag | undefined): Promise<Bag> {
    const { outs = {} } = await this.provider.of("table").update("id", this.outs, inputs ?? {});
    return outs as Bag;
  }

  async ask(query: string): Promise<string> {
    const rows = await this.connection.query(query.replaceAll("{db}", this.database));
    return rows.map((row) => Object.values(row).join()).join(";");
  }

  run(sql: string): Promise<void> {
    return this.connection.command(sql.replaceAll("{db}", this.database));
  }

  async close(): Promise<void> {
    await this.provider.close();
    await this.connection.close();
  }
}
