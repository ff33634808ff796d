import assert from "node:assert/strict";
import { TestProvider, urnOf } from "../support/provider";
import { freshDatabase, startServer, type TestServer, type Version } from "../support/server";

const VERSIONS: readonly (Version | undefined)[] = [undefined, "25.8", "24.8"];

for (const version of VERSIONS) {
  describe(`a dictionary on ${version ?? "26.7"}`, function () {
    this.timeout(120_000);
    let server: TestServer;
    let database: string;
    let provider: TestProvider;

    before(async () => {
      server = await startServer(version === undefined ? {} : { version });
    });

    beforeEach(async () => {
      database = await freshDatabase(server);
      provider = new TestProvider({ "clickhouse:url": server.url });
      await send(`CREATE TABLE ${database}.src (id UInt64, name String, rate Float64) ENGINE = MergeTree ORDER BY id`);
      await send(`INSERT INTO ${database}.src VALUES (1, 'one', 1.5)`);
    });

    afterEach(() => provider.close());
    after(() => server.stop());

    const send = async (sql: string): Promise<string> => {
      const response = await fetch(server.url, { method: "POST", body: sql });
      const text = await response.text();
      assert.ok(response.ok, text);
      return text.trim();
    };
    const args = (more: object = {}) => ({
      columns: { id: "UInt64", name: "String", rate: "Float64" },
      primaryKey: "id",
      source: { table: `${database}.src` },
      layout: "HASHED()",
      lifetime: 300,
      ...more,
    });
    const check = (given: object, olds?: object, more: object = {}) =>
      provider.check("dictionary", {
        name: "x",
        database,
        args: given,
        dependsOn: [urnOf("table", "src", database)],
        ...(olds && { olds: { ...olds } }),
        ...more,
      });
    const create = async (given: object = args()): Promise<Record<string, unknown>> => {
      const { inputs = {}, failures } = await check(given);
      assert.deepEqual(failures, []);
      return (await provider.of("dictionary").create(inputs)).outs ?? {};
    };
    const update = async (olds: Record<string, unknown>, given: object): Promise<Record<string, unknown>> => {
      provider = await provider.next();
      const { inputs = {}, failures } = await check(given, olds);
      assert.deepEqual(failures, []);
      return (await provider.of("dictionary").update(`${database}.x`, olds, inputs)).outs ?? {};
    };
    /** A table whose default asks the dictionary, and a view that does. */
    const addReaders = async (): Promise<void> => {
      await send(
        `CREATE TABLE ${database}.user (id UInt64, n String DEFAULT dictGet('${database}.x', 'name', id)) ENGINE = MergeTree ORDER BY id`,
      );
      await send(`CREATE VIEW ${database}.v AS SELECT dictGet('${database}.x', 'name', number) AS n FROM numbers(2)`);
    };
    const leftovers = (): Promise<string> =>
      send(
        `SELECT name FROM system.tables WHERE database = '${database}' AND name LIKE '\\_tmp\\_replace%' FORMAT TSVRaw`,
      );

    it("loads what its source has, and changes comment and lifetime by CREATE OR REPLACE while inserts continue", async () => {
      let outs = await create();
      assert.equal(await send(`SELECT dictGet('${database}.x', 'name', 1) FORMAT TSVRaw`), "one");
      await addReaders();
      for (const more of [{ comment: "rates" }, { comment: "rates", lifetime: [5, 10] }]) {
        outs = await update(outs, args(more));
        await send(`INSERT INTO ${database}.user (id) VALUES (1)`);
        assert.equal(await leftovers(), "");
      }
      const shown = await send(`SHOW CREATE DICTIONARY ${database}.x FORMAT TSVRaw`);
      assert.match(shown, /LIFETIME\(MIN 5 MAX 10\)[\s\S]*COMMENT 'rates'/);
      assert.equal(await send(`SELECT DISTINCT n FROM ${database}.user FORMAT TSVRaw`), "one");
    });

    it("is replaced although somebody has changed its comment by ALTER, after which the server answers 630 and leaves the old one", async () => {
      const outs = await create();
      await addReaders();
      await send(`ALTER TABLE ${database}.x MODIFY COMMENT 'by hand'`);
      const now = await update(outs, args({ lifetime: 7 }));
      assert.equal(await leftovers(), "");
      assert.match(await send(`SHOW CREATE DICTIONARY ${database}.x FORMAT TSVRaw`), /LIFETIME\(MIN 0 MAX 7\)/);
      assert.equal((await provider.of("dictionary").read(`${database}.x`, now)).inputs, undefined);
    });

    it("is not changed to lack what a view and a default ask for, and both are named", async () => {
      const outs = await create();
      await addReaders();
      provider = await provider.next();
      const { failures } = await check(args({ columns: { id: "UInt64", rate: "Float64" } }), outs);
      assert.match(failures.join("\n"), new RegExp(`${database}\\.user`));
      assert.match(failures.join("\n"), new RegExp(`${database}\\.v\\b`));
      const unread = await check(args({ columns: { id: "UInt64", name: "String" } }), outs);
      assert.deepEqual(unread.failures, [], "nothing reads rate");
    });

    it("is not dropped while a view or a default asks for it", async () => {
      const outs = await create();
      await addReaders();
      await assert.rejects(
        () => provider.of("dictionary").delete(`${database}.x`, outs),
        ({ message }: Error) =>
          /not dropped, because/.test(message) && /\.v\b/.test(message) && /\.user\b/.test(message),
      );
      await send(`DROP VIEW ${database}.v`);
      await send(`DROP TABLE ${database}.user SYNC`);
      provider = await provider.next();
      await provider.of("dictionary").delete(`${database}.x`, outs);
      assert.equal(await send(`EXISTS DICTIONARY ${database}.x`), "0");
    });

    it("gets another name, and what asks for it is re-pointed", async () => {
      const outs = await create();
      await send(`CREATE VIEW ${database}.v AS SELECT dictGet('${database}.x', 'name', toUInt64(1)) AS n`);
      provider = await provider.next();
      const { inputs = {}, failures } = await check(args(), outs, { name: "y" });
      assert.deepEqual(failures, []);
      await provider.of("dictionary").update(`${database}.x`, outs, inputs);
      assert.equal(await send(`SELECT n FROM ${database}.v FORMAT TSVRaw`), "one");
      assert.match(await send(`SHOW CREATE TABLE ${database}.v FORMAT TSVRaw`), new RegExp(`${database}\\.y`));
    });

    it("keeps a password in its source out of the state unless it is a secret, and out of every message", async () => {
      const source = `CLICKHOUSE(HOST 'localhost' USER 'default' PASSWORD 's3cret-word' DB '${database}' TABLE 'src')`;
      const inClear = await check(args({ source }));
      assert.match(inClear.failures.join(), /in plain text/);
      assert.doesNotMatch(inClear.failures.join(), /s3cret-word/);
      const header =
        "HTTP(URL 'http://localhost:1/' FORMAT 'TSV' HEADERS(HEADER(NAME 'X-API-KEY' VALUE 's3cret-word')))";
      assert.match((await check(args({ source: header }))).failures.join(), /in plain text/);
      const { inputs = {}, failures } = await check(args({ source }), undefined, { sensitive: true });
      assert.deepEqual(failures, []);
      const outs = (await provider.of("dictionary").create(inputs)).outs ?? {};
      provider = await provider.next();
      const read = await provider.of("dictionary").read(`${database}.x`, outs);
      assert.equal(read.inputs, undefined, "the hidden password is taken for drift");
      const changed = await check(args({ source, lifetime: 9 }), outs, { sensitive: true });
      assert.deepEqual(changed.failures, []);
      assert.doesNotMatch(String(changed.inputs?.["plan"]), /s3cret-word/);
      assert.doesNotMatch(provider.messages.join("\n"), /s3cret-word/);
      await provider.of("dictionary").update(`${database}.x`, outs, changed.inputs ?? {});
      assert.match(await send(`SHOW CREATE DICTIONARY ${database}.x FORMAT TSVRaw`), /LIFETIME\(MIN 0 MAX 9\)/);
    });

    it("is refused with what is wrong in its arguments, all at once, and in the engine's words", async () => {
      const wrong = await check({
        columns: { id: {} },
        primaryKey: "id",
        source: { table: "src" },
        layout: "FLAT",
        lifetime: "5",
      });
      for (const part of [
        /columns\.id\.type: is missing/,
        /source\.table: expected a table/,
        /lifetime: expected seconds/,
      ])
        assert.match(wrong.failures.join("\n"), part);
      const engine = await check(args({ primaryKey: "idd" }));
      assert.match(engine.failures.join(), /idd/);
      const unheld = await check(args({ layout: "HASHT()" }));
      assert.match(unheld.failures.join(), /hasht/i);
    });

    it("is the same in plain SQL, and adopted when it exists as declared", async () => {
      await send(
        `CREATE DICTIONARY ${database}.x (id UInt64, name String, rate Float64) PRIMARY KEY id SOURCE(CLICKHOUSE(TABLE 'src' DB '${database}')) LAYOUT(HASHED()) LIFETIME(300)`,
      );
      const outs = await create();
      const sql = `create dictionary ${database}.x (id UInt64, name String, rate Float64) primary key (id) layout(hashed()) lifetime(300) source(clickhouse(table 'src' db '${database}'))`;
      provider = await provider.next();
      const same = await check({ sql }, outs);
      assert.deepEqual([same.failures, same.inputs?.["plan"]], [[], undefined]);
      const other = await provider.next();
      provider = other;
      assert.match((await check(args({ lifetime: 1 }))).failures.join(), /exists on the server and differs/);
    });
  });
}
