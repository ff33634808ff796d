import assert from "node:assert/strict";
import { askRows } from "../../provider/src/apply/ask-rows";
import { openConnection } from "../../provider/src/connection/open";
import { SchemaError } from "../../provider/src/errors";
import { NEED_ALLOW, type Plan } from "../../provider/src/plan";
import { Bench, planBetween } from "../plan/support";
import { startServer, type TestServer } from "../support/server";
import { testedVersions } from "../support/versions";

const SETUP = [
  "CREATE TABLE p.t (a UInt64, b UInt16, l UInt64 ALIAS a + 1, gone String) ENGINE = Memory",
  "INSERT INTO p.t SELECT number + 1, 300, 'x' FROM numbers(3)",
  "ALTER TABLE p.t ADD COLUMN n Nullable(UInt8), ADD COLUMN young UInt8, DROP COLUMN gone, MODIFY COLUMN b UInt8",
  "INSERT INTO p.t (a, b, n, young) VALUES (9, 9, 9, 9)",
];
const BEFORE =
  "CREATE TABLE p.t (a UInt64, b UInt8, l UInt64 ALIAS a + 1, n Nullable(UInt8), young UInt8) ENGINE = Memory";

for (const version of testedVersions(["24.8", "25.8", "26.7"])) {
  describe(`the rows of a Memory table, on ClickHouse ${version}`, () => {
    let server: TestServer;
    let bench: Bench;

    before(async () => {
      server = await startServer({ version });
      bench = Bench.on(await openConnection({ url: server.url }));
    });
    beforeEach(() => bench.reset(SETUP));
    after(async () => {
      await bench.close();
      await server.stop();
    });

    it("read the same where a column that is younger than some of them gets another type, with nothing allowed", async () => {
      await bench.apply(await planned("young UInt8", "young String"));
      assert.deepEqual(await column("young"), ["0", "0", "0", "9"]);
    });

    it("read the same where the type is the one that they were inserted with", async () => {
      assert.deepEqual(await column("b"), ["44", "44", "44", "9"]);
      await bench.apply(await planned("b UInt8", "b UInt16"));
      assert.deepEqual(await column("b"), ["44", "44", "44", "9"]);
    });

    it("read the same where a column comes whose name a dropped one had, and what they read in it is reported", async () => {
      const plan = await planned("young UInt8", "young UInt8, gone UInt8 DEFAULT 5");
      const said = plan.steps.flatMap(({ hazards }) => hazards.map(({ message }) => message));
      assert.ok(said.some((words) => /that exist read the initial value of UInt8 in gone/.test(words)));
      await bench.apply(plan);
      assert.deepEqual(await column("gone"), ["0", "0", "0", "0"]);
    });

    it("are asked for NULL that nothing would replace, and the way out that is named works", async () => {
      const before = await column("n");
      await assert.rejects(planned("n Nullable(UInt8)", "n UInt8"), (error) => {
        assert.ok(error instanceof SchemaError);
        assert.match(error.message, /n is NULL in some rows \(3 rows\), which a Memory table cannot read as UInt8/);
        return true;
      });
      assert.deepEqual(await column("n"), before);
      const refused = await planned("n Nullable(UInt8)", "n UInt8").catch((error: Error) => error.message);
      await bench.engine.command(/first: (ALTER .*)$/.exec(String(refused))?.[1] ?? "");
      await bench.apply(await planned("n Nullable(UInt8)", "n UInt8"));
      assert.deepEqual(await column("n"), ["0", "0", "0", "9"]);
    });

    it("need a permission where what was an ALIAS is stored, and the way that is named gives the values back", async () => {
      const plan = await planned("l UInt64 ALIAS a + 1", "l UInt64 DEFAULT 7");
      const [needed, ...more] = needs(plan);
      assert.match(needed ?? "", /^rows of p\.t read another value of l from now on\./);
      assert.deepEqual(more, []);
      const before = await column("l");
      await bench.apply(plan);
      assert.deepEqual(await column("l"), ["0", "0", "0", "0"]);
      await bench.engine.command(/inserted: (ALTER .*)$/.exec(needed ?? "")?.[1] ?? "");
      assert.deepEqual(await column("l"), before);
    });

    it("need none where another default is declared, which they never read", async () => {
      const plan = await planned("young UInt8", "young UInt8 DEFAULT 5");
      assert.deepEqual(needs(plan), []);
      await bench.apply(plan);
      assert.deepEqual(await column("young"), ["0", "0", "0", "9"]);
    });

    it("need none where there are none", async () => {
      await bench.engine.command("TRUNCATE TABLE p.t");
      assert.deepEqual(
        needs(await planned("l UInt64 ALIAS a + 1, n Nullable(UInt8)", "l UInt64 DEFAULT 7, n UInt8")),
        [],
      );
    });

    // The embedded engine's server stores no users. There a query that is ended half way fails.
    if (version !== "26.7")
      it("all stay where the user's profile ends queries half way without an error", async () => {
        await bench.engine.command("CREATE USER OR REPLACE hasty");
        await bench.engine.command("GRANT ALL ON p.* TO hasty");
        await bench.engine.command("INSERT INTO p.t (a) SELECT number FROM numbers(1000000)");
        const hasty = await openConnection({ url: server.url, username: "hasty", password: "" });
        await bench.engine.command(
          "ALTER USER hasty SETTINGS max_execution_time = 0.001, timeout_overflow_mode = 'break'",
        );
        await Bench.on(hasty).apply(await planned("young UInt8", "young UInt8, more UInt8"));
        const [row] = await bench.engine.query<{ n: string }>("SELECT toString(count()) AS n FROM p.t");
        assert.equal(row?.n, "1000004");
        await hasty.close();
        await bench.engine.command("DROP USER hasty");
      });

    async function planned(from: string, to: string): Promise<Plan> {
      const shape = async (text: string) => {
        const spec = await bench.canonicalize(text.replace("p.t", "p.shape"));
        return { ...spec, name: "t" };
      };
      const plan = planBetween(await shape(BEFORE), await shape(BEFORE.replace(from, to)));
      return askRows(async () => bench.engine, { database: "p", name: "t" }, plan, { seconds: 60 });
    }

    async function column(name: string): Promise<string[]> {
      const rows = await bench.engine.query<{ value: string | null }>(
        `SELECT toString(${name}) AS value FROM p.t ORDER BY a`,
      );
      return rows.map(({ value }) => String(value));
    }
  });
}

function needs({ steps }: Plan): string[] {
  const hazards = steps.flatMap((step) => step.hazards).filter(({ kind }) => NEED_ALLOW.has(kind));
  return hazards.map(({ message }) => message);
}
