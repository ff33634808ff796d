import assert from "node:assert/strict";
import { askRows } from "../../provider/src/apply/ask-rows";
import { openConnection } from "../../provider/src/connection/open";
import { SchemaError } from "../../provider/src/errors";
import { type Plan, renderPlan } from "../../provider/src/plan";
import { startServer, type TestServer } from "../support/server";
import { testedVersions } from "../support/versions";
import { Bench, planBetween } from "./support";

/** The column before and after, a value beside NULL, and what is read in the end. */
const COLUMNS = [
  ["Nullable(DateTime)", "DateTime", "5", "0;5"],
  ["Nullable(DateTime)", "DateTime DEFAULT toDateTime(7) + id", "5", "0;5"],
  ["Nullable(String)", "String DEFAULT 'x'", "'a'", ";a"],
  ["Nullable(String)", "LowCardinality(String)", "'a'", ";a"],
  ["LowCardinality(Nullable(String))", "String", "'a'", ";a"],
  ["Nullable(Int32)", "Int64", "-1", "-1;0"],
] as const;

for (const version of testedVersions(["24.8", "25.8"])) {
  describe(`NULL in a column that leaves Nullable, on ClickHouse ${version}`, function () {
    this.timeout(180_000);
    let server: TestServer;
    let bench: Bench;

    before(async () => {
      server = await startServer({ version });
      bench = Bench.on(await openConnection({ url: server.url }));
    });

    after(async () => {
      await bench?.close();
      await server?.stop();
    });

    for (const [from, to, value, reads] of COLUMNS) {
      it(`is refused with the statement that makes way, and nothing is asked of a column without: ${from} → ${to}`, async () => {
        await bench.reset();
        const create = (column: string) => `CREATE TABLE p.t (id UInt64, v ${column}) ENGINE = MergeTree ORDER BY id`;
        const [before, after] = [await bench.canonicalize(create(from)), await bench.canonicalize(create(to))];
        await bench.engine.command(create(from));
        await bench.engine.command(`INSERT INTO p.t VALUES (1, NULL), (2, ${value})`);
        const plan = planBetween(before, after);
        const refused: unknown = await ask(plan).catch((error: unknown) => error);
        assert.ok(refused instanceof SchemaError, String(refused));
        const statement = /first: (ALTER TABLE [^\n]+)$/.exec(refused.message)?.[1];
        assert.ok(statement, refused.message);
        await bench.engine.command(statement);
        const kinds = (await ask(plan)).steps.flatMap(({ hazards }) => hazards.map(({ kind }) => kind));
        assert.ok(!kinds.includes("drops-data"), kinds.join());
        await bench.apply(plan);
        const rows = await bench.engine.query<{ v: string }>("SELECT toString(v::String) AS v FROM p.t ORDER BY v");
        const shown = rows.map(({ v }) =>
          /^\d{4}-/.test(v) ? String(Date.parse(`${v.replace(" ", "T")}Z`) / 1000) : v,
        );
        assert.equal(shown.join(";"), reads);
      });
    }

    it("needs permission, and is not refused, where the type has NULLs of its own: Variant(UInt64) → Int64", async () => {
      await bench.reset();
      const create = (column: string) => `CREATE TABLE p.t (id UInt64, v ${column}) ENGINE = MergeTree ORDER BY id`;
      const [before, after] = [
        await bench.canonicalize(create("Variant(UInt64)")),
        await bench.canonicalize(create("Int64")),
      ];
      await bench.engine.command(create("Variant(UInt64)"));
      await bench.engine.command("INSERT INTO p.t VALUES (1, NULL), (2, 5)");
      const plan = await ask(planBetween(before, after));
      assert.match(renderPlan(plan), /drops-data: NULL in v becomes the default of Int64, .*\(1 row\)/);
      await bench.apply(plan);
      const rows = await bench.engine.query<{ v: string }>("SELECT toString(v) AS v FROM p.t ORDER BY id");
      assert.deepEqual(
        rows.map(({ v }) => v),
        ["0", "5"],
      );
    });

    function ask(plan: Plan): Promise<Plan> {
      return askRows(async () => bench.engine, { database: "p", name: "t" }, plan, { seconds: 60 });
    }
  });
}
