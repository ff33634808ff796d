import assert from "node:assert/strict";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { TestProvider } from "../support/provider";
import { freshDatabase, sharedServer } from "../support/server";

/** Whatever asks `db.d`, which reads `name` of `db.t`, and a statement that shows whether it works. */
const READERS: readonly (readonly [string, string, string])[] = [
  [
    "asking",
    "CREATE VIEW db.asking AS SELECT id, dictGet('db.d', 'name', id) AS x FROM db.s",
    "SELECT * FROM db.asking",
  ],
  ["behind", "CREATE VIEW db.behind AS SELECT upper(x) AS y FROM db.asking", "SELECT * FROM db.behind"],
  ["as_table", "CREATE VIEW db.as_table AS SELECT * FROM db.d", "SELECT * FROM db.as_table"],
  [
    "defaulted",
    "CREATE TABLE db.defaulted (id UInt64, x String DEFAULT dictGet('db.d', 'name', id)) ENGINE = MergeTree ORDER BY id",
    "INSERT INTO db.defaulted (id) VALUES (1)",
  ],
  [
    "aliased",
    "CREATE TABLE db.aliased (id UInt64, x String ALIAS dictGetOrDefault(db.d, 'name', id, '')) ENGINE = MergeTree ORDER BY id",
    "SELECT x FROM db.aliased",
  ],
  ["of_alias", "CREATE VIEW db.of_alias AS SELECT x FROM db.aliased", "SELECT * FROM db.of_alias"],
  [
    "checked",
    "CREATE TABLE db.checked (id UInt64, CONSTRAINT c CHECK dictHas('db.d', id)) ENGINE = MergeTree ORDER BY id",
    "INSERT INTO db.checked VALUES (1)",
  ],
  [
    "feeding",
    "CREATE MATERIALIZED VIEW db.feeding TO db.o AS SELECT id, dictGet('db.d', 'name', id) AS x FROM db.s",
    "INSERT INTO db.s VALUES (1)",
  ],
  // These ask nothing that goes.
  [
    "of_other",
    "CREATE VIEW db.of_other AS SELECT dictGet('db.e', 'extra', id) AS x FROM db.s",
    "SELECT * FROM db.of_other",
  ],
  ["of_id", "CREATE VIEW db.of_id AS SELECT id FROM db.aliased", "SELECT * FROM db.of_id"],
  ["called", "CREATE VIEW db.called AS SELECT 'db.d' AS name FROM db.s", "SELECT * FROM db.called"],
];
const UUID = "61f0c404-5cb3-11e7-907b-a6006ad3dba0";
const COLUMNS = { id: "UInt64", name: "String", title: "String", extra: "String", uid: "String" };
const ALL = ["aliased", "as_table", "asking", "behind", "checked", "d", "defaulted", "feeding", "of_alias"];
const BY_TABLE = "SOURCE(CLICKHOUSE(DB 'db' TABLE 't'))";
const BY_QUERY = "SOURCE(CLICKHOUSE(QUERY 'SELECT id, upper(title) AS name, toUUIDOrZero(uid) AS uid FROM db.t'))";

const CASES: readonly {
  readonly name: string;
  readonly source: string;
  /** Columns of `db.t` afterwards; before, those of `COLUMNS`. */
  readonly to: Readonly<Record<string, unknown>>;
  readonly broken: readonly string[];
  /** What is in `uid`; a UUID unless given. */
  readonly uid?: string;
}[] = [
  {
    name: "a column that an attribute is read from goes",
    source: BY_TABLE,
    to: { id: "UInt64", title: "String", extra: "String", uid: "String" },
    broken: ALL,
  },
  {
    name: "it gets another name",
    source: BY_TABLE,
    to: {
      id: "UInt64",
      label: { type: "String", renamedFrom: "name" },
      title: "String",
      extra: "String",
      uid: "String",
    },
    broken: ALL,
  },
  {
    name: "it gets a type that the attribute cannot be read from",
    source: BY_TABLE,
    to: { id: "UInt64", name: "String", title: "String", extra: "String", uid: "UInt64" },
    uid: "5",
    broken: ALL,
  },
  {
    name: "it gets a type that the attribute can be read from",
    source: BY_TABLE,
    to: { id: "UInt64", name: "LowCardinality(String)", title: "String", extra: "String", uid: "String" },
    broken: [],
  },
  {
    name: "a column that only the query of the dictionary reads goes",
    source: BY_QUERY,
    to: { id: "UInt64", name: "String", extra: "String", uid: "String" },
    broken: ALL,
  },
  {
    name: "a column of the name of an attribute goes that its query does not read",
    source: BY_QUERY,
    to: { id: "UInt64", title: "String", extra: "String", uid: "String" },
    broken: [],
  },
];

