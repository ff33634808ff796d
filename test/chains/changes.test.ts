import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { awaitOldInserts } from "../../provider/src/pulumi/change-readers";
import { objectKey } from "../../provider/src/sql/object-key";
import { Refused, TestProvider } from "../support/provider";
import { freshDatabase, sharedServer, stopSharedServer } from "../support/server";
import { Died } from "./dying-proxy";
import { type Resource, Stack } from "./stack";

const order = { chance: () => 0.5 };

describe("a change of a column along a chain, in one run and without permission", function () {
  this.timeout(120_000);
  let stack: Stack;
  let db: string;
  beforeEach(async () => {
    const server = await sharedServer();
    db = await freshDatabase(server);
    stack = await Stack.open(server.url, db);
  });
  afterEach(() => stack?.close());
  after(stopSharedServer);

  const table = (name: string, columns: object, more: object = {}): Resource => ({
    kind: "table",
    database: db,
    name,
    args: { columns: { i: "UInt64", ...columns }, orderBy: "i", ...more },
    after: [],
  });
  const view = (name: string, source: string, to: string, values: string): Resource => ({
    kind: "materializedView",
    database: db,
    name,
    args: { query: `SELECT i${values && `, ${values}`} FROM ${db}.${source}`, to: `${db}.${to}` },
    after: [source, to],
  });
  const read = (source: string, values: string): Resource => ({
    kind: "view",
    database: db,
    name: "read",
    args: { query: `SELECT i, ${values} FROM ${db}.${source}` },
    after: [source],
  });
  const rows = async (sql: string): Promise<string> =>
    (await stack.connection.query(sql.replaceAll("db.", `${db}.`))).map((row) => Object.values(row).join()).join(";");
  const run = (sql: string): Promise<void> => stack.connection.command(sql.replaceAll("db.", `${db}.`));
  const plain = (text = ""): string =>
    text
      .replaceAll(`${db}.`, "db.")
      .replace(/`(\w+)`/g, "$1")
      .replace(/\s+/g, " ");
  const settled = async (program: readonly Resource[]): Promise<void> => {
    const left = [...(await stack.preview(program))].filter(([, plan]) => plan !== "");
    assert.deepEqual(left, []);
  };
  /** Runs of which each dies when its next statement has reached the server, with something after each. */
  const inSingleSteps = async (wanted: readonly Resource[], then: () => Promise<void>): Promise<void> => {
    let [diesAt, last] = [0, ""];
    for (let isOver = false; !isOver; ) {
      isOver = await stack.up(wanted, { ...order, diesAt, reaches: true }).then(
        () => true,
        (error: unknown) => {
          assert.ok(error instanceof Died, String(error));
          // A creation is sent again, and finds the object there.
          diesAt = error.message === last ? 1 : 0;
          last = error.message;
          return false;
        },
      );
      await then();
    }
  };

  it("gives a column another type where the view's functions take only one of the two, by a query that takes both", async () => {
    const program = (type: string, call: string): Resource[] => [
      table("src", { b: type }),
      table("dst", { n: "UInt64" }),
      view("v", "src", "dst", `${call} AS n`),
      read("src", `${call} AS n`),
    ];
    await stack.up(program("String", "length(lower(b))"), order);
    await run("INSERT INTO db.src VALUES (1, '7')");
    const wanted = program("UInt64", "bitOr(b, 0)");
    const shown = await stack.preview(wanted);
    const plan = plain(shown.get("src"));
    assert.match(plan, /-- first db\.v, which this run changes too, reads the new types, until its own row:/);
    assert.match(
      plan,
      /MODIFY QUERY SELECT i, bitOr\(b, 0\) AS n FROM \(SELECT i, CAST\(b, 'UInt64'\) AS b FROM db\.src\)/,
    );
    assert.match(plan, /CREATE OR REPLACE VIEW db\.read /);
    assert.match(plan, /-- inserts are refused for a moment \(error 469.*: ALTER TABLE db\.src MODIFY COLUMN b UInt64/);
    assert.match(shown.get("v") ?? "", /^-- ends what the plan of \S+src begins:\nALTER TABLE/);
    await stack.up(wanted, order);
    await run("INSERT INTO db.src VALUES (2, 9)");
    assert.equal(await rows("SELECT i, n FROM db.dst ORDER BY i"), "1,1;2,9");
    assert.equal(await rows("SELECT i, n FROM db.read ORDER BY i"), "1,7;2,9");
    assert.doesNotMatch(await rows("SHOW CREATE db.v"), /CAST/);
    await settled(wanted);
  });

  it("makes targets wider before their sources, and sources narrower before their targets", async () => {
    const program = (type: string): Resource[] => [
      table("src", { b: type }),
      table("mid", { b: type }),
      table("dst", { b: type }),
      view("v1", "src", "mid", "b"),
      view("v2", "mid", "dst", "b"),
    ];
    await stack.up(program("UInt32"), order);
    const changed = (plan: string | undefined): string[] =>
      [...plain(plan).matchAll(/ALTER TABLE db\.(\w+) MODIFY COLUMN/g)].map(([, name = ""]) => name);
    const shown = await stack.preview(program("UInt64"));
    assert.deepEqual(changed(shown.get("src")), ["dst", "mid", "src"]);
    for (const name of ["mid", "dst"]) {
      assert.match(
        plain(shown.get(name)),
        /-- one change with db\.src: its plan shows the statements, and whichever of the rows comes first runs them$/,
      );
    }
    await stack.up(program("UInt64"), order);
    await settled(program("UInt64"));
    await run(`INSERT INTO db.src VALUES (1, ${2 ** 40})`);
    assert.equal(await rows("SELECT b FROM db.dst"), String(2 ** 40));
    await run("TRUNCATE TABLE db.src");
    await run("TRUNCATE TABLE db.mid");
    await run("TRUNCATE TABLE db.dst");
    assert.deepEqual(changed((await stack.preview([...program("UInt32")].reverse())).get("dst")), [
      "src",
      "mid",
      "dst",
    ]);
    await stack.up(program("UInt32"), order);
    await settled(program("UInt32"));
  });

  it("changes views in the order in which no default is converted, and takes inserts after each statement", async () => {
    const program = (isThere: boolean): Resource[] => {
      const column = (type: string): object => (isThere ? { b: type } : {});
      const drops = { allow: ["drops-data"] };
      return [
        table("src", isThere ? { b: { type: "String", default: "toString(i)" } } : {}, drops),
        table("one", column("String"), drops),
        table("two", column("UInt64"), drops),
        table("end", column("UInt64"), drops),
        view("v1", "src", "one", isThere ? "lower(b) AS b" : ""),
        view("v2", "one", "two", isThere ? "CAST(b, 'UInt64') AS b" : ""),
        view("v3", "two", "end", isThere ? "bitOr(b, 0) AS b" : ""),
      ];
    };
    await stack.up(program(false), order);
    let next = 0;
    for (const isThere of [true, false]) {
      const wanted = program(isThere);
      const shown = plain([...(await stack.preview(wanted)).values()].join("\n"));
      const changes = [...shown.matchAll(/ALTER TABLE db\.(v\d) MODIFY QUERY/g)].map(([, name]) => name);
      assert.deepEqual(changes, isThere ? ["v1", "v2", "v3"] : ["v3", "v2", "v1"]);
      if (isThere) assert.match(shown, /once inserts under way have ended/);
      await inSingleSteps(wanted, () => run(`INSERT INTO db.src (i) VALUES (${next++})`));
      assert.equal(await rows("SELECT count() FROM db.end"), String(next));
      if (isThere) assert.equal(await rows("SELECT b FROM db.end ORDER BY i DESC LIMIT 1"), String(next - 1));
      await settled(wanted);
    }
  });

  it("creates a view that converts a column which comes in the same run once the one before it writes that", async () => {
    const program = (isThere: boolean): Resource[] => [
      table("src", { a: "String" }),
      table("one", isThere ? { b: "String" } : {}),
      ...(isThere ? [table("two", { b: "UInt64" }), view("v2", "one", "two", "CAST(b, 'UInt64') AS b")] : []),
      view("v1", "src", "one", isThere ? "lower(a) AS b" : ""),
    ];
    await stack.up(program(false), order);
    const wanted = program(true);
    assert.match(
      plain((await stack.preview(wanted)).get("v2")),
      /^-- first db\.v1, which this run changes too and which writes what db\.v2 is going to read: ALTER TABLE db\.v1.* -- then it is created, once/,
    );
    let next = 0;
    await inSingleSteps(wanted, () => run(`INSERT INTO db.src VALUES (${next}, '${next++}')`));
    assert.equal(await rows("SELECT count() FROM db.one"), String(next));
    assert.equal(await rows("SELECT b FROM db.two ORDER BY i DESC LIMIT 1"), String(next - 1));
    await settled(wanted);
  });

  it("takes one column for another: the new one first, then the readers, then the old one goes", async () => {
    const program = (column: string): Resource[] => [
      table("src", { [column]: "UInt64" }, { allow: ["drops-data"] }),
      table("dst", { [column]: "UInt64" }, { allow: ["drops-data"] }),
      view("v", "src", "dst", column),
    ];
    await stack.up(program("b"), order);
    await run("INSERT INTO db.src VALUES (1, 1)");
    const plan = plain((await stack.preview(program("c"))).get("src"));
    assert.match(plan, /ADD COLUMN c UInt64.*MODIFY QUERY SELECT i, c.*DROP COLUMN b/);
    await stack.up(program("c"), order);
    await run("INSERT INTO db.src VALUES (2, 5)");
    assert.equal(await rows("SELECT i, c FROM db.dst ORDER BY i"), "1,0;2,5");
    await settled(program("c"));
  });

  it("lets a view leave in the run in which the column leaves that it reads", async () => {
    const tables = (column: object): Resource[] => [
      table("src", column, { allow: ["drops-data"] }),
      table("dst", { b: "UInt64" }),
      table("other", { one: "UInt8" }),
    ];
    const stays = view("stays", "src", "other", "1 AS one");
    await stack.up([...tables({ b: "UInt64", c: "String" }), view("v", "src", "dst", "b"), stays], order);
    const wanted = [...tables({ c: "String" }), stays];
    assert.match(
      plain((await stack.preview(wanted)).get("src")),
      /-- first db\.v, which leaves the program, reads no column that goes any more:/,
    );
    await stack.up(wanted, order);
    await run("INSERT INTO db.src VALUES (1, 'a')");
    assert.equal(await rows(`EXISTS db.v`), "0");
    assert.equal(await rows("SELECT count() FROM db.other"), "1");
    await settled(wanted);
  });

  it("waits for inserts under way before a column goes that a view may have read, also after an interrupted run", async () => {
    await run("CREATE TABLE db.src (i UInt64, c UInt8) ENGINE = MergeTree ORDER BY i");
    await run("CREATE TABLE db.alone (i UInt64, c UInt8) ENGINE = MergeTree ORDER BY i");
    await run("CREATE TABLE db.dst (i UInt64) ENGINE = MergeTree ORDER BY i");
    await run("CREATE MATERIALIZED VIEW db.v TO db.dst AS SELECT i FROM db.src");
    const column = { name: "c", type: "UInt8" };
    const provider = new TestProvider({ "clickhouse:url": stack.connection.url });
    const waiting = async (name: string, changes: Parameters<typeof awaitOldInserts>[3]): Promise<void> =>
      awaitOldInserts(provider.context, await provider.context.connection(), objectKey(db, name), changes);
    const mark = `slow_${db}`;
    const insert = run(
      `INSERT INTO db.src SELECT number, sleepEachRow(1) FROM numbers(100) SETTINGS max_block_size = 1, function_sleep_max_microseconds_per_block = 0, log_comment = '${mark}'`,
    ).catch(() => "killed");
    const running = `SELECT count() FROM system.processes WHERE Settings['log_comment'] = '${mark}'`;
    while ((await rows(running)) !== "1") await sleep(20);
    let isOver = false;
    const drop = waiting("src", [{ kind: "column-dropped", column, inKey: false }]).then(() => (isOver = true));
    await waiting("alone", [{ kind: "column-dropped", column, inKey: false }]);
    await waiting("src", [{ kind: "comment", to: "another" }]);
    await sleep(300);
    assert.equal(isOver, false);
    await run(`KILL QUERY WHERE Settings['log_comment'] = '${mark}' SYNC`);
    assert.equal(await insert, "killed");
    await drop;
    await provider.close();
  });

  it("names a reader of another stack, and changes nothing", async () => {
    const program = (column: object, values: string): Resource[] => [
      table("src", { b: "UInt64", ...column }, { allow: ["drops-data"] }),
      table("dst", { b: "UInt64", ...column }, { allow: ["drops-data"] }),
      view("v", "src", "dst", values),
    ];
    await stack.up(program({ c: "UInt8" }, "b, c"), order);
    await run("CREATE TABLE db.theirs (i UInt64, c UInt8) ENGINE = MergeTree ORDER BY i");
    await run("CREATE MATERIALIZED VIEW db.other TO db.theirs AS SELECT i, c FROM db.src");
    const before = await rows("SHOW CREATE db.v");
    await assert.rejects(stack.preview(program({}, "b")), (error: Error) => {
      assert.ok(error instanceof Refused, String(error));
      assert.match(plain(error.message), /db\.other reads c \(dropped\)/);
      assert.doesNotMatch(plain(error.message), /db\.v reads/);
      return true;
    });
    assert.equal(await rows("SHOW CREATE db.v"), before);
  });

  it("renames no column of a table that a Buffer passes rows on to: they would arrive without its values", async () => {
    const buffer = (column: object): Resource => ({
      ...table("front", column),
      args: {
        columns: { i: "UInt64", ...column },
        engine: `Buffer('${db}', 'src', 1, 10, 100, 10000, 1000000, 10000000, 100000000)`,
      },
      after: ["src"],
    });
    await stack.up([table("src", { b: "UInt64" }), buffer({ b: "UInt64" })], order);
    const renamed = { c: { type: "UInt64", renamedFrom: "b" } };
    await assert.rejects(stack.preview([table("src", renamed), buffer(renamed)]), (error: Error) => {
      assert.match(
        plain(error.message),
        /db\.front reads b \(renamed\): it is a Buffer over it, and would pass rows on/,
      );
      return true;
    });
    await stack.up([table("src", { c: "UInt64", b: "UInt64" }), buffer({ c: "UInt64", b: "UInt64" })], order);
  });

  it("shows a rename as it will run: with the alias that gives way", async () => {
    const program = (column: object, name: string): Resource[] => [
      table("src", column),
      table("dst", { n: "UInt64" }),
      view("v", "src", "dst", `${name} AS n`),
    ];
    await stack.up(program({ b: "UInt64" }, "b"), order);
    const wanted = program({ c: { type: "UInt64", renamedFrom: "b" } }, "c");
    const plan = plain((await stack.preview(wanted)).get("src"));
    assert.match(plan, /ADD COLUMN IF NOT EXISTS c UInt64 ALIAS b/);
    assert.match(plan, /RENAME COLUMN c TO c__alias, RENAME COLUMN b TO c/);
    assert.match(plan, /DROP COLUMN c__alias/);
    await stack.up(wanted, order);
    await settled(wanted);
  });
});
