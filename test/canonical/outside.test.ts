import assert from "node:assert/strict";
import { type AddressInfo, createServer } from "node:net";
import { isMissingSource } from "../../provider/src/canonical/host";
import { ScratchEngine } from "../../provider/src/canonical/scratch-engine";
import { ServerError } from "../../provider/src/connection/errors";
import { openScratch } from "../../provider/src/connection/scratch";
import { Definition } from "../../provider/src/sql/definition";
import { keyOf, objectKey } from "../../provider/src/sql/object-key";
import { parseCreate } from "../../provider/src/sql/parse";
import { sleep } from "../support/server";

/** How long a streaming engine may take to look for its broker, in milliseconds. */
const WATCHED = 2000;
const FILE = "'key', 'hush', 'CSV'";
const KAFKA = (at: string): string =>
  `Kafka SETTINGS kafka_broker_list = '${at}', kafka_topic_list = 't', kafka_group_name = 'g', kafka_format = 'CSV', ` +
  "kafka_sasl_password = 'hush'";

/** Engines of a table with columns `a UInt64, s String`. */
const ENGINES: Readonly<Record<string, (at: string) => string>> = {
  Kafka: KAFKA,
  RabbitMQ: (at) =>
    `RabbitMQ SETTINGS rabbitmq_host_port = '${at}', rabbitmq_exchange_name = 'e', rabbitmq_format = 'CSV'`,
  NATS: (at) => `NATS SETTINGS nats_url = '${at}', nats_subjects = 's', nats_format = 'CSV'`,
  S3Queue: (at) => `S3Queue('http://${at}/b/x.csv', ${FILE}) SETTINGS mode = 'unordered'`,
  AzureQueue: (at) => `AzureQueue('DefaultEndpointsProtocol=http;BlobEndpoint=http://${at}/a;', 'c', 'x', 'CSV')`,
  S3: (at) => `S3('http://${at}/bucket/x.csv', ${FILE})`,
  "S3 without a format": (at) => `S3('http://${at}/bucket/x')`,
  AzureBlobStorage: (at) => `AzureBlobStorage('http://${at}/', 'c', 'x.csv', 'account', 'aHVzaA==', 'CSV')`,
  HDFS: (at) => `HDFS('hdfs://${at}/x', 'CSV')`,
  URL: (at) => `URL('http://u:hush@${at}/', 'CSV')`,
  IcebergS3: (at) => `IcebergS3('http://${at}/bucket/x', 'key', 'hush')`,
  DeltaLake: (at) => `DeltaLake('http://${at}/bucket/x', 'key', 'hush')`,
  Hudi: (at) => `Hudi('http://${at}/bucket/x', 'key', 'hush')`,
  Redis: (at) => `Redis('${at}', 0, 'hush') PRIMARY KEY a`,
  MySQL: (at) => `MySQL('${at}', 'd', 't', 'u', 'hush')`,
  PostgreSQL: (at) => `PostgreSQL('${at}', 'd', 't', 'u', 'hush')`,
  MaterializedPostgreSQL: (at) => `MaterializedPostgreSQL('${at}', 'd', 't', 'u', 'hush') PRIMARY KEY a`,
  MongoDB: (at) => `MongoDB('${at}', 'd', 't', 'u', 'hush')`,
  Distributed: () => "Distributed('{cluster}', 'd', 't', rand())",
  Remote: (at) => `Remote('${at}', 'd', 't', 'u', 'hush')`,
  "an inline disk": (at) =>
    `MergeTree ORDER BY a SETTINGS disk = disk(type = 's3', endpoint = 'http://${at}/b/', secret_access_key = 'hush')`,
};

