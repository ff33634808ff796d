import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { previewRemovals } from "../../provider/src/pulumi/leaving";
import { askAs, byHand, inProcess } from "../support/access";
import type { CheckRequest, TestProvider } from "../support/provider";
import { freshDatabase, startServer, type TestServer } from "../support/server";
import { testedVersions } from "../support/versions";

type Outs = Record<string, unknown>;

const COLUMNS = { id: "UInt64", tenant: "String", note: "String" };

for (const version of testedVersions(["24.8", "25.8"])) {
  describe(`row policies of a table that changes, on a server of ${version}`, function () {
    this.timeout(120_000);
    let server: TestServer;
    let d: string;

    before(async () => {
      server = await startServer({ version });
      await byHand(
        server.url,
        "CREATE USER alice IDENTIFIED WITH no_password",
        "CREATE USER bob IDENTIFIED WITH no_password",
      );
    });
    beforeEach(async () => {
      d = await freshDatabase(server);
      await byHand(server.url, `GRANT SELECT ON ${d}.* TO alice, bob`);
    });
    after(() => server?.stop());

    const urns = { table: "urn:t", policy: "urn:p" };
    const table = (args: object = {}, name = "orders"): CheckRequest => ({
      ...{ name, database: d, urn: urns.table },
      args: { columns: COLUMNS, orderBy: "id", ...args },
    });
    const policy = (using: string, name = "orders"): CheckRequest => ({
      ...{ name: `own ON ${d}.${name}`, urn: urns.policy, dependsOn: [urns.table] },
      args: { on: `${d}.${name}`, using, to: ["alice"] },
    });

    /** A table with rows, a policy of the program for alice, and one of somebody else for bob. */
    const begin = async (): Promise<{ table: Outs; policy: Outs }> => {
      const made = await inProcess(server.url, async (provider) => ({
        table: await create(provider, "table", table()),
        policy: await create(provider, "rowPolicy", policy("tenant = 'a'")),
      }));
      await byHand(
        server.url,
        `INSERT INTO ${d}.orders VALUES (1, 'a', 'x'), (2, 'a', 'y'), (3, 'b', 'z')`,
        `CREATE ROW POLICY foreign ON ${d}.orders USING lower(tenant) = 'b' AND id > 0 TO bob`,
      );
      return made;
    };
    const create = async (
      provider: TestProvider,
      kind: "table" | "rowPolicy",
      request: CheckRequest,
    ): Promise<Outs> => {
      const { inputs = {}, failures } = await provider.check(kind, request);
      assert.deepEqual(failures, []);
      return (await provider.of(kind).create(inputs)).outs ?? {};
    };

    /** Reads as the two users all the time; every answer is either right or a refusal. @returns how often each got its rows, and errors. */
    const watching = async (names: readonly string[], work: () => Promise<void>): Promise<string[]> => {
      const wrong: string[] = [];
      let [over, reads] = [false, 0];
      const watch = async (user: string, ids: string): Promise<void> => {
        for (; !over; await sleep(1)) {
          for (const name of names) {
            const found = await askAs(
              server.url,
              `SELECT groupArray(id) FROM (SELECT id FROM ${d}.${name} ORDER BY id)`,
              user,
            );
            if (found === ids) reads++;
            else if (!/^Code: (?:60|81)\./.test(found)) wrong.push(`${user} ${name}: ${found}`);
          }
        }
      };
      const watchers = [watch("alice", "[1,2]"), watch("bob", "[3]")];
      await work();
      over = true;
      await Promise.all(watchers);
      assert.ok(reads > 10, `only ${reads} reads`);
      return wrong;
    };

    it("a renamed table takes along the program's policy and somebody else's, and no reader ever sees more", async () => {
      const outs = await begin();
      const wrong = await watching(["orders", "orders2"], () =>
        inProcess(server.url, async (provider) => {
          const [t, p] = [
            await provider.check("table", { ...table({}, "orders2"), olds: outs.table }),
            await provider.check("rowPolicy", { ...policy("tenant = 'a'", "orders2"), olds: outs.policy }),
          ];
          assert.deepEqual([t.failures, p.failures], [[], []]);
          assert.match(
            String(t.inputs?.["plan"]),
            /row policies are made for the new name .*foreign ON \S+orders, own ON \S+orders/,
          );
          assert.match(String(p.inputs?.["plan"]), /^-- follows the rename of what it names; nothing else runs/);
          await provider.of("table").update("orders", outs.table, t.inputs ?? {});
          await provider.of("rowPolicy").update("own", outs.policy, p.inputs ?? {});
        }),
      );
      assert.deepEqual(wrong, []);
      const names = await byHand(
        server.url,
        `SELECT name FROM system.row_policies WHERE database = '${d}' ORDER BY name`,
      );
      assert.equal(names, `foreign ON ${d}.orders2\nown ON ${d}.orders2`);
    });

    it("a renamed column takes them along: no reader gets an error, or rows that its condition keeps from it", async () => {
      const outs = await begin();
      const renamed = {
        columns: { id: "UInt64", customer: "String", note: "String" },
        renamedColumns: { customer: "tenant" },
      };
      const wrong = await watching(["orders"], () =>
        inProcess(server.url, async (provider) => {
          const t = await provider.check("table", { ...table(renamed), olds: outs.table });
          const p = await provider.check("rowPolicy", { ...policy("customer = 'a'"), olds: outs.policy });
          assert.deepEqual([t.failures, p.failures], [[], []]);
          assert.match(
            String(t.inputs?.["plan"]),
            /first row policy foreign ON \S+, which filters by it:\nALTER ROW POLICY foreign ON \S+ FOR SELECT USING \(?lower\(customer\) = 'b'\)? AND \(?id > 0\)?\n/,
          );
          assert.match(String(p.inputs?.["plan"]), /^-- one change with \S+orders: its plan shows the statements/);
          await provider.of("table").update("orders", outs.table, t.inputs ?? {});
          await provider.of("rowPolicy").update("own", outs.policy, p.inputs ?? {});
        }),
      );
      // While the server renames it, a query may read the column's default for a moment: these conditions then let nothing through.
      assert.deepEqual(
        wrong.filter((one) => !one.endsWith(": []")),
        [],
      );
      assert.equal(
        await byHand(server.url, `SELECT groupArray(name) FROM system.columns WHERE database = '${d}'`),
        "['id','customer','note']",
      );
    });

    it("a column gets no other name where a condition lets its default through, which a query may read meanwhile", async () => {
      const outs = await begin();
      await byHand(server.url, `ALTER ROW POLICY own ON ${d}.orders USING tenant != 'b'`);
      const renamed = {
        columns: { id: "UInt64", customer: "String", note: "String" },
        renamedColumns: { customer: "tenant" },
        allow: ["breaks-reader"],
      };
      await inProcess(server.url, async (provider) => {
        const { failures } = await provider.check("table", { ...table(renamed), olds: outs.table });
        assert.match(
          failures.join("\n"),
          /or hide less:\n {2}row policy own ON \S+: reads tenant, .* may read its default for a moment, .*; its condition is tenant != 'b'\nChange/,
        );
        assert.doesNotMatch(failures.join("\n"), /row policy foreign/);
      });
    });

    it("a column that a policy reads is not dropped, nor given another's name or a type over which it fails: the policies are named", async () => {
      const outs = await begin();
      const failures = (args: object): Promise<string> =>
        inProcess(server.url, async (provider) =>
          (await provider.check("table", { ...table(args), olds: outs.table })).failures.join("\n"),
        );
      const dropped = await failures({
        columns: { id: "UInt64", note: "String" },
        allow: ["drops-data", "breaks-reader"],
      });
      assert.match(
        dropped,
        /or hide less:\n {2}row policy foreign ON \S+: reads tenant, which is dropped; its condition is .*\n {2}row policy own ON \S+: reads tenant, which is dropped; its condition is tenant = 'a'\nChange or drop these policies/,
      );
      const retyped = await failures({
        columns: { ...COLUMNS, tenant: "Enum8('a' = 1, 'b' = 2)" },
        allow: ["unproven", "drops-data"],
      });
      assert.match(retyped, /row policy foreign ON \S+: .*lower/);
      assert.doesNotMatch(retyped, /row policy own/);
      const swapped = await failures({
        columns: { id: "UInt64", note: "String" },
        renamedColumns: { note: "tenant" },
        allow: ["drops-data"],
      });
      assert.match(swapped, /row policy own ON \S+: reads tenant, which gets the name of another column, note/);
      assert.equal(await askAs(server.url, `SELECT count() FROM ${d}.orders`, "alice"), "2");
    });

    it("policies that stay when their table goes are named, with the statements that drop them", async () => {
      const outs = await begin();
      const urn = (type: string, name: string) => `urn:pulumi:s::p::pulumi-nodejs:dynamic/clickhouse:${type}::${name}`;
      await inProcess(server.url, async (provider) => {
        await previewRemovals(provider.context, [
          { urn: urn("Table", "t"), database: d, name: "orders", statement: outs.table["statement"], deletion: "drop" },
          { urn: urn("RowPolicy", "p"), name: outs.policy["name"], statement: outs.policy["statement"] },
        ]);
        const told = provider.messages.join("\n");
        assert.match(
          told,
          /orders: row policies stay on the server, and would filter a new table of this name: foreign ON \S+orders\. Drop them afterwards: DROP ROW POLICY foreign ON \S+orders\./,
        );
        assert.doesNotMatch(told, /own ON \S+: will be dropped/);
      });
    });
  });
}
