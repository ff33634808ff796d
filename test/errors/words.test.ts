import assert from "node:assert/strict";
import { createServer } from "node:net";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { messageOf } from "../../provider/src/errors";
import { startProxy } from "../apply/runs-proxy";
import { assertPresentable } from "../e2e/support";
import { TestProvider } from "../support/provider";
import { freePort, LIMITED, READONLY, startServer, type TestServer, WRITER } from "../support/server";
import { testedVersions } from "../support/versions";

const WRONG_PASSWORD = "wr0ng-Pa55";

/** An error, and what is told about it: where, what was expected or found, and the next step. */
interface Case {
  readonly name: string;
  /** Ends with the error. */
  readonly provoke: (world: World) => Promise<unknown>;
  /** Each of them is in the message. */
  readonly says: readonly RegExp[];
}

interface World {
  readonly server: TestServer;
  /** The administrator's. */
  readonly connection: Connection;
  readonly run: (...statements: readonly string[]) => Promise<void>;
}

const open = async (url: string, user: { username: string; password: string } = WRITER, requestTimeout?: number) =>
  openConnection({ url, ...user, ...(requestTimeout !== undefined && { requestTimeout }) });

/** Runs a statement as a user. */
const as =
  (user: { username: string; password: string }, sql: string, requestTimeout?: number) =>
  async ({ server }: World): Promise<void> => {
    const own = await open(server.url, user, requestTimeout);
    try {
      await own.command(sql);
    } finally {
      await own.close();
    }
  };

/** Runs statements, the last of which fails. */
const statements =
  (...list: readonly string[]) =>
  ({ run }: World): Promise<void> =>
    run(...list);

/** Creates a table by the provider, as `pulumi up` does. Nothing tries the declaration first. */
const created =
  (args: object, database = "d", user: { username: string; password: string } = WRITER) =>
  async ({ server }: World): Promise<unknown> => {
    const config = {
      "clickhouse:url": server.url,
      "clickhouse:username": user.username,
      "clickhouse:password": user.password,
      "clickhouse:scratch": "off",
    };
    const provider = new TestProvider(config);
    try {
      const { inputs, failures } = await provider.check("table", { name: "made", database, args });
      if (failures.length > 0) throw new Error(failures.join("\n"));
      return await provider.of("table").create(inputs ?? {});
    } finally {
      await provider.close();
    }
  };

/** Accepts a connection and ends it at once. */
async function hangingUp(): Promise<unknown> {
  const peer = createServer((socket) => socket.resetAndDestroy());
  const port = await freePort();
  await new Promise<void>((resolve) => peer.listen(port, "127.0.0.1", resolve));
  try {
    return await open(`http://127.0.0.1:${port}`);
  } finally {
    peer.close();
  }
}

const TABLE = "(a UInt64) ENGINE = MergeTree ORDER BY a";
const USER_SETTINGS = [/user `writer`/, /clickhouse:password/];

