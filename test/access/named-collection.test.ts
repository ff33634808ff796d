import assert from "node:assert/strict";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { usesCollection } from "../../provider/src/introspect/collections";
import { usersXml } from "../../provider/src/server/users";
import { TestProvider } from "../support/provider";
import { startServer, type TestServer, type Version } from "../support/server";

const USERS = usersXml([
  { name: "default" },
  { name: "reader", password: "first-secret" },
  { name: "blind", rights: "<grants><query>GRANT CREATE NAMED COLLECTION ON *</query></grants>" },
]);
const SECRETS = ["first-secret", "second secret's"] as const;

for (const version of ["25.8", "24.8"] as const satisfies readonly Version[]) {
  describe(`a named collection on a server of ${version}`, function () {
    this.timeout(120_000);
    let server: TestServer;
    let admin: Connection;

    before(async () => {
      server = await startServer({ version, users: USERS });
      admin = await openConnection({ url: server.url });
    });

    after(async () => {
      await admin?.close();
      await server?.stop();
    });

    const using = async <T>(work: (provider: TestProvider) => Promise<T>, config = {}): Promise<T> => {
      const provider = new TestProvider({ "clickhouse:url": server.url, ...config });
      return work(provider).finally(() => provider.close());
    };
    const request = (name: string, secret: string, values: object = { format: "TSV" }, olds?: object) => ({
      name,
      args: { values, secrets: { url: "[HIDDEN]" } },
      secrets: { url: urlWith(secret) },
      ...(olds && { olds: { ...olds } }),
    });
    const urlWith = (password: string): string =>
      `${server.url}/?query=SELECT+currentUser()&user=reader&password=${encodeURIComponent(password)}`;
    const create = (name: string, secret: string): Promise<Record<string, unknown>> =>
      using(async (provider) => {
        const { inputs = {}, failures } = await provider.check("namedCollection", request(name, secret));
        assert.deepEqual(failures, []);
        return (await provider.of("namedCollection").create(inputs)).outs ?? {};
      });

    it("gives its secret to who uses it, and keeps it out of the state, the messages and the server's log", async () => {
      const said: string[] = [];
      const outs = await create("web", SECRETS[0]);
      const [row] = await admin.query<{ x: string }>("SELECT x FROM url(web, structure = 'x String')");
      assert.equal(row?.x, "reader");
      const changed = await using(async (provider) => {
        const again = await provider.check("namedCollection", request("web", SECRETS[0], undefined, outs));
        assert.deepEqual([again.failures, again.inputs?.["plan"]], [[], undefined]);
        assert.equal(again.inputs?.["secrets"], outs["secrets"]);
        const { inputs = {}, failures } = await provider.check(
          "namedCollection",
          request("web", SECRETS[1], undefined, outs),
        );
        assert.deepEqual(failures, []);
        assert.match(String(inputs["plan"]), /ALTER NAMED COLLECTION web SET\s+url = '\[HIDDEN\]';/);
        assert.doesNotMatch(String(inputs["plan"]), /format =/);
        const { outs: now = {} } = await provider.of("namedCollection").update("web", outs, inputs);
        said.push(...provider.messages, JSON.stringify([outs, inputs, now]));
        return now;
      });
      await assert.rejects(admin.query("SELECT x FROM url(web, structure = 'x String')"), /AUTHENTICATION_FAILED|516/);
      await using(async (provider) => {
        const third = await provider.check("namedCollection", request("web", SECRETS[1], undefined, changed));
        assert.deepEqual([third.failures, third.inputs?.["plan"]], [[], undefined]);
        const read = await provider.of("namedCollection").read("web", changed);
        assert.equal(read.inputs, undefined);
      });
      for (const secret of SECRETS.map(encodeURIComponent))
        assert.ok(!said.join("\n").includes(secret), said.join("\n"));
      await admin.command("SYSTEM FLUSH LOGS");
      const logged = await admin.query<{ query: string }>(
        "SELECT query FROM system.query_log WHERE query LIKE '%NAMED COLLECTION%' AND query NOT LIKE '%query_log%'",
      );
      assert.ok(logged.length >= 2);
      const isShown = logged.some(({ query }) => query.includes("first-secret"));
      assert.equal(isShown, version === "24.8", "the server's log has the secret");
      assert.equal(
        said.some((one) => /into system\.query_log and its log files/.test(one)),
        version === "24.8",
      );
    });

    it("is not dropped or renamed while something uses it, and the server starts again", async () => {
      const outs = await create("used", SECRETS[0]);
      const d = "d_used";
      for (const sql of [
        `CREATE DATABASE ${d}`,
        // 24.8 would not start again with a table of URL(collection), whether there is one or not.
        `CREATE TABLE ${d}.t (x String) ENGINE = ${version === "24.8" ? "S3(used, filename = 'x')" : "URL(used)"}`,
        `CREATE VIEW ${d}.v AS SELECT x FROM url(used, structure = 'x String')`,
        `CREATE DICTIONARY ${d}.k (x String) PRIMARY KEY x SOURCE(HTTP(NAME used)) LAYOUT(COMPLEX_KEY_HASHED()) LIFETIME(0)`,
        `CREATE TABLE ${d}.other (used String) ENGINE = MergeTree ORDER BY used`,
      ])
        await admin.command(sql);
      const drop = () =>
        using((provider) => provider.of("namedCollection").delete("used", { ...outs, deletion: "drop" }));
      await assert.rejects(drop(), (error: Error) => {
        assert.match(error.message, /not dropped, because d_used\.k, d_used\.t, d_used\.v on the server uses it/);
        return true;
      });
      const renamed = await using((provider) =>
        provider.check("namedCollection", request("used2", SECRETS[0], undefined, outs)),
      );
      assert.match(renamed.failures.join(), /not renamed to used2, because d_used\.k, d_used\.t, d_used\.v/);
      await server.restart();
      assert.equal((await admin.query("SELECT name FROM system.tables WHERE database = 'd_used'")).length, 4);
      for (const sql of [`DROP DICTIONARY ${d}.k`, `DROP VIEW ${d}.v`, `DROP TABLE ${d}.t SYNC`])
        await admin.command(sql);
      const now = await using(async (provider) => {
        const { inputs = {}, failures } = await provider.check(
          "namedCollection",
          request("used2", SECRETS[0], undefined, outs),
        );
        assert.deepEqual(failures, []);
        return (await provider.of("namedCollection").update("used", outs, inputs)).outs ?? {};
      });
      const [row] = await admin.query<{ x: string }>("SELECT x FROM url(used2, structure = 'x String')");
      assert.equal(row?.x, "reader");
      await using((provider) => provider.of("namedCollection").delete("used2", now));
      assert.deepEqual(await admin.query("SELECT name FROM system.named_collections WHERE name LIKE 'used%'"), []);
      await server.restart();
      assert.equal((await admin.query("SELECT name FROM system.tables WHERE database = 'd_used'")).length, 1);
    });

    it("that exists already has all its values set, because nobody can compare them", async () => {
      await admin.command(`CREATE NAMED COLLECTION found AS url = 'http://localhost:1/', format = 'TSV'`);
      await using(async (provider) => {
        const { inputs = {}, failures } = await provider.check("namedCollection", request("found", SECRETS[0]));
        assert.deepEqual(failures, []);
        assert.match(
          String(inputs["plan"]),
          /ALTER NAMED COLLECTION found SET\s+`?format`? = 'TSV',\s+url = '\[HIDDEN\]';/,
        );
        await provider.of("namedCollection").create(inputs);
      });
      const [row] = await admin.query<{ x: string }>("SELECT x FROM url(found, structure = 'x String')");
      assert.equal(row?.x, "reader");
    });

    it("that this user may not see is not taken for one that is gone", async () => {
      const outs = await create("unseen", SECRETS[0]);
      const blind = { "clickhouse:username": "blind" };
      await assert.rejects(
        using((provider) => provider.of("namedCollection").read("unseen", outs), blind),
        (error: Error) => {
          assert.match(
            error.message,
            /may not see named collections[\s\S]*GRANT SHOW NAMED COLLECTIONS ON unseen TO blind/,
          );
          return true;
        },
      );
    });
  });
}