/** Statements whose columns are written in them, without the name of the object. */
const QUERIES: Readonly<Record<string, (at: string) => string>> = {
  "a view of url": (at) => `CREATE VIEW d.x AS SELECT a + 1 AS b FROM url('http://u:hush@${at}/', 'CSV', 'a UInt64')`,
  "a view of s3": (at) => `CREATE VIEW d.x AS SELECT b FROM s3('http://${at}/b/x', ${FILE}, 'b UInt64')`,
  "a quoted function": (at) => `CREATE VIEW d.x AS SELECT b FROM \`url\`('http://${at}/', 'CSV', 'b UInt64')`,
  "a subquery that gives a constant": (at) =>
    `CREATE VIEW d.x AS SELECT 1 AS b WHERE 1 IN (SELECT a FROM url('http://${at}/', 'CSV', 'a UInt64'))`,
  "a view with columns of PostgreSQL": (at) =>
    `CREATE VIEW d.x (b UInt64) AS SELECT b FROM postgresql('${at}', 'd', 't', 'u', 'hush')`,
  "a view of remote": (at) => `CREATE VIEW d.x AS SELECT a AS b FROM remote('${at}', d.source, 'u', 'hush')`,
  "a view of remote, by literals": (at) => `CREATE VIEW d.x AS SELECT a AS b FROM remote('${at}', 'd', 'source')`,
  "a view of a cluster's system table": () =>
    "CREATE VIEW d.x AS SELECT name AS b FROM clusterAllReplicas('c', system.parts)",
  "a refreshable view": (at) =>
    `CREATE MATERIALIZED VIEW d.x REFRESH EVERY 1 SECOND ENGINE = MergeTree ORDER BY b AS SELECT b FROM url('http://${at}/', 'CSV', 'b UInt64')`,
  "a refreshable view with columns": (at) =>
    `CREATE MATERIALIZED VIEW d.x REFRESH EVERY 1 SECOND (b UInt64) ENGINE = MergeTree ORDER BY b AS SELECT b FROM mysql('${at}', 'd', 't', 'u', 'hush')`,
  "a table of a query": (at) =>
    `CREATE TABLE d.x ENGINE = MergeTree ORDER BY b AS SELECT b FROM url('http://${at}/', 'CSV', 'b UInt64')`,
  "a table of a function": (at) => `CREATE TABLE d.x AS url('http://${at}/', 'CSV', 'b UInt64')`,
  "a table of a function, with columns": (at) => `CREATE TABLE d.x (b UInt64) AS mysql('${at}', 'd', 't', 'u', 'hush')`,
};

/** What asks the network for its columns. */
const UNKNOWN: Readonly<Record<string, (at: string) => string>> = {
  "S3 table": (at) => `CREATE TABLE d.x ENGINE = S3('http://${at}/bucket/x.csv', ${FILE})`,
  "Iceberg table": (at) => `CREATE TABLE d.x ENGINE = IcebergS3('http://${at}/bucket/x', 'key', 'hush')`,
  "MySQL table": (at) => `CREATE TABLE d.x ENGINE = MySQL('${at}', 'd', 't', 'u', 'hush')`,
  "table of a query": (at) =>
    `CREATE TABLE d.x ENGINE = MergeTree ORDER BY b AS SELECT b FROM url('http://${at}/', 'CSV')`,
  "table of a function": (at) => `CREATE TABLE d.x AS url('http://${at}/', 'CSV')`,
  "view of url": (at) => `CREATE VIEW d.x AS SELECT * FROM url('http://${at}/', 'CSV')`,
  "view of PostgreSQL": (at) => `CREATE VIEW d.x AS SELECT * FROM postgresql('${at}', 'd', 't', 'u', 'hush')`,
  "view of a remote table that is not here": (at) => `CREATE VIEW d.x AS SELECT * FROM remote('${at}', far.away)`,
};

const DATABASES: Readonly<Record<string, (at: string) => string>> = {
  MySQL: (at) => `CREATE DATABASE far ENGINE = MySQL('${at}', 'd', 'u', 'hush')`,
  PostgreSQL: (at) => `CREATE DATABASE far ENGINE = PostgreSQL('${at}', 'd', 'u', 'hush')`,
  MaterializedPostgreSQL: (at) => `CREATE DATABASE far ENGINE = MaterializedPostgreSQL('${at}', 'd', 'u', 'hush')`,
  S3: (at) => `CREATE DATABASE far ENGINE = S3('http://${at}/b', 'key', 'hush')`,
};