const CASES: readonly Case[] = [
  {
    name: "a wrong password",
    provoke: ({ server }) => open(server.url, { username: WRITER.username, password: WRONG_PASSWORD }),
    says: [/^http:\/\/127/, ...USER_SETTINGS],
  },
  {
    name: "an unknown user",
    provoke: ({ server }) => open(server.url, { username: "nobody", password: WRONG_PASSWORD }),
    says: [/^http:\/\/127/, /user `nobody`/, /clickhouse:username/],
  },
  {
    name: "a user whose profile has readonly = 1",
    provoke: ({ server }) => open(server.url, READONLY),
    says: [/^http:\/\/127/, /user `readonly`/, /readonly = 2/],
  },
  {
    name: "a port on which nobody listens",
    provoke: async () => open(`http://127.0.0.1:${await freePort()}`),
    says: [/^http:\/\/127/, /connection refused\. Is the server running/],
  },
  {
    name: "a host that is not there",
    provoke: () => open("http://clickhouse.invalid:8123"),
    says: [/^http:\/\/clickhouse\.invalid:8123/, /Check the name/],
  },
  {
    name: "a peer that hangs up",
    provoke: hangingUp,
    says: [/^http:\/\/127/, /the connection broke/, /run the same command again/],
  },
  {
    name: "TLS to the plain port",
    provoke: ({ server }) => open(server.url.replace("http:", "https:")),
    says: [/^https:\/\/127/, /TLS handshake/, /8443/],
  },
  {
    name: "an answer that takes longer than the longest wait",
    provoke: as(WRITER, "CREATE TABLE d.slow ENGINE = Memory AS SELECT sleep(3) AS a", 1),
    says: [/^http:\/\/127/, /no answer within 1 s/, /clickhouse:requestTimeout/],
  },
  {
    name: "a server that dies in the middle",
    provoke: async ({ server }) => {
      const proxy = await startProxy(server.url);
      const own = await open(proxy.url);
      try {
        setTimeout(() => proxy.cut(), 300);
        return await own.command("CREATE TABLE d.cut ENGINE = Memory AS SELECT sleep(2) AS a");
      } finally {
        await own.close();
        await proxy.close();
      }
    },
    says: [/^http:\/\/127/, /the connection broke/, /may or may not have run/],
  },
  {
    name: "a right that is missing",
    provoke: created({ columns: { a: "UInt64" }, orderBy: "a" }, "d", LIMITED),
    says: [/GRANT|grant/, /CREATE TABLE|SHOW TABLES/, /d\.made|`d`\.`made`|ON d/],
  },
  {
    name: "a right that is missing, in a statement",
    provoke: as(LIMITED, `CREATE TABLE d.x ${TABLE}`),
    says: [/CREATE TABLE ON d\.x/, /clickhouse:username/, /doctor/],
  },
  {
    name: "an unknown database",
    provoke: created({ columns: { a: "UInt64" }, orderBy: "a" }, "nowhere"),
    says: [/nowhere/, /new Database/],
  },
  {
    name: "an unknown engine",
    provoke: created({ columns: { a: "UInt64" }, engine: "MergeTreee", orderBy: "a" }),
    says: [/MergeTreee/, /MergeTree\b/],
  },
  {
    name: "an unknown codec",
    provoke: created({ columns: { a: { type: "UInt64", codec: "ZTSD(1)" } }, orderBy: "a" }),
    says: [/ZTSD/, /nothing was changed/, /Correct the name/],
  },
  {
    name: "an unknown type",
    provoke: created({ columns: { a: "UInt65" }, orderBy: "a" }),
    says: [/UInt65/, /UInt64|Correct the name/],
  },
  {
    name: "an unknown setting",
    provoke: created({ columns: { a: "UInt64" }, orderBy: "a", settings: { index_granularityy: 1 } }),
    says: [/index_granularityy/, /index_granularity\b|Correct the name/],
  },
  { name: "an unknown function", provoke: statements("SELECT toUInt65(1)"), says: [/toUInt65/, /Correct the name/] },
  {
    name: "an unknown table",
    provoke: statements("INSERT INTO d.gone SELECT 1"),
    says: [/d\.gone/, /declare what is read/],
  },
  {
    name: "a statement that does not parse",
    provoke: statements("ALTER TABLE d.t ADDD COLUMN b UInt8"),
    says: [/ADDD/, /Correct the text/],
  },
  {
    name: "too little memory",
    provoke: statements("SELECT groupArray(number) FROM numbers(1000000) SETTINGS max_memory_usage = 1000000"),
    says: [/memory limit/i, /max_memory_usage of the user's profile/],
  },
  {
    name: "a statement that takes longer than its profile allows",
    provoke: statements(
      "SELECT sleepEachRow(0.1) FROM numbers(50) SETTINGS max_execution_time = 1, max_block_size = 1",
    ),
    says: [/imeout exceeded/, /max_execution_time/],
  },
  {
    name: "a quota that is used up",
    provoke: async (world) => {
      await world.run(
        "CREATE USER OR REPLACE few",
        "GRANT SELECT ON *.* TO few",
        "CREATE QUOTA OR REPLACE few FOR INTERVAL 1 YEAR MAX READ ROWS = 10 TO few",
      );
      const own = await open(world.server.url, { username: "few", password: "" });
      try {
        for (let count = 0; count < 4; count += 1) await own.query("SELECT sum(number) AS s FROM numbers(1000)");
      } finally {
        await own.close();
      }
    },
    says: [/few/, /uota/, /end of its interval/],
  },
  {
    name: "too many statements at once",
    provoke: async ({ connection, run }) => {
      const other = connection.query("SELECT sleep(2) AS a");
      try {
        await new Promise((resolve) => setTimeout(resolve, 300));
        await run("SELECT 1 SETTINGS max_concurrent_queries_for_user = 1");
      } finally {
        await other;
      }
    },
    says: [/[Tt]oo many simultaneous queries/, /less busy/],
  },
  {
    name: "too many parts",
    provoke: statements(
      `CREATE TABLE d.parts ${TABLE} SETTINGS parts_to_throw_insert = 1, parts_to_delay_insert = 1, max_bytes_to_merge_at_max_space_in_pool = 1`,
      "INSERT INTO d.parts SELECT 1",
      "INSERT INTO d.parts SELECT 2",
      "INSERT INTO d.parts SELECT 3",
    ),
    says: [/[Tt]oo many parts/, /insert larger batches/],
  },
  {
    name: "a full disk",
    provoke: statements(
      `CREATE TABLE d.full ${TABLE} SETTINGS min_free_disk_bytes_to_perform_insert = 1000000000000000`,
      "INSERT INTO d.full SELECT 1",
    ),
    says: [/free/, /Free space on the disk/],
  },
  {
    name: "a row that a constraint does not let in",
    provoke: statements(
      "CREATE TABLE d.checked (a UInt64, CONSTRAINT small CHECK a < 10) ENGINE = MergeTree ORDER BY a",
      "INSERT INTO d.checked SELECT 11",
    ),
    says: [/small/, /Nothing of the insert was stored/],
  },
  {
    name: "a mutation that fails",
    provoke: statements(
      `CREATE TABLE d.mutated ${TABLE}`,
      "INSERT INTO d.mutated SELECT 1",
      "ALTER TABLE d.mutated DELETE WHERE throwIf(a = 1) SETTINGS mutations_sync = 1",
    ),
    says: [/mutation/i, /KILL MUTATION/],
  },
  {
    name: "a table above the size that may be dropped",
    provoke: statements(
      `CREATE TABLE d.large ${TABLE}`,
      "INSERT INTO d.large SELECT number FROM numbers(100000)",
      "DROP TABLE d.large SETTINGS max_table_size_to_drop = 1",
    ),
    says: [/d\.large/, /raise max_table_size_to_drop/],
  },
  {
    name: "a dictionary that others depend on",
    provoke: statements(
      "CREATE DICTIONARY d.dict (a UInt64, b UInt64) PRIMARY KEY a SOURCE(CLICKHOUSE(DB 'd' TABLE 't')) LIFETIME(0) LAYOUT(FLAT())",
      "CREATE TABLE d.uses (a UInt64, b UInt64 DEFAULT dictGet('d.dict', 'b', a)) ENGINE = MergeTree ORDER BY a",
      "DROP DICTIONARY d.dict SETTINGS check_table_dependencies = 1",
    ),
    says: [/d\.uses/, /Change or drop what depends on it first/],
  },
  {
    name: "a statement that somebody ended",
    provoke: async ({ connection, run }) => {
      const ended = run("SELECT sleepEachRow(0.1) FROM numbers(100) SETTINGS max_block_size = 1 /* to end */");
      const killed = new Promise((resolve) => setTimeout(resolve, 500)).then(() =>
        connection.command("KILL QUERY WHERE query LIKE '%/* to end */' AND query NOT LIKE 'KILL%' SYNC"),
      );
      await Promise.all([ended, killed]);
    },
    says: [/[Cc]ancelled/, /KILL QUERY; run again/],
  },
];

for (const version of testedVersions(["25.8"])) {
  describe(`what a real ${version} refuses is told with where, what, and the next step`, function () {
    this.timeout(120_000);
    let world: World;

    before(async () => {
      const server = await startServer({ version });
      const connection = await open(server.url);
      const run = async (...list: readonly string[]): Promise<void> => {
        for (const sql of list) await connection.command(sql);
      };
      await run("CREATE DATABASE d", `CREATE TABLE d.t (a UInt64, b UInt64) ENGINE = MergeTree ORDER BY a`);
      world = { server, connection, run };
    });
    after(async () => {
      await world?.connection.close();
      await world?.server.stop();
    });

    for (const { name, provoke, says } of CASES) {
      it(name, async () => {
        const error: unknown = await provoke(world).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        assert.ok(error !== undefined, "nothing was refused");
        const text = messageOf(error);
        for (const words of says) assert.match(text, words);
        assertPresentable(text);
        assert.ok(!text.includes(WRONG_PASSWORD) && !text.includes(WRITER.password), `a password is shown: ${text}`);
        assert.doesNotMatch(text, /DB::Exception|\(version |Stack trace|0x[0-9a-f]{6}/);
        assert.ok(text.length < 1200, `too long: ${text}`);
      });
    }
  });
}
