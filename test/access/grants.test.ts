import assert from "node:assert/strict";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { OPEN_USERS } from "../../provider/src/server/users";
import { TestProvider } from "../support/provider";
import { startServer, type TestServer, type Version } from "../support/server";
import { may } from "./rig";

for (const version of ["25.8", "24.8"] as const satisfies readonly Version[]) {
  describe(`grants on a server of ${version}`, function () {
    this.timeout(600_000);
    let server: TestServer;
    let admin: Connection;

    before(async () => {
      server = await startServer({ version, users: OPEN_USERS });
      admin = await openConnection({ url: server.url });
      for (const sql of [
        "CREATE DATABASE d",
        "CREATE TABLE d.orders (id UInt64, card String) ENGINE = MergeTree ORDER BY id",
        "INSERT INTO d.orders VALUES (1, 'x')",
        "CREATE DATABASE other",
        "CREATE TABLE other.t (a UInt8) ENGINE = MergeTree ORDER BY a",
      ])
        await admin.command(sql);
    });

    after(async () => {
      await admin?.close();
      await server?.stop();
    });

    const using = async <T>(work: (provider: TestProvider) => Promise<T>): Promise<T> => {
      const provider = new TestProvider({ "clickhouse:url": server.url });
      return work(provider).finally(() => provider.close());
    };
    const check = (name: string, args: object, olds?: object) =>
      using((provider) => provider.check("grants", { name, args, ...(olds && { olds: { ...olds } }) }));
    /** As `pulumi up` does it. */
    const up = (name: string, args: object, olds?: Record<string, unknown>): Promise<Record<string, unknown>> =>
      using(async (provider) => {
        const { inputs = {}, failures } = await provider.check("grants", {
          name,
          args,
          ...(olds && { olds: { ...olds } }),
        });
        assert.deepEqual(failures, []);
        const grants = provider.of("grants");
        const { outs = {} } =
          olds === undefined ? await grants.create(inputs) : await grants.update(name, olds, inputs);
        return outs;
      });
    const userOf = async (name: string): Promise<Connection> => {
      await admin.command(`CREATE USER ${name} IDENTIFIED WITH no_password`);
      return openConnection({ url: server.url, username: name });
    };

    it("let a user do what they say, and nothing else; what an admin does manually is seen and taken back", async () => {
      const alice = await userOf("alice");
      const [all, card, insert] = [
        "SELECT id FROM d.orders",
        "SELECT card FROM d.orders",
        "INSERT INTO d.orders VALUES (2, 'y')",
      ];
      const tried = (): Promise<boolean[]> =>
        Promise.all([all, card, insert, "SELECT a FROM other.t"].map((sql) => may(alice, sql)));
      assert.deepEqual(await tried(), [false, false, false, false]);
      const first = { privileges: ["SELECT ON d.*"], except: ["SELECT(card) ON d.orders"] };
      const outs = await up("alice", first);
      assert.deepEqual(await tried(), [true, false, false, false]);
      const preview = await check("alice", first, outs);
      assert.deepEqual([preview.failures, preview.inputs?.["plan"]], [[], undefined]);
      await admin.command("GRANT INSERT ON d.orders TO alice");
      await admin.command("REVOKE SELECT ON d.* FROM alice");
      assert.deepEqual(await tried(), [false, false, true, false]);
      const read = await using((provider) => provider.of("grants").read("alice", outs));
      assert.match(String(read.inputs?.["statement"]), /RIGHTS\n {4}'INSERT ON d\.orders'/);
      const mended = await check("alice", first, read.props);
      assert.match(
        String(mended.inputs?.["plan"]),
        /GRANT SELECT ON d\.\* TO alice;[\s\S]*REVOKE [\s\S]*INSERT[\s\S]* ON d\.orders FROM alice/,
      );
      assert.match(String(mended.inputs?.["plan"]), /widens-access.*alice may SELECT ON d\.\*/);
      assert.match(String(mended.inputs?.["plan"]), /narrows-access.*alice may no longer/);
      const now = await up("alice", first, read.props as Record<string, unknown>);
      assert.deepEqual(await tried(), [true, false, false, false]);
      await up("alice", { privileges: ["ALL ON d.*", "SELECT(a) ON other.t"] }, now);
      assert.deepEqual(await tried(), [true, true, true, true]);
      await server.restart();
      assert.deepEqual(await tried(), [true, true, true, true]);
      await using((provider) => provider.of("grants").delete("alice", now));
      assert.deepEqual(await tried(), [false, false, false, false]);
      await alice.close();
    });

    it("are refused at preview where this user may not pass them on, with the grant that it lacks", async () => {
      await userOf("deployer");
      for (const sql of [
        "CREATE ROLE passed",
        "GRANT SHOW ACCESS, ROLE ADMIN ON *.* TO deployer",
        ...["grants", "role_grants", "users", "roles"].map((table) => `GRANT SELECT ON system.${table} TO deployer`),
        "GRANT SELECT ON d.* TO deployer WITH GRANT OPTION",
        "GRANT INSERT ON d.orders TO deployer",
      ])
        await admin.command(sql);
      const previewed = async (privileges: readonly string[]): Promise<string> => {
        const provider = new TestProvider({ "clickhouse:url": server.url, "clickhouse:username": "deployer" });
        const { failures } = await provider
          .check("grants", { name: "passed", args: { privileges } })
          .finally(() => provider.close());
        return failures.join("\n");
      };
      const both = ["SELECT(id) ON d.orders", "INSERT ON d.*"];
      const refused = await previewed(both);
      assert.match(refused, /rights of passed: not granted, because user deployer may pass on only what it has/);
      assert.match(refused, /run again: GRANT INSERT ON d\.\* TO deployer WITH GRANT OPTION;$/m);
      await admin.command("GRANT INSERT ON d.* TO deployer WITH GRANT OPTION");
      assert.equal(await previewed(both), "");
      assert.match(await previewed(["SELECT ON *.*"]), /GRANT SELECT ON \*\.\* TO deployer WITH GRANT OPTION;/);
      await admin.command("CREATE ROLE wide");
      await admin.command("GRANT SELECT ON *.* TO wide WITH GRANT OPTION");
      await admin.command("GRANT wide TO deployer");
      assert.equal(await previewed(["SELECT ON *.*"]), "");
    });

    it("shrink while somebody reads, and no query fails", async () => {
      const bob = await userOf("bob");
      const outs = await up("bob", { privileges: ["SELECT ON *.*"] });
      assert.ok(await may(bob, "SELECT a FROM other.t"));
      let [running, reads, failed] = [true, 0, 0];
      const reader = (async () => {
        while (running) {
          if (await may(bob, "SELECT id FROM d.orders")) reads++;
          else failed++;
        }
      })();
      const { inputs = {} } = await check("bob", { privileges: ["SELECT ON d.*"] }, outs);
      assert.match(String(inputs["plan"]), /GRANT SELECT ON d\.\* TO bob WITH REPLACE OPTION/);
      await up("bob", { privileges: ["SELECT ON d.*"] }, outs);
      running = false;
      await reader;
      assert.ok(reads > 0);
      assert.equal(failed, 0);
      assert.ok(!(await may(bob, "SELECT a FROM other.t")));
      await bob.close();
    });

    it("give roles and take them back, and a session begins with the declared ones", async () => {
      const carol = await userOf("carol");
      for (const sql of [
        "CREATE ROLE r1",
        "CREATE ROLE r2",
        "GRANT SELECT ON d.* TO r1",
        "GRANT SELECT ON other.* TO r2",
      ])
        await admin.command(sql);
      const tried = (): Promise<boolean[]> =>
        Promise.all(["SELECT id FROM d.orders", "SELECT a FROM other.t"].map((sql) => may(carol, sql)));
      const outs = await up("carol", { roles: ["r1", "r2"] });
      assert.deepEqual(await tried(), [true, true]);
      const next = await up("carol", { roles: ["r1", "r2"], defaultRoles: ["r2"] }, outs);
      assert.deepEqual(await tried(), [false, true]);
      const last = await up("carol", { roles: ["r1"], defaultRoles: "all" }, next);
      assert.deepEqual(await tried(), [true, false]);
      await admin.command("GRANT r2 TO carol");
      const read = await using((provider) => provider.of("grants").read("carol", last));
      const { inputs = {} } = await check("carol", { roles: ["r1"], defaultRoles: "all" }, read.props);
      assert.match(String(inputs["plan"]), /REVOKE r2 FROM carol/);
      await carol.close();
    });

    it("are refused before anything runs where nobody could have them", async () => {
      const refused = async (name: string, args: object): Promise<string> =>
        (await check(name, args)).failures.join("\n");
      assert.match(await refused("nobody", { privileges: ["SELECT ON d.*"] }), /no user and no role of this name/);
      assert.match(await refused("default", { privileges: ["SELECT ON d.*"] }), /server's configuration \(users_xml\)/);
      await admin.command("CREATE ROLE held");
      await admin.command("GRANT SELECT ON other.* TO held");
      assert.match(
        await refused("held", { privileges: ["SELECT ON d.*"] }),
        /exists on the server and differs[\s\S]*- +'SELECT ON other\.\*'/,
      );
      assert.deepEqual((await check("held", { privileges: ["SELECT ON d.*"], adopt: "converge" })).failures, []);
      await admin.command("CREATE ROLE r3");
      assert.match(await refused("r3", { privileges: ["SELECT(a) ON d.*"] }), /columns belong to one table/);
      assert.match(await refused("r3", { privileges: ["SELEKT ON d.*"] }), /no privilege SELEKT.*`SELECT`/);
      assert.match(await refused("r3", { privileges: ["GRANT SELECT ON d.*"] }), /between GRANT and TO/);
      assert.match(await refused("r3", {}), /takes every right away/);
      if (version === "24.8")
        assert.match(await refused("r3", { privileges: ["SELECT ON d*.*"] }), /prefix came with ClickHouse 24\.10/);
    });

    if (version === "25.8") {
      it("that read a source without writing to it are refused, because after a restart they write", async () => {
        const dave = await userOf("dave");
        const args = { privileges: ["READ ON FILE", "CREATE TEMPORARY TABLE ON *.*"] };
        const both = await up("dave", { privileges: ["FILE ON *.*"] });
        assert.match(String(both["statement"]), /'READ, WRITE ON FILE'/);
        await up("dave", { privileges: [] }, both);
        const { failures } = await check("dave", args);
        assert.match(
          failures.join(),
          /READ ON FILE: this server stores it as READ and WRITE[\s\S]*enable_read_write_grants/,
        );
        await up("dave", { ...args, allow: ["unproven"] });
        const write = (n: number): string => `INSERT INTO FUNCTION file('dave${n}.tsv', 'TSV', 'x UInt8') SELECT 1`;
        assert.ok(!(await may(dave, write(1))));
        await server.restart();
        assert.ok(await may(dave, write(2)), "the refusal has no reason any more");
        await dave.close();
      });

      it("that are all rights leave none behind for the next restart", async () => {
        const erin = await userOf("erin");
        const outs = await up("erin", { privileges: ["ALL ON *.*"] });
        const { inputs = {} } = await check(
          "erin",
          { privileges: ["SELECT ON d.*", "CREATE TEMPORARY TABLE ON *.*"] },
          outs,
        );
        assert.match(String(inputs["plan"]), /WITH REPLACE OPTION/);
        await up("erin", { privileges: ["SELECT ON d.*", "CREATE TEMPORARY TABLE ON *.*"] }, outs);
        await server.restart();
        assert.ok(!(await may(erin, "INSERT INTO FUNCTION file('erin.tsv', 'TSV', 'x UInt8') SELECT 1")));
        assert.ok(await may(erin, "SELECT id FROM d.orders"));
        await erin.close();
      });

      it("on a prefix inside of another, beside a right on users, are refused", async () => {
        await admin.command("CREATE ROLE nested");
        const args = { privileges: ["SELECT ON d*.*", "INSERT ON d.o*", "NAMED COLLECTION ON *"] };
        assert.match((await check("nested", args)).failures.join(), /d\.o\*: a prefix inside of another/);
        const passing = ["INSERT ON d.o*", "NAMED COLLECTION ON * WITH GRANT OPTION"];
        assert.match(
          (await check("nested", { privileges: passing })).failures.join(),
          /d\.o\*: a prefix of tables that is taken out, or with a grant/,
        );
        const taken = { privileges: ["ALL ON *.*"], except: ["CREATE TABLE ON d.o*"] };
        assert.match((await check("nested", taken)).failures.join(), /d\.o\*: a prefix of tables that is taken out/);
        await admin.command("CREATE ROLE lines");
        await admin.command("GRANT INSERT ON d.o* TO lines");
        await admin.command("GRANT NAMED COLLECTION ON * TO lines WITH GRANT OPTION");
        const shown = await admin.query<Record<string, string>>("SHOW GRANTS FOR lines");
        assert.match(
          shown.map((row) => Object.values(row)[0]).join("\n"),
          /REVOKE NAMED COLLECTION ON d\* FROM/,
          "the refusal has no reason any more",
        );
        assert.deepEqual((await check("nested", { privileges: ["SELECT ON d*.*", "INSERT ON e*.*"] })).failures, []);
      });
    }
  });
}
