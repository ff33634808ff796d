import assert from "node:assert/strict";
import { applyPlan } from "../../provider/dist/apply/apply-plan";
import type { Connection } from "../../provider/dist/connection/connection";
import { openConnection } from "../../provider/dist/connection/open";
import { messageOf } from "../../provider/dist/errors";
import type { ObjectKind } from "../../provider/dist/sql/spec";
import { TestProvider } from "../support/provider";
import { refusalsIn } from "../support/refusals";
import { freshDatabase, sharedServer, stopSharedServer } from "../support/server";
import { REFUSALS } from "./refusals-table";

interface Case {
  readonly name: string;
  readonly kind?: ObjectKind;
  /** Run before it is declared. */
  readonly first?: readonly string[];
  readonly from: string;
  /** Run between the two declarations. */
  readonly between?: readonly string[];
  readonly to: string;
  /** Another name of the object. */
  readonly renamed?: string;
  readonly says: RegExp;
  /** What the refusal says to do: statements, or arguments. */
  readonly way: readonly string[] | object;
  /** The change is not seen through: it would take more than what is refused for. */
  readonly only?: "preview";
}

const MT = "ENGINE = MergeTree ORDER BY a";
const TABLES = [
  `CREATE TABLE db.s (a UInt64, b UInt64) ${MT}`,
  `CREATE TABLE db.x (a UInt64, b UInt64) ${MT}`,
  `CREATE TABLE db.y (a UInt64, b UInt64) ${MT}`,
];

/** Refusals of the protocols: what is there, what is wanted, and the way out that is named. */
const CASES: readonly Case[] = [
  {
    name: "a Null table that a view reads is made anew",
    from: "CREATE TABLE db.o (a UInt64) ENGINE = Null",
    between: [`CREATE TABLE db.z (a UInt64) ${MT}`, "CREATE MATERIALIZED VIEW db.v TO db.z AS SELECT a FROM db.o"],
    to: "CREATE TABLE db.o (a UInt64, b UInt64) ENGINE = Merge('db', '^s$')",
    says: /\.v would miss rows that are inserted at the moment of the change/,
    way: { rebuild: "offline" },
  },
  {
    name: "a rename under a Buffer table",
    from: `CREATE TABLE db.o (a UInt64) ${MT}`,
    between: ["CREATE TABLE db.buf (a UInt64) ENGINE = Buffer('db', 'o', 1, 10, 100, 10, 100, 1000, 10000)"],
    to: `CREATE TABLE db.p (a UInt64) ${MT}`,
    renamed: "p",
    says: /not renamed, because this names it and cannot be re-pointed/,
    way: ["DROP TABLE db.buf"],
  },
  {
    name: "a rename where a view reads a table that cannot hold inserts back",
    first: ["CREATE TABLE db.n (a UInt64) ENGINE = Null"],
    from: `CREATE TABLE db.o (a UInt64) ${MT}`,
    between: [
      `CREATE TABLE db.z (a UInt64) ${MT}`,
      "CREATE MATERIALIZED VIEW db.v1 TO db.o AS SELECT a FROM db.n",
      "CREATE MATERIALIZED VIEW db.v2 TO db.z AS SELECT a FROM db.n",
    ],
    to: `CREATE TABLE db.p (a UInt64) ${MT}`,
    renamed: "p",
    says: /inserts cannot be refused there/,
    way: { allow: ["unproven"] },
  },
  {
    name: "another target behind a table that cannot hold inserts back",
    kind: "materializedView",
    first: [
      ...TABLES,
      "CREATE TABLE db.n (a UInt64, b UInt64) ENGINE = Null",
      "CREATE MATERIALIZED VIEW db.w TO db.s AS SELECT a, b FROM db.n",
    ],
    from: "CREATE MATERIALIZED VIEW db.o TO db.x AS SELECT a, b FROM db.n",
    to: "CREATE MATERIALIZED VIEW db.o TO db.y AS SELECT a, b FROM db.n",
    says: /rows come to it from .*\.n \(Null, read by 2 view\(s\)\), where inserts cannot be refused/,
    way: { allow: ["unproven"] },
  },
  {
    name: "a view with an inner table moves to another database",
    kind: "materializedView",
    first: [...TABLES, "CREATE DATABASE db2"],
    from: "CREATE MATERIALIZED VIEW db.o ENGINE = MergeTree ORDER BY a AS SELECT a, b FROM db.s",
    to: "CREATE MATERIALIZED VIEW db2.o ENGINE = MergeTree ORDER BY a AS SELECT a, b FROM db.s",
    renamed: "o",
    says: /keeps its rows in an inner table, and the engine moves no such view to another database/,
    way: [],
    only: "preview",
  },
  {
    name: "a rebuild of a table that a refreshable view fills",
    first: TABLES,
    from: `CREATE TABLE db.o (a UInt64, b UInt64) ${MT}`,
    between: ["CREATE MATERIALIZED VIEW db.r REFRESH EVERY 1 YEAR APPEND TO db.o EMPTY AS SELECT a, b FROM db.s"],
    to: "CREATE TABLE db.o (a UInt64, b UInt64) ENGINE = MergeTree ORDER BY b",
    says: /\.r refreshes it, which would put rows into the wrong table/,
    way: ["SYSTEM STOP VIEW db.r"],
  },
];

