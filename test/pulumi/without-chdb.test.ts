import assert from "node:assert/strict";
import { join } from "node:path";
import { parseCreate } from "../../provider/src/sql/parse";
import { renderCreate } from "../../provider/src/sql/render";
import type { ObjectSpec } from "../../provider/src/sql/spec";
import type { PlanCase } from "../plan/case";
import { columnClauses } from "../plan/cases/column-clauses";
import { columns } from "../plan/cases/columns";
import { defaults } from "../plan/cases/defaults";
import { elements } from "../plan/cases/elements";
import { materializedViews } from "../plan/cases/materialized-views";
import { rebuilds } from "../plan/cases/rebuilds";
import { retypes } from "../plan/cases/retypes";
import { storage } from "../plan/cases/storage";
import { views } from "../plan/cases/views";
import { byEffort } from "../support/effort";
import { TestProvider } from "../support/provider";
import { startServer, type TestServer } from "../support/server";

/** Every so-manieth object is tried; WITHOUT_CHDB_STEP=1 tries all. */
const STEP = byEffort({ fast: 32, full: 16, soak: 1 });
const HOOK = `--require ${join(__dirname, "../support/without-chdb.js")}`;

describe("where chdb is not installed", () => {
  let server: TestServer;
  let options: string | undefined;

  before(async () => {
    server = await startServer();
    options = process.env["NODE_OPTIONS"];
    process.env["NODE_OPTIONS"] = HOOK;
  });

  after(async () => {
    if (options === undefined) delete process.env["NODE_OPTIONS"];
    else process.env["NODE_OPTIONS"] = options;
    await server.stop();
  });

  const send = async (sql: string): Promise<string> => {
    const response = await fetch(server.url, { method: "POST", body: sql });
    const text = await response.text();
    assert.ok(response.ok, text);
    return text;
  };

  /** Creates what is declared, then declares it with another comment. @returns the plan. */
  const comment = async (sql: string, changed: string): Promise<string> => {
    const { kind, database = "", name } = parseCreate(sql) as { kind: "table"; database?: string; name: string };
    const first = new TestProvider({ "clickhouse:url": server.url, "clickhouse:lint": "off" });
    const request = { name, database, args: { sql } };
    const { inputs = {}, failures } = await first.check(kind, request);
    assert.deepEqual(failures, []);
    const { id, outs = {} } = await first.of(kind).create(inputs);
    const { inputs: drifted } = await first.of(kind).read(id, { ...outs, __observed: "other" });
    assert.equal(drifted, undefined, `drift: ${JSON.stringify(drifted)}`);
    const second = await first.next();
    const { inputs: news = {}, failures: refused } = await second.check(kind, {
      ...request,
      args: { sql: changed },
      olds: inputs,
    });
    assert.deepEqual(refused, []);
    assert.match(second.messages.join("\n"), /Declarations are not checked before they run: .*chdb/);
    await second.of(kind).update(id, outs, news);
    await second.close();
    return String(news["plan"] ?? "").replace(/\n-- .*/g, "");
  };

  it("a comment takes one ALTER, however types and expressions are spelled", async () => {
    await send("DROP DATABASE IF EXISTS p SYNC");
    await send("CREATE DATABASE p");
    const table = (columns: string): string =>
      `CREATE TABLE p.t (${columns}, v varchar(20) NULL, b bigint, time DateTime DEFAULT now() + interval 1 day, n Nested(x int, y text), ` +
      "INDEX i (lower(v)) TYPE minmax, PROJECTION q (select id, count(*) group by id), CONSTRAINT c CHECK id>0) " +
      "ORDER BY (id) TTL time + interval 1 day SETTINGS min_bytes_for_wide_part = 0, index_granularity = 8192";
    assert.equal(
      await comment(table("id UInt64, name String"), table("id UInt64, name String COMMENT 'x'")),
      "ALTER TABLE p.t COMMENT COLUMN `name` 'x';",
    );
    const keyed = (text: string): string =>
      `CREATE TABLE p.k (id bigint PRIMARY KEY, other int PRIMARY KEY) COMMENT '${text}'`;
    assert.equal(await comment(keyed("a"), keyed("b")), "ALTER TABLE p.k MODIFY COMMENT 'b';");
  });

  const cases: readonly PlanCase[] = [
    columns,
    columnClauses,
    defaults,
    elements,
    storage,
    rebuilds,
    retypes,
    views,
    materializedViews,
  ].flat();

  it("no object of the plan's cases has a difference but the one that is declared", async function () {
    this.timeout(300_000);
    const wrong: string[] = [];
    let tried = 0;
    const plain = cases.filter(({ from }) => !("comment" in parseCreate(from)));
    for (const { name, setup = [], from } of plain.filter((_, index) => index % STEP === 0)) {
      const spec = parseCreate(from);
      await send("DROP DATABASE IF EXISTS p SYNC");
      await send("CREATE DATABASE p");
      for (const statement of setup) await send(statement);
      tried += 1;
      const plan = await comment(from, renderCreate({ ...spec, comment: "told" } as ObjectSpec)).catch(
        (error: Error) => error.message,
      );
      if (!/^ALTER TABLE p\.\w+ MODIFY COMMENT 'told';$/.test(plan)) wrong.push(`${name}: ${plan}`);
    }
    assert.deepEqual(wrong, []);
    assert.ok(tried >= 226 / STEP - 1, `${tried} objects`);
  });
});
