import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { applyPlan } from "../../provider/src/apply/apply-plan";
import { createWithBackfill } from "../../provider/src/apply/backfill";
import { previewRebuild, rebuildTable } from "../../provider/src/apply/rebuild";
import { SELF_TEST, selfTestKey } from "../../provider/src/apply/rebuild/self-test";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { messageOf } from "../../provider/src/errors";
import { Journal } from "../../provider/src/operation/journal";
import { newOperation } from "../../provider/src/operation/names";
import { Runner } from "../../provider/src/operation/runner";
import { TestProvider } from "../support/provider";
import { playedRefusals, refusalsIn } from "../support/refusals";
import { freshDatabase, sharedServer, stopSharedServer } from "../support/server";
import { CASES, FILLED } from "./refusal-cases";
import { PLAYED_ELSEWHERE, REFUSALS } from "./refusals-table";

/** Folders whose refusals are in the table. */
const FOLDERS = ["apply", "operation", "verify/repair", "pulumi", "plan", "canonical"];

describe("refusals", function () {
  this.timeout(120_000);
  let connection: Connection;
  let url: string;

  const played = playedRefusals();

  before(async () => {
    url = (await sharedServer()).url;
    connection = await openConnection({ url });
  });

  after(async () => {
    played.stop();
    await connection?.close();
    await stopSharedServer();
  });

  it("are all in the table that says when they are known", () => {
    const found = new Map<string, string[]>();
    for (const { place, text } of refusalsIn(...FOLDERS)) found.set(place, [...(found.get(place) ?? []), text]);
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
      const { between = [], first = [], from, given = {}, kind = "table", only, renamed, says, to, way } = one;
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
      const { failures } = await check(to, renamed ?? "o", olds, given);
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
        if (Array.isArray(way)) for (const sql of way) await connection.command(own(await withInner(sql, database)));
        const { inputs = {}, failures: rest } = await check(to, renamed ?? "o", olds, Array.isArray(way) ? given : way);
        assert.deepEqual(rest, []);
        await provider.of(kind).update("id", outs, inputs);
      }
      await provider.close();
    });
  }

  /** `{inner}` is the inner table of `db.o`. */
  async function withInner(sql: string, database: string): Promise<string> {
    if (!sql.includes("{inner}")) return sql;
    const [row] = await connection.query<{ uuid: string }>(
      `SELECT toString(uuid) AS uuid FROM system.tables WHERE database = '${database}' AND name = 'o'`,
    );
    return sql.replace("{inner}", `db.\`.inner_id.${row?.uuid}\``);
  }

  for (const { first, name, says, view, way } of FILLED) {
    it(`are the same at preview and at up: a view with a backfill ${name}`, async () => {
      const database = await freshDatabase(await sharedServer());
      const own = (sql: string): string => sql.replaceAll("db.", `${database}.`).replaceAll("'db'", `'${database}'`);
      for (const sql of [...first, "INSERT INTO db.s VALUES (1, 2)"]) await connection.command(own(sql));
      let provider = new TestProvider({ "clickhouse:url": url });
      const check = (more: object) =>
        provider.check("materializedView", { name: "o", database, args: { sql: own(view), backfill: true, ...more } });
      const { failures } = await check({});
      assert.match(failures.join("\n"), says);
      const error = await createWithBackfill(connection, [own(view)], {}).then(() => "it ran", messageOf);
      assert.ok(failures.join("\n").includes(error), `preview: ${failures.join("\n")}\nup: ${error}`);
      if (way !== undefined) {
        if (Array.isArray(way)) for (const sql of way) await connection.command(own(sql));
        provider = await provider.next();
        const { inputs = {}, failures: rest } = await check(Array.isArray(way) ? {} : way);
        assert.deepEqual(rest, []);
        await provider.of("materializedView").create(inputs);
      }
      await provider.close();
    });
  }

  it("end where a run tries again: a server that once failed the test of what a rebuild relies on", async () => {
    const database = await freshDatabase(await sharedServer());
    const table = (key: string): string =>
      `CREATE TABLE ${database}.o (\`a\` UInt64, \`b\` UInt64) ENGINE = MergeTree ORDER BY ${key}`;
    await connection.command(table("a"));
    const journal = await Journal.open(new Runner(connection, SELF_TEST, {}), database);
    await journal.set(selfTestKey(connection), { version: connection.version, failed: ["gates do not close"] });
    const options = { from: table("a"), to: table("b") };
    assert.deepEqual((await previewRebuild(connection, options)).refusals, []);
    await rebuildTable(connection, { ...options, operation: newOperation() });
  });

  it("that a preview says are all played, here or where the table says", () => {
    const known = Object.entries(REFUSALS).filter(([, when]) => when.includes("preview"));
    const open = known.map(([place]) => place).filter((place) => !played.places.has(place));
    assert.deepEqual(
      open.filter((place) => PLAYED_ELSEWHERE[place] === undefined),
      [],
      "play these in refusal-cases.ts, or say which test does",
    );
    for (const [place, [file, words]] of Object.entries(PLAYED_ELSEWHERE)) {
      assert.ok(!played.places.has(place), `${place} is played here by now`);
      assert.ok(readFileSync(path.join(__dirname, "..", file), "utf8").includes(words), `${file}: ${words}`);
    }
  });
});
