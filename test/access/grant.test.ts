import assert from "node:assert/strict";
import type { Version } from "../support/server";
import { AccessRig, upIn } from "./rig";

for (const version of ["25.8", "24.8"] as const satisfies readonly Version[]) {
  describe(`a grant beside others, on a server of ${version}`, function () {
    this.timeout(120_000);
    let rig: AccessRig;

    before(async () => {
      rig = await AccessRig.start(version);
    });

    after(() => rig?.stop());

    const up = (name: string, args: object, olds?: Record<string, unknown>) =>
      rig.using((provider) => upIn(provider, "grant", name, args, olds));
    const check = (name: string, args: object, olds?: Record<string, unknown>) =>
      rig.using((provider) => provider.check("grant", { name, args, ...(olds && { olds: { ...olds } }) }));
    const drop = (name: string, outs: Record<string, unknown>) =>
      rig.using((provider) => provider.of("grant").delete(name, outs));
    const INSERTS = { privileges: ["INSERT ON d.orders"] };

    it("gives its rights and takes them back, and leaves what an admin gave", async () => {
      const alice = await rig.userOf("alice");
      await rig.run("GRANT SELECT ON d.orders TO alice");
      assert.deepEqual(await rig.mayDo(alice), ["id", "card"]);
      const preview = await check("loads TO alice", INSERTS);
      assert.equal(
        preview.inputs?.["plan"],
        "GRANT INSERT ON d.orders TO alice;\n-- widens-access: alice may INSERT ON d.orders",
      );
      const outs = await up("loads TO alice", INSERTS);
      assert.equal(outs["statement"], "CREATE GRANT loads TO alice\nRIGHTS\n    'INSERT ON d.orders'");
      assert.deepEqual(await rig.mayDo(alice), ["id", "card", "insert"]);
      const again = await check("loads TO alice", INSERTS, outs);
      assert.deepEqual([again.failures, again.inputs?.["plan"]], [[], undefined]);
      await drop("loads TO alice", outs);
      assert.deepEqual(await rig.mayDo(alice), ["id", "card"]);
    });

    it("is found by a refresh only where its own rights are gone, and given again", async () => {
      const bob = await rig.userOf("bob");
      const args = { privileges: ["SELECT ON d.*", "INSERT ON d.orders"] };
      const outs = await up("works TO bob", args);
      const read = (): Promise<{ inputs?: Record<string, unknown>; props?: Record<string, unknown> }> =>
        rig.using((provider) => provider.of("grant").read("works TO bob", outs)) as never;
      await rig.run("GRANT SELECT ON other.* TO bob");
      assert.equal((await read()).inputs, undefined, "what others grant is no drift");
      await rig.run("GRANT INSERT ON d.* TO bob");
      assert.equal((await read()).inputs, undefined, "a wider right is no drift");
      await rig.run("REVOKE SELECT(card) ON d.orders FROM bob");
      assert.deepEqual(await rig.mayDo(bob), ["id", "insert", "other"]);
      const drifted = await read();
      assert.match(String(drifted.inputs?.["statement"]), /'REVOKE SELECT\(card\) ON d\.orders'/);
      const mended = await check("works TO bob", args, drifted.props);
      assert.match(String(mended.inputs?.["plan"]), /^GRANT SELECT\(card\) ON d\.orders TO bob;/);
      const now = await up("works TO bob", args, drifted.props);
      assert.deepEqual(await rig.mayDo(bob), ["id", "card", "insert", "other"]);
      await drop("works TO bob", now);
      assert.equal(await rig.rightsOf("bob"), "INSERT ON d.*\nSELECT ON other.*", "wider and other rights stay");
    });

    it("keeps what another grant of the program gives too, when one of the two changes or goes", async () => {
      const carol = await rig.userOf("carol");
      const [wide, narrow] = [{ privileges: ["SELECT ON *.*"] }, { privileges: ["SELECT ON d.orders"] }];
      const [all, own] = await rig.using(async (provider) => [
        await upIn(provider, "grant", "all TO carol", wide),
        await upIn(provider, "grant", "own TO carol", narrow),
      ]);
      assert.deepEqual(await rig.mayDo(carol), ["id", "card", "other"]);
      // As `up` does it: what stays is checked, what left the program is deleted after that.
      await rig.using(async (provider) => {
        const { failures, inputs } = await provider.check("grant", {
          name: "own TO carol",
          args: narrow,
          olds: { ...own },
        });
        assert.deepEqual([failures, inputs?.["plan"]], [[], undefined]);
        await provider.of("grant").delete("all TO carol", { ...all });
      });
      assert.deepEqual(await rig.mayDo(carol), ["id", "card"]);
      const now = await rig.using(async (provider) => {
        await provider.check("grant", { name: "own TO carol", args: narrow, olds: { ...own } });
        return upIn(provider, "grant", "more TO carol", { privileges: ["SELECT ON d.orders", "INSERT ON d.orders"] });
      });
      await rig.using(async (provider) => {
        await provider.check("grant", { name: "own TO carol", args: narrow, olds: { ...own } });
        await upIn(provider, "grant", "more TO carol", { privileges: ["SELECT ON other.t"] }, now);
      });
      assert.deepEqual(await rig.mayDo(carol), ["id", "card", "other"], "INSERT goes, SELECT is the other one's too");
    });

    it("gives roles, and takes back those that no other grant gives", async () => {
      const dave = await rig.userOf("dave");
      await rig.run("CREATE ROLE r1", "CREATE ROLE r2", "GRANT SELECT ON d.* TO r1", "GRANT SELECT ON other.* TO r2");
      await rig.run("GRANT r2 TO dave WITH ADMIN OPTION");
      const outs = await up("roles TO dave", { roles: ["r1", "r2"] });
      assert.deepEqual(await rig.mayDo(dave), ["id", "card", "other"]);
      const later = await up("roles TO dave", { roles: [{ role: "r1", adminOption: true }] }, outs);
      assert.deepEqual((await rig.specOf("dave")).roles, [
        { role: "r1", admin: true },
        { role: "r2", admin: true },
      ]);
      await drop("roles TO dave", later);
      assert.deepEqual(await rig.mayDo(dave), ["other"], "r2 has an option that was not ours");
    });

    it("is adopted without a statement where all of it is there, and survives a restart", async () => {
      const erin = await rig.userOf("erin");
      await rig.run("GRANT SELECT, INSERT ON d.* TO erin");
      const preview = await check("reads TO erin", { privileges: ["SELECT ON d.*"] });
      assert.deepEqual([preview.failures, preview.inputs?.["plan"]], [[], undefined]);
      const outs = await up("reads TO erin", { privileges: ["SELECT ON d.*"] });
      await rig.server.restart();
      const again = await check("reads TO erin", { privileges: ["SELECT ON d.*"] }, outs);
      assert.equal(again.inputs?.["plan"], undefined);
      await drop("reads TO erin", outs);
      assert.deepEqual(await rig.mayDo(erin), ["insert"]);
    });

    it("follows its resource to another name, and its grantee", async () => {
      await rig.run("CREATE USER frank IDENTIFIED WITH no_password");
      const outs = await up("first TO frank", INSERTS);
      const second = await up("second TO frank", INSERTS, outs);
      assert.match(String(second["statement"]), /^CREATE GRANT second TO frank\n/);
      await rig.run("ALTER USER frank RENAME TO franz");
      const third = await up("second TO franz", INSERTS, second);
      assert.match(String(third["statement"]), /^CREATE GRANT second TO franz\n/);
      assert.equal(await rig.rightsOf("franz"), "INSERT ON d.orders");
    });

    it("is refused beside Grants of the same grantee, for nobody, and without rights", async () => {
      await rig.run("CREATE ROLE held");
      const refused = (work: Parameters<AccessRig["using"]>[0]): Promise<string> =>
        rig.using(async (provider) => ((await work(provider)) as { failures: string[] }).failures.join("\n"));
      const ALL = { name: "held", args: { privileges: ["SELECT ON d.*"] } };
      const SOME = { name: "extra TO held", args: INSERTS };
      const words = /rights of held: .* is a Grants, which takes back .* is a Grant, which adds to it/;
      assert.match(
        await refused(async (provider) => {
          await provider.check("grants", ALL);
          return provider.check("grant", SOME);
        }),
        words,
      );
      assert.match(
        await refused(async (provider) => {
          await provider.check("grant", SOME);
          return provider.check("grants", ALL);
        }),
        words,
      );
      const check = (name: string, args: object): Promise<string> =>
        refused((provider) => provider.check("grant", { name, args }));
      assert.match(await check("x TO nobody", INSERTS), /no user and no role of this name/);
      assert.match(await check("x TO default", INSERTS), /server's configuration \(users_xml\)/);
      assert.match(await check("x TO held", {}), /expected what it adds/);
      assert.match(await check("x TO held", { privileges: ["SELEKT ON d.*"] }), /no privilege SELEKT/);
    });
  });
}