describe("refusals", function () {
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

  it("are all in the table that says when they are known", () => {
    const found = new Map<string, string[]>();
    for (const { place, text } of refusalsIn("apply", "operation", "verify/repair"))
      found.set(place, [...(found.get(place) ?? []), text]);
    const missing = [...found].filter(([place, texts]) => REFUSALS[place]?.length !== texts.length);
    assert.deepEqual(
      missing,
      [],
      "say in refusals-table.ts when each of these is known, and let the preview say what it can",
    );
    assert.deepEqual(
      Object.keys(REFUSALS).filter((place) => !found.has(place)),
      [],
      "these are gone",
    );
  });

  for (const one of CASES) {
    it(`are the same at preview and at up, and the way out works: ${one.name}`, async () => {
      const { between = [], first = [], from, kind = "table", only, renamed, says, to, way } = one;
      const database = await freshDatabase(await sharedServer());
      const own = (sql: string): string =>
        sql
          .replaceAll(/\bdb2\b/g, `${database}_2`)
          .replaceAll("db.", `${database}.`)
          .replaceAll("'db'", `'${database}'`);
      for (const sql of first) await connection.command(own(sql));
      let provider = new TestProvider({ "clickhouse:url": url });
      const check = (sql: string, name: string, olds: Record<string, unknown>, more: object = {}) =>
        provider.check(kind, {
          name,
          database: sql.includes("db2.") ? `${database}_2` : database,
          olds,
          args: { sql: own(sql), ...more },
        });
      const { inputs: olds = {}, failures: none } = await check(from, "o", {});
      assert.deepEqual(none, []);
      const { outs = {} } = await provider.of(kind).create(olds);
      for (const sql of between) await connection.command(own(sql));

      provider = await provider.next();
      const { failures } = await check(to, renamed ?? "o", olds);
      assert.match(failures.join("\n"), says);
      // What would run if nobody had looked.
      const [planned] = [...provider.context.planned.values()];
      if (planned !== undefined) {
        const run = applyPlan(connection, undefined, planned.plan, {
          operation: "op",
          allow: [],
          rebuild: "online",
          tell: () => undefined,
        } as Parameters<typeof applyPlan>[3]);
        const error = await run.then(() => undefined, messageOf);
        assert.ok(failures.join("\n").includes(error ?? "it ran"), `preview: ${failures.join("\n")}\nup: ${error}`);
      }
      provider = await provider.next();
      if (only === undefined) {
        if (Array.isArray(way)) for (const sql of way) await connection.command(own(sql));
        const { inputs = {}, failures: rest } = await check(to, renamed ?? "o", olds, Array.isArray(way) ? {} : way);
        assert.deepEqual(rest, []);
        await provider.of(kind).update("id", outs, inputs);
      }
      await provider.close();
    });
  }
});
