import assert from "node:assert/strict";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { TestProvider } from "../support/provider";
import { freshDatabase, sharedServer, stopSharedServer } from "../support/server";

/** Readers on the server, by name; `db.v` is the view that changes. */
const READERS: Readonly<Record<string, string>> = {
  of_name: "CREATE VIEW db.of_name AS SELECT name FROM db.v",
  of_id: "CREATE VIEW db.of_id AS SELECT id FROM db.v",
  by_star: "CREATE VIEW db.by_star AS SELECT * FROM db.v",
  name_behind: "CREATE VIEW db.name_behind AS SELECT concat(name, '!') AS loud FROM db.by_star",
  id_behind: "CREATE VIEW db.id_behind AS SELECT id FROM db.by_star",
  far_behind: "CREATE VIEW db.far_behind AS SELECT loud FROM db.name_behind",
  alias_only: "CREATE VIEW db.alias_only AS SELECT id AS name FROM db.v",
  dict: "CREATE DICTIONARY db.dict (id UInt64, name String) PRIMARY KEY id SOURCE(CLICKHOUSE(DB 'db' TABLE 'v')) LAYOUT(FLAT()) LIFETIME(0)",
};
const OF_PARAMETERS: Readonly<Record<string, string>> = {
  with_k: "CREATE VIEW db.with_k AS SELECT id FROM db.v(k = 1)",
  behind_k: "CREATE VIEW db.behind_k AS SELECT id FROM db.with_k",
};

const CASES: readonly {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly readers: Readonly<Record<string, string>>;
  /** Readers that are named. */
  readonly broken: readonly string[];
}[] = [
  {
    name: "a view that loses a column",
    from: "SELECT id, name FROM db.t",
    to: "SELECT id FROM db.t",
    readers: READERS,
    broken: ["by_star", "dict", "far_behind", "name_behind", "of_name"],
  },
  {
    name: "a view whose column gets another name",
    from: "SELECT id, name FROM db.t",
    to: "SELECT id, name AS title FROM db.t",
    readers: READERS,
    broken: ["by_star", "dict", "far_behind", "name_behind", "of_name"],
  },
  {
    name: "a view that gets a column",
    from: "SELECT id, name FROM db.t",
    to: "SELECT id, name, 1 AS one FROM db.t",
    readers: READERS,
    broken: [],
  },
  {
    name: "a view whose column gets a type that a reader cannot take",
    from: "SELECT id, name FROM db.t",
    to: "SELECT id, [name] AS name FROM db.t",
    readers: { upper: "CREATE VIEW db.upper AS SELECT upper(name) AS u FROM db.v", of_name: READERS["of_name"] ?? "" },
    broken: ["upper"],
  },
  {
    name: "a view that gets another parameter",
    from: "SELECT id FROM db.t WHERE id = {k:UInt64}",
    to: "SELECT id FROM db.t WHERE id = {k:UInt64} + {j:UInt64}",
    readers: OF_PARAMETERS,
    broken: ["behind_k", "with_k"],
  },
  {
    name: "a view whose parameter gets another name",
    from: "SELECT id FROM db.t WHERE id = {k:UInt64}",
    to: "SELECT id FROM db.t WHERE id = {j:UInt64}",
    readers: OF_PARAMETERS,
    broken: ["behind_k", "with_k"],
  },
  {
    name: "a view that loses its parameter",
    from: "SELECT id FROM db.t WHERE id = {k:UInt64}",
    to: "SELECT id FROM db.t",
    readers: OF_PARAMETERS,
    broken: ["behind_k", "with_k"],
  },
  {
    name: "a view with a parameter and another query",
    from: "SELECT id FROM db.t WHERE id = {k:UInt64}",
    to: "SELECT id FROM db.t WHERE id = {k:UInt64} AND name != ''",
    readers: OF_PARAMETERS,
    broken: [],
  },
];

describe("readers of a view", function () {
  this.timeout(120_000);
  let connection: Connection;
  let url: string;

  before(async () => {
    url = (await sharedServer()).url;
    connection = await openConnection({ url });
  });

  after(async () => {
    await connection?.close();
    await stopSharedServer();
  });

  for (const { broken, from, name, readers, to } of CASES) {
    it(`${broken.length === 0 ? "are in nobody's way" : "are named"}: ${name}`, async () => {
      const database = await freshDatabase(await sharedServer());
      const own = (sql: string): string => sql.replaceAll("db.", `${database}.`).replaceAll("'db'", `'${database}'`);
      await connection.command(own("CREATE TABLE db.t (id UInt64, name String) ENGINE = MergeTree ORDER BY id"));
      await connection.command(own("INSERT INTO db.t VALUES (1, 'a')"));
      let provider = new TestProvider({ "clickhouse:url": url });
      const check = (query: string, olds: Record<string, unknown>, more: object = {}) =>
        provider.check("view", { name: "v", database, olds, args: { query: own(query), ...more } });
      const { inputs: olds = {}, failures: none } = await check(from, {});
      assert.deepEqual(none, []);
      const { outs = {} } = await provider.of("view").create(olds);
      for (const sql of Object.values(readers)) await connection.command(own(sql));
      provider = await provider.next();
      const { failures } = await check(to, olds);
      const named = [...failures.join("\n").matchAll(/^ {2}\w+\.(\w+) reads /gm)].map(([, reader = ""]) => reader);
      assert.deepEqual(named.sort(), [...broken], failures.join("\n"));
      if (broken.length > 0) assert.match(failures.join("\n"), /set allow: \["breaks-reader"\]/);
      provider = await provider.next();
      const { inputs = {}, failures: allowed } = await check(to, olds, { allow: ["breaks-reader"] });
      assert.deepEqual(allowed, []);
      await provider.of("view").update("id", outs, inputs);
      await provider.close();
      // The engine agrees: what was named fails now, and nothing else.
      const views = Object.keys(readers).filter((reader) => reader !== "dict");
      for (const reader of views) {
        const works = await connection.query(`SELECT * FROM ${database}.${reader}`).then(
          () => true,
          () => false,
        );
        assert.equal(works, !broken.includes(reader), reader);
      }
    });
  }
});
