import assert from "node:assert/strict";
import { newOperation, rebuildTable } from "../../provider/src/apply/rebuild/index";
import { keepsNumbers } from "../../provider/src/apply/rebuild/numbers-test";
import type { Connection } from "../../provider/src/connection/connection";
import { ServerError } from "../../provider/src/connection/errors";
import { openConnection } from "../../provider/src/connection/open";
import { EMBEDDED, type Version } from "../../provider/src/server/engines";
import { freshDatabase, sharedServer, startServer, type TestServer } from "../support/server";

const VERSIONS: readonly Version[] = [EMBEDDED, "25.8", "24.8"];

for (const version of VERSIONS) {
  describe(`a rebuild whose table is merged at every moment, on ${version}`, function () {
    this.timeout(300_000);
    let server: TestServer;
    let connection: Connection;
    let database: string;
    let inserted = 0;

    before(async () => {
      server = version === EMBEDDED ? await sharedServer() : await startServer({ version });
      connection = await openConnection({ url: server.url });
    });
    beforeEach(async () => {
      inserted = 0;
      database = await freshDatabase(server);
    });
    afterEach(() => connection.command(`DROP DATABASE ${database} SYNC`));
    after(async () => {
      await connection.close();
      if (version !== EMBEDDED) await server.stop();
    });

    async function insert(): Promise<void> {
      // In two partitions and three blocks each; some rows have equal keys in both tables.
      const sql =
        `INSERT INTO ${database}.t SELECT number + ${inserted} AS n, n % 5, n FROM numbers(6) ` +
        "SETTINGS max_block_size = 2, max_insert_block_size = 2, min_insert_block_size_rows = 1, min_insert_block_size_bytes = 1";
      await connection.command(sql).then(
        () => (inserted += 6),
        (error: unknown) => {
          // The gate is closed.
          if (!(error instanceof ServerError && error.code === 469)) throw error;
        },
      );
    }

    /** Before every statement of the rebuild rows come, and before every third all parts are merged. */
    async function disturb(sql: string): Promise<void> {
      statements.push(sql);
      await insert();
      if (statements.length % 3 > 0) return;
      await connection.command(`OPTIMIZE TABLE ${database}.t FINAL`).catch((error: unknown) => {
        // Merges are held back for a moment.
        if (!(error instanceof ServerError && error.code === 236)) throw error;
      });
    }
    let statements: string[] = [];

    async function rebuilt(to: string, view: boolean): Promise<void> {
      statements = [];
      const create = (storage: string): string =>
        `CREATE TABLE ${database}.t\n(\n    \`a\` UInt64,\n    \`g\` UInt8,\n    \`v\` UInt64\n)\n${storage}`;
      const from = create("ENGINE = MergeTree\nPARTITION BY a % 2\nORDER BY a");
      await connection.command(from);
      if (view)
        await connection.command(
          `CREATE MATERIALIZED VIEW ${database}.m ENGINE = MergeTree ORDER BY a AS SELECT a FROM ${database}.t`,
        );
      for (let part = 0; part < 5; part += 1) await insert();
      await connection.command(`OPTIMIZE TABLE ${database}.t FINAL`);
      for (let part = 0; part < 5; part += 1) await insert();
      const operation = newOperation();
      await rebuildTable(connection, {
        from,
        to: create(to),
        operation,
        chunkRows: 10,
        gateLength: 20_000,
        beforeStatement: disturb,
      });
    }

    async function sums(what: string, final = ""): Promise<string> {
      const [row] = await connection.query<{ s: string }>(
        `SELECT toString((${what})) AS s FROM ${database}.t ${final}`,
      );
      return row?.s ?? "";
    }

    const all = (): string => `(${inserted},${inserted},${(inserted * (inserted - 1)) / 2})`;

    it("finds that the server keeps the numbers of blocks", async () => {
      assert.equal(await keepsNumbers(connection, database), true);
    });

    for (const view of [true, false]) {
      it(`has each row once, and never holds merges back for long${view ? "" : ", without a view that reads it"}`, async () => {
        await rebuilt("ENGINE = MergeTree\nPARTITION BY g\nORDER BY (v, a)", view);
        assert.equal(await sums("count(), uniqExact(a), sum(v)"), all());
        assert.ok(!statements.some((sql) => sql.includes("'fenced'")), "merges of the table were not held back");
        const [row] = await connection.query<{ s: string }>(`SHOW CREATE TABLE ${database}.t`);
        assert.doesNotMatch(JSON.stringify(row), /enable_block_number|max_bytes_to_merge/);
      });
    }

    it("keeps the last of rows with one key, in the order in which they were inserted", async () => {
      await rebuilt("ENGINE = ReplacingMergeTree\nORDER BY g", true);
      const last = Array.from({ length: 5 }, (_, g) => inserted - 1 - ((inserted - 1 - g) % 5));
      assert.equal(await sums("arraySort(groupArray(v))", "FINAL"), `[${last.sort((a, b) => a - b).join(",")}]`);
    });
  });
}