describe("the embedded engine and what lies outside of it", () => {
  const scratch = new ScratchEngine(openScratch, async (key) => lent.get(key));
  const lent = new Map<string, string>();
  const knocked = new Set<string>();
  const open: Outside[] = [];
  let count = 0;

  after(async () => {
    await scratch.close();
    for (const outside of open) await outside.close();
  });

  const make = async (sql: string): Promise<Made> => {
    const spec = parseCreate(sql);
    const { definition, shown, ...made } = await scratch.canonicalize(spec);
    scratch.declare(keyOf(spec), definition);
    return { ...made, statement: definition.text, shown: shown.text };
  };
  /** Somebody who listens, and a database for what may knock there. */
  const place = async (name: string): Promise<{ at: string; db: string; put: (sql: string) => Promise<Made> }> => {
    const outside = await listen(() => knocked.add(name));
    open.push(outside);
    count += 1;
    const db = `d${count}`;
    scratch.declare(
      objectKey(db, "source"),
      Definition.read(`CREATE TABLE ${db}.source (a UInt64) ENGINE = MergeTree ORDER BY a`),
    );
    return { at: outside.address, db, put: (sql) => make(sql.replaceAll(/\bd(?=\.)/g, db)) };
  };
  const spaced = (text: string): string => text.replaceAll(/\s+/g, " ");

  for (const [name, engineAt] of Object.entries(ENGINES)) {
    it(`creates no ${name}, also when views read it, and keeps its text`, async () => {
      const { at, db, put } = await place(name);
      const engine = engineAt(at);
      const { statement, shown, standIn } = await put(`CREATE TABLE d.x (a UInt64, s String) ENGINE = ${engine}`);
      assert.match(standIn ?? "", /accesses something outside/);
      const added = engine.startsWith("MergeTree") ? ", index_granularity = 8192" : "";
      assert.equal(spaced(statement), `CREATE TABLE ${db}.x ( \`a\` UInt64, \`s\` String ) ENGINE = ${engine}${added}`);
      assert.doesNotMatch(shown, /hush|aHVzaA/);
      assert.equal((await make(shown)).shown, shown, "the secrets hidden by a server");
      const view = "CREATE MATERIALIZED VIEW d.m (a UInt64) ENGINE = MergeTree ORDER BY a AS SELECT a FROM d.x";
      assert.equal((await put(view)).standIn, undefined);
      await put("CREATE VIEW d.v AS SELECT a, (SELECT max(a) FROM d.m) AS top FROM d.x WHERE a IN (SELECT a FROM d.x)");
      await scratch.ask(`SELECT * FROM ${db}.v`);
    });
  }

  for (const [name, sqlAt] of Object.entries(QUERIES)) {
    it(`reads nothing for ${name}`, async () => {
      const { at, db, put } = await place(name);
      const sql = sqlAt(at).replace("'d', 'source'", `'${db}', 'source'`);
      const { statement, shown } = await put(sql);
      assert.doesNotMatch(shown, /hush/);
      const call = sql.slice(sql.search(/\w+`?\('/)).replaceAll("`", "");
      // A query that only gave a table its columns is forgotten.
      if (!sql.includes("TABLE d.x ENGINE") && sql.includes("('"))
        assert.ok(
          spaced(statement.replaceAll("`", "")).includes(call.split(")")[0]?.replace(" d.", ` ${db}.`) ?? ""),
          statement,
        );
      await put("CREATE VIEW d.v AS SELECT b, (SELECT max(b) FROM d.x) AS top FROM d.x");
      await scratch.ask(`SELECT * FROM ${db}.v`);
    });
  }

  for (const [name, sqlAt] of Object.entries(UNKNOWN)) {
    it(`refuses a ${name} without columns, and says what to do`, async () => {
      const { at, put } = await place(name);
      await assert.rejects(put(sqlAt(at)), (error) => {
        assert.ok(error instanceof ServerError);
        assert.match(error.message, /columns are not declared.*Declare them/);
        assert.doesNotMatch(error.message, /hush/);
        return true;
      });
    });
  }

  for (const [name, sqlAt] of Object.entries(DATABASES)) {
    it(`creates no database of ${name}`, async () => {
      const { at, put } = await place(`database of ${name}`);
      const { statement, shown, standIn } = await put(sqlAt(at));
      assert.match(standIn ?? "", /accesses something outside/);
      assert.match(statement, /'hush'\)/);
      assert.match(shown, /'\[HIDDEN\]'\)/);
    });
  }

  it("asks a dictionary that the server lends nothing", async () => {
    const { at, db, put } = await place("dictionary");
    lent.set(
      objectKey(db, "names"),
      `CREATE DICTIONARY ${db}.names (\`id\` UInt64, \`name\` String) PRIMARY KEY id
SOURCE(HTTP(URL 'http://${at}/' FORMAT 'CSV')) LIFETIME(MIN 1 MAX 1) LAYOUT(FLAT())`,
    );
    await put(`CREATE VIEW d.v AS SELECT dictGet('${db}.names', 'name', a) AS name FROM d.source`);
    await scratch.ask(`SELECT * FROM ${db}.v`);
  });

  it("answers questions about queries without reading", async () => {
    const { at } = await place("question");
    const url = `url('http://${at}/', 'CSV'`;
    const rows = await scratch.ask<{ name: string; type: string }>(`DESCRIBE (SELECT a FROM ${url}, 'a UInt8'))`);
    assert.deepEqual(
      rows.map(({ name, type }) => [name, type]),
      [["a", "UInt8"]],
    );
    await assert.rejects(scratch.ask(`DESCRIBE (SELECT a FROM ${url}))`), /columns are not declared/);
  });

  it("lets views read what a queue or a file has beside its columns", async () => {
    const { at, db, put } = await place("virtual columns");
    await put(`CREATE TABLE d.k (a UInt64) ENGINE = ${KAFKA(at)}`);
    await put(`CREATE TABLE d.f (a UInt64) ENGINE = S3('http://${at}/b/x', ${FILE})`);
    await put("CREATE VIEW d.v AS SELECT *, _topic, _timestamp, _headers.name AS h FROM d.k");
    const rows = await scratch.ask<{ name: string }>(`DESCRIBE ${db}.v`);
    assert.deepEqual(
      rows.map(({ name }) => name),
      ["a", "_topic", "_timestamp", "h"],
    );
    await put("CREATE VIEW d.w AS SELECT _path, _file, _size FROM d.f");
    // Looked at, not computed: a key is text, an offset zero.
    await put("CREATE TABLE d.t (n UInt64, at DateTime) ENGINE = Null");
    await put(
      "CREATE MATERIALIZED VIEW d.m TO d.t AS SELECT toUInt64(_key) + intDiv(10, _offset) AS n, assumeNotNull(_timestamp) AS at FROM d.k",
    );
  });

  it("judges the rest of what it does not create", async () => {
    const { at, put } = await place("judged");
    await assert.rejects(put(`CREATE TABLE d.x (a Uint64) ENGINE = ${KAFKA(at)}`), /UInt64/);
    await assert.rejects(put(`CREATE VIEW d.x AS SELECT b FROM url('http://${at}/', 'CSV', 'a UInt64')`), /`b`/);
    const join = `CREATE VIEW d.x AS SELECT u.a FROM url('http://${at}/', 'CSV', 'a UInt64') AS u JOIN d.none AS n USING a`;
    await assert.rejects(put(join), isMissingSource);
    const target = `CREATE MATERIALIZED VIEW d.x REFRESH EVERY 1 DAY TO d.none (a UInt64) AS SELECT a FROM mysql('${at}', 'd', 't', 'u', '')`;
    await assert.rejects(put(target), isMissingSource);
    const replicated = "CREATE TABLE d.x (a UInt64) ENGINE = ReplicatedMergeTree('/x', '{replica}') ORDER BY b";
    await assert.rejects(put(replicated), /'b'/);
  });

  it("has reached out to nobody", async () => {
    await sleep(WATCHED);
    assert.deepEqual([...knocked], []);
  });
});