describe("readers of a dictionary", function () {
  this.timeout(120_000);
  let connection: Connection;
  let url: string;

  before(async () => {
    url = (await sharedServer()).url;
    connection = await openConnection({ url });
  });

  after(() => connection?.close());

  for (const { broken, name, source, to, uid = UUID } of CASES) {
    it(`are ${broken.length === 0 ? "in nobody's way" : "named, tables too"}: ${name}`, async () => {
      const database = await freshDatabase(await sharedServer());
      const text = (sql: string): string =>
        sql.replaceAll(/(?<!\w)db\./g, `${database}.`).replaceAll("'db'", `'${database}'`);
      const run = (sql: string) => connection.command(text(sql));
      let provider = new TestProvider({ "clickhouse:url": url });
      const check = (columns: object, olds: Record<string, unknown>, allow: readonly string[]) => {
        const args = JSON.parse(text(JSON.stringify({ columns, orderBy: "id", allow })));
        return provider.check("table", { name: "t", database, olds, args });
      };
      const first = await check(COLUMNS, {}, []);
      assert.deepEqual(first.failures, []);
      const made = await provider.of("table").create(first.inputs ?? {});
      await run(
        `CREATE DICTIONARY db.d (id UInt64, name String DEFAULT 'none', uid UUID) PRIMARY KEY id ${source} LAYOUT(FLAT()) LIFETIME(0)`,
      );
      await run(
        "CREATE DICTIONARY db.e (id UInt64, extra String) PRIMARY KEY id SOURCE(CLICKHOUSE(DB 'db' TABLE 't')) LAYOUT(FLAT()) LIFETIME(0)",
      );
      await run("CREATE TABLE db.s (id UInt64) ENGINE = MergeTree ORDER BY id");
      await run("CREATE TABLE db.o (id UInt64, x String) ENGINE = MergeTree ORDER BY id");
      await run("INSERT INTO db.s VALUES (1)");
      await run(`INSERT INTO db.t VALUES (1, 'a', 'b', 'c', '${uid}')`);
      for (const [, sql] of READERS) await run(sql);
      await run("INSERT INTO db.aliased (id) VALUES (1)");
      const olds = (made.outs ?? {}) as Record<string, unknown>;

      provider = await provider.next();
      const { failures } = await check(to, olds, ["drops-data"]);
      const named = [...failures.join("\n").matchAll(/^ {2}\w+\.(\w+) reads /gm)].map(([, reader = ""]) => reader);
      assert.deepEqual(named.sort(), [...broken].sort(), failures.join("\n"));
      if (broken.length > 0) {
        assert.match(failures.join("\n"), /\.asking reads \w+\.d \(not loaded\)/);
        assert.match(failures.join("\n"), /set allow: \["breaks-reader"\]/);
      }

      provider = await provider.next();
      const allowed = await check(to, olds, ["drops-data", "breaks-reader"]);
      assert.deepEqual(allowed.failures, []);
      await provider.of("table").update("id", olds, allowed.inputs ?? {});
      await provider.close();
      // The engine agrees, once it loads the dictionary again.
      await run("SYSTEM UNLOAD DICTIONARY db.d").catch(() =>
        run("SYSTEM RELOAD DICTIONARY db.d").catch(() => undefined),
      );
      for (const [reader, , sql] of READERS) {
        const works = await run(sql).then(
          () => true,
          () => false,
        );
        assert.equal(works, !broken.includes(reader), reader);
      }
    });
  }
});
