import assert from "node:assert/strict";
import { previewRemovals } from "../../provider/src/pulumi/leaving";
import type { ObjectKind } from "../../provider/src/sql/spec";
import { askAs, byHand, inProcess } from "../support/access";
import { type CheckRequest, urnOf } from "../support/provider";
import { freshDatabase, startServer, type TestServer } from "../support/server";
import { testedVersions } from "../support/versions";

type Outs = Record<string, unknown>;

for (const version of testedVersions(["24.8", "25.8"])) {
  // Both settings, one on each version.
  for (const others of [version === "24.8" ? "see all" : "see none"]) {
    describe(`row policies, on a server of ${version} where those without one ${others}`, function () {
      this.timeout(120_000);
      let server: TestServer;
      let d: string;

      before(async () => {
        const setting = "users_without_row_policies_can_read_rows";
        const config = `<access_control_improvements><${setting}>${others === "see all"}</${setting}></access_control_improvements>`;
        server = await startServer({ version, config });
        await byHand(
          server.url,
          "CREATE ROLE reader",
          "CREATE ROLE small",
          "CREATE USER alice IDENTIFIED WITH no_password",
          "CREATE USER bob IDENTIFIED WITH no_password",
          "GRANT reader TO alice",
        );
      });

      beforeEach(async () => {
        d = await freshDatabase(server);
        await byHand(
          server.url,
          `CREATE TABLE ${d}.orders (id UInt64, tenant String, vip UInt8) ENGINE = MergeTree ORDER BY id`,
          `INSERT INTO ${d}.orders VALUES (1, 'a', 0), (2, 'a', 1), (3, 'b', 1)`,
          `GRANT SELECT ON ${d}.* TO reader, bob`,
        );
      });

      after(() => server?.stop());

      const create = (kind: ObjectKind, request: CheckRequest): Promise<{ plan: string; outs: Outs }> =>
        inProcess(server.url, async (provider) => {
          const { inputs = {}, failures } = await provider.check(kind, request);
          assert.deepEqual(failures, []);
          return { plan: String(inputs["plan"]), outs: (await provider.of(kind).create(inputs)).outs ?? {} };
        });
      const change = (olds: Outs, request: CheckRequest): Promise<{ plan: string; outs: Outs }> =>
        inProcess(server.url, async (provider) => {
          const { inputs = {}, failures } = await provider.check("rowPolicy", { ...request, olds });
          assert.deepEqual(failures, []);
          const { outs = {} } = await provider.of("rowPolicy").update(String(olds["name"]), olds, inputs);
          return { plan: String(inputs["plan"]), outs };
        });
      const failures = (request: CheckRequest): Promise<string> =>
        inProcess(server.url, async (provider) => (await provider.check("rowPolicy", request)).failures.join("\n"));
      const policy = (name: string, args: object, table = "orders"): CheckRequest => ({
        name: `${name} ON ${d}.${table}`,
        args: { on: `${d}.${table}`, ...args },
      });
      const count = async (user: string, table = "orders"): Promise<string> =>
        askAs(server.url, `SELECT count() FROM ${d}.${table}`, user);
      const left = async (outs: Outs): Promise<string> =>
        inProcess(server.url, async (provider) => {
          const urn = `urn:pulumi:s::p::pulumi-nodejs:dynamic/clickhouse:RowPolicy::p`;
          await previewRemovals(provider.context, [{ urn, name: outs["name"], statement: outs["statement"] }]);
          return provider.messages.join("\n");
        });
      const drop = (outs: Outs): Promise<unknown> =>
        inProcess(server.url, (provider) => provider.of("rowPolicy").delete(String(outs["name"]), outs));

      it("those whom it applies to read the rows that it lets through, and a restrictive one takes away from these", async () => {
        const { plan } = await create("rowPolicy", policy("tenants", { using: "tenant = 'a'", to: ["reader"] }));
        assert.match(plan, /narrows-access: reader see rows of \S+orders only where tenant = 'a'/);
        assert.match(plan, /narrows-access: it is the first policy on \S+orders: everybody else/);
        assert.equal(await count("alice"), "2");
        assert.equal(await count("bob"), others === "see all" ? "3" : "0");
        const { outs } = await create(
          "rowPolicy",
          policy("vips", { using: "vip = 0", restrictive: true, to: ["reader"] }),
        );
        assert.equal(await count("alice"), "1");
        const { plan: other } = await change(outs, policy("vips", { using: "vip = 0", to: ["reader"] }));
        assert.match(other, /ALTER ROW POLICY vips ON \S+orders\nAS PERMISSIVE;/);
        assert.match(other, /widens-access/);
        assert.equal(await count("alice"), "2");
      });

      it("a condition over a column that does not exist, of another type, or over groups fails the preview, and nothing is changed", async () => {
        const wrong = (using: string) => failures(policy("wrong", { using, to: ["reader"] }));
        assert.match(await wrong("tennant = 'a'"), /wrong ON \S+orders: [\s\S]*tennant[\s\S]*tenant/);
        assert.match(await wrong("tenant"), /wrong ON \S+orders: Invalid type for filter in WHERE: String/);
        assert.match(await wrong("id = tenant"), /wrong ON \S+orders: /);
        assert.match(await wrong("count() > 1"), /aggregate/i);
        assert.match(await wrong("tenant IN (SELECT name FROM no.where)"), /no\.where/);
        assert.match(await wrong("no_such(tenant)"), /no_such/);
        assert.match(await wrong(`id IN (SELECT id FROM ${d}.orders)`), /does not read the table that it filters/);
        assert.match(await failures(policy("wrong", { using: "1", to: ["reader"] }, "nothing")), /nothing/);
        assert.equal(await byHand(server.url, `SELECT count() FROM system.row_policies WHERE database = '${d}'`), "0");
      });

      it("its name, condition and users change in one statement, and it stays the same policy", async () => {
        const { outs } = await create("rowPolicy", policy("p", { using: "tenant = 'a'", to: ["reader"] }));
        const id = () => byHand(server.url, `SELECT id FROM system.row_policies WHERE database = '${d}'`);
        const before = await id();
        const next = policy("q", { using: "tenant = 'b'", to: ["reader", "bob"] });
        const { plan, outs: now } = await change(outs, next);
        assert.match(
          plan,
          /ALTER ROW POLICY p ON \S+orders\nRENAME TO q\nFOR SELECT USING tenant = 'b'\nTO bob, reader;/,
        );
        assert.equal(await id(), before);
        assert.deepEqual([await count("alice"), await count("bob")], ["1", "1"]);
        const { plan: renamed } = await change(now, policy("r", { using: "tenant = 'b'", to: ["reader", "bob"] }));
        assert.match(renamed, /ALTER ROW POLICY q ON \S+orders RENAME TO r;/);
        assert.equal(await id(), before);
      });

      it("another table gets a new one first, and a run that was cut off in between is completed", async () => {
        await byHand(
          server.url,
          `CREATE TABLE ${d}.other AS ${d}.orders`,
          `INSERT INTO ${d}.other VALUES (1, 'a', 0), (2, 'a', 1), (3, 'b', 1)`,
        );
        const { outs } = await create("rowPolicy", policy("p", { using: "tenant = 'a'", to: ["reader"] }));
        const moved = policy("p", { using: "tenant = 'a'", to: ["reader"] }, "other");
        await byHand(server.url, `CREATE ROW POLICY p ON ${d}.other USING tenant = 'b' TO reader`);
        assert.match(await failures({ ...moved, olds: outs }), /something of that name exists on the server/);
        await byHand(server.url, `ALTER ROW POLICY p ON ${d}.other USING tenant = 'a'`);
        const { plan } = await change(outs, moved);
        assert.match(
          plan,
          /CREATE ROW POLICY IF NOT EXISTS p ON \S+other\n[\s\S]*DROP ROW POLICY IF EXISTS p ON \S+orders;/,
        );
        assert.equal(await count("alice", "other"), "2");
        assert.equal(
          await byHand(server.url, `SELECT name FROM system.row_policies WHERE database = '${d}'`),
          `p ON ${d}.other`,
        );
      });

      it("one on a database filters each of its tables, and its condition has to hold for those that are declared", async () => {
        await create("rowPolicy", {
          name: `every ON ${d}.*`,
          args: { on: `${d}.*`, using: "tenant = 'b'", to: ["reader"] },
        });
        await byHand(
          server.url,
          `CREATE TABLE ${d}.later AS ${d}.orders`,
          `INSERT INTO ${d}.later VALUES (1, 'a', 0), (2, 'a', 1), (3, 'b', 1)`,
        );
        assert.deepEqual([await count("alice"), await count("alice", "later")], ["1", "1"]);
        await inProcess(server.url, async (provider) => {
          const urn = urnOf("table", "bare", d);
          await provider.check("table", {
            name: "bare",
            database: d,
            urn,
            args: { columns: { id: "UInt8" }, orderBy: "id" },
          });
          const { failures: found } = await provider.check("rowPolicy", {
            name: `wide ON ${d}.*`,
            args: { on: `${d}.*`, using: "tenant = 'b'", to: ["reader"] },
            dependsOn: [urn],
          });
          assert.match(found.join("\n"), /wide ON \S+\.\*: [\s\S]*tenant/);
        });
      });

      it("what its drop means is reported as it is on this server: the last one, and the last that lets rows through", async () => {
        const { outs } = await create("rowPolicy", policy("p", { using: "tenant = 'a'", to: ["reader"] }));
        assert.match(
          await left(outs),
          /p ON \S+orders: will be dropped\. widens-access: it is the last policy on \S+orders: everybody who may SELECT from it sees all of its rows/,
        );
        const { outs: restrictive } = await create(
          "rowPolicy",
          policy("r", { using: "id < 3", restrictive: true, to: ["reader"] }),
        );
        assert.match(await left(restrictive), /widens-access: reader may see more rows/);
        const said =
          others === "see all"
            ? /widens-access: no other policy lets reader see rows: they see all rows of it/
            : /narrows-access: no other policy lets reader see rows: they see no rows of it/;
        assert.match(await left(outs), said);
        await drop(outs);
        assert.equal(await count("alice"), others === "see all" ? "2" : "0");
        await drop(restrictive);
        assert.deepEqual([await count("alice"), await count("bob")], ["3", "3"]);
      });

      it("what exists and equals the declaration is adopted, what differs refused, and what is declared twice too", async () => {
        await byHand(server.url, `CREATE ROW POLICY p ON ${d}.orders USING (tenant='a') TO reader`);
        assert.match(
          await failures(policy("p", { using: "tenant = 'b'", to: ["reader"] })),
          /exists on the server and differs from the declaration/,
        );
        await create("rowPolicy", policy("p", { using: "tenant = 'a'", to: ["reader"] }));
        await inProcess(server.url, async (provider) => {
          const request = policy("p", { using: "tenant = 'a'", to: ["reader"] });
          await provider.check("rowPolicy", { ...request, urn: "urn:one" });
          const { failures: twice } = await provider.check("rowPolicy", { ...request, urn: "urn:two" });
          assert.match(twice.join("\n"), /is declared twice/);
        });
      });
    });
  }
}