describe("what depends on the server's configuration", () => {
  const scratch = new ScratchEngine(openScratch, async () => undefined);
  after(() => scratch.close());

  it("hosts ReplicatedMergeTree without arguments, as it is written in a Replicated database", async () => {
    for (const engine of ["ReplicatedMergeTree", "ReplicatedReplacingMergeTree(a)"]) {
      const { definition, standIn } = await scratch.canonicalize(
        parseCreate(`CREATE TABLE d.r (a UInt64) ENGINE = ${engine} ORDER BY a`),
      );
      assert.match(standIn ?? "", /cluster/);
      assert.ok(definition.text.includes(`ENGINE = ${engine}\n`), definition.text);
    }
  });

  it("takes a macro for a cluster's name, and what only the configuration answers", async () => {
    for (const query of [
      "SELECT * FROM clusterAllReplicas('{cluster}', system.disks)",
      "SELECT a FROM s3Cluster('{cluster}', 'https://b.example/k', 'AKIA', 'hush', 'CSV', 'a UInt8')",
      "SELECT getMacro('shard') AS shard, getServerPort('tcp_port') AS port FROM system.one",
    ]) {
      const made = await scratch.canonicalize(parseCreate(`CREATE VIEW d.c AS ${query}`));
      const [statement, shown] = [made.definition.text, made.shown.text];
      for (const word of query.match(/'\{cluster\}'|getMacro\('shard'\)|getServerPort/g) ?? [])
        assert.ok(statement.includes(word) && shown.includes(word), `${word} in ${statement}`);
      assert.doesNotMatch(shown, /hush|_macro_/);
    }
  });

  it("leaves limits of a pool's size to the server, and no other bad argument", async () => {
    const table = (settings: string): string =>
      `CREATE TABLE d.p (a UInt64) ENGINE = MergeTree ORDER BY a SETTINGS ${settings}`;
    const pool = "number_of_free_entries_in_pool_to_execute_mutation = 1000";
    const { definition, standIn } = await scratch.canonicalize(parseCreate(table(pool)));
    assert.match(standIn ?? "", /config\.xml/);
    assert.ok(definition.text.includes(pool), definition.text);
    await assert.rejects(scratch.canonicalize(parseCreate(table("index_granularity = 0"))), ServerError);
    await assert.rejects(scratch.canonicalize(parseCreate(table(pool).replace("BY a", "BY b"))), /'b'/);
  });
});

/** What the engine made of a declaration, as text. */
interface Made {
  readonly statement: string;
  readonly shown: string;
  readonly standIn?: string;
}

interface Outside {
  /** `127.0.0.1:port`. */
  readonly address: string;
  close(): Promise<void>;
}

/** Somebody who says when there is a knock at the door. */
async function listen(onKnock: () => void): Promise<Outside> {
  const server = createServer((socket) => {
    onKnock();
    socket.on("error", () => undefined).destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { address: `127.0.0.1:${port}`, close: () => new Promise((resolve) => server.close(() => resolve())) };
}