describe("what uses a named collection", () => {
  const takers = new Set(["s3", "url", "kafka", "s3cluster", "mysql"]);
  const uses = (sql: string): boolean => usesCollection(sql, "coll", takers);

  it("names it as an argument of an engine or a table function, or as the name of a source", () => {
    assert.ok(uses("CREATE TABLE a.b (x UInt8) ENGINE = S3(coll, filename = 'x')"));
    assert.ok(uses("CREATE TABLE a.b (x UInt8) ENGINE = S3(`coll`)"));
    assert.ok(uses("CREATE VIEW a.b AS SELECT * FROM (SELECT * FROM s3Cluster('c', coll))"));
    assert.ok(uses("CREATE DICTIONARY a.b (x UInt8) PRIMARY KEY x SOURCE(HTTP(NAME coll FORMAT 'TSV'))"));
    assert.ok(uses("CREATE DATABASE x ENGINE = MySQL(coll)"));
  });

  it("stands as a string on 24.8", () => {
    assert.ok(uses("CREATE TABLE a.b (x UInt8) ENGINE = URL('coll')"));
  });

  it("is not what only has the same word", () => {
    assert.ok(!uses("CREATE TABLE a.coll (coll UInt8) ENGINE = MergeTree ORDER BY (coll, x)"));
    assert.ok(!uses("CREATE VIEW a.b AS SELECT sum(coll) FROM a.t"));
    assert.ok(!uses("CREATE TABLE a.b (x UInt8) ENGINE = S3(other, filename = 'coll')"));
  });
});
