import assert from "node:assert/strict";
import { readPreview } from "../../provider/src/report/preview";
import { renderReport } from "../../provider/src/report/report";
import { AccessRig, upIn } from "./rig";

describe("what a change of rights means for those who have a role, on a server of 25.8", function () {
  this.timeout(120_000);
  let rig: AccessRig;

  before(async () => {
    rig = await AccessRig.start("25.8");
    await rig.run(
      "CREATE ROLE reader",
      "CREATE ROLE staff",
      "CREATE ROLE writer",
      "GRANT reader TO staff",
      "GRANT SELECT(id) ON d.orders TO writer",
    );
  });

  after(() => rig?.stop());

  const plan = async (name: string, args: object, olds?: Record<string, unknown>): Promise<string> => {
    const { inputs = {}, failures } = await rig.using((provider) =>
      provider.check("grants", { name, args, ...(olds && { olds: { ...olds } }) }),
    );
    return [...failures, inputs["plan"] ?? ""].join("\n");
  };

  it("is reported for each user, through role after role, and is what they can do", async () => {
    const [alice, bob] = [await rig.userOf("alice"), await rig.userOf("bob")];
    assert.match(
      await plan("reader", { privileges: ["SELECT ON d.*"] }),
      /reader may SELECT ON d\.\* \(nobody has reader yet\)/,
    );
    await rig.run("GRANT staff TO alice", "GRANT reader, writer TO bob", "ALTER USER bob DEFAULT ROLE NONE");
    assert.match(
      await plan("reader", { privileges: ["SELECT ON d.*", "SELECT ON other.*"] }),
      /widens-access: reader may SELECT ON d\.\* \(wins: alice: SELECT ON d\.\*, SELECT ON other\.\*; bob: SELECT ON d\.\*, SELECT ON other\.\* except SELECT\(id\) ON d\.orders\)/,
    );
    await rig.run("ALTER USER bob DEFAULT ROLE ALL");
    const outs = await rig.using((provider) => upIn(provider, "grants", "reader", { privileges: ["SELECT ON d.*"] }));
    assert.deepEqual(
      [await rig.mayDo(alice), await rig.mayDo(bob)],
      [
        ["id", "card"],
        ["id", "card"],
      ],
    );
    const less = { privileges: ["SELECT(card) ON d.orders"] };
    const said = await plan("reader", less, outs);
    assert.match(
      said,
      /narrows-access: reader may no longer .*\(loses: alice: SELECT ON d\.\* except SELECT\(card\) ON d\.orders; bob: SELECT ON d\.\* except SELECT\(card, id\) ON d\.orders\)/,
    );
    await rig.using((provider) => upIn(provider, "grants", "reader", less, outs));
    assert.deepEqual([await rig.mayDo(alice), await rig.mayDo(bob)], [["card"], ["id", "card"]]);
  });

  it("is nothing where another role gives the same", async () => {
    const carol = await rig.userOf("carol");
    await rig.run("CREATE ROLE a", "CREATE ROLE b", "GRANT SELECT ON d.* TO a", "GRANT a, b TO carol");
    assert.match(
      await plan("b", { privileges: ["SELECT ON d.orders"] }),
      /b may SELECT ON d\.orders \(carol may do no more than before\)/,
    );
    const outs = await rig.using((provider) => upIn(provider, "grants", "b", { privileges: ["SELECT ON d.orders"] }));
    assert.match(
      await plan("b", { privileges: [] }, outs),
      /b may no longer SELECT ON d\.orders \(carol may still do all of it, by other roles or rights\)/,
    );
    await rig.using((provider) => upIn(provider, "grants", "b", { privileges: [] }, outs));
    assert.deepEqual(await rig.mayDo(carol), ["id", "card"]);
  });

  it("is also a user's roles, and those that a session begins with", async () => {
    const dave = await rig.userOf("dave");
    const outs = await rig.using((provider) => upIn(provider, "grants", "dave", { roles: ["a"] }));
    assert.deepEqual(await rig.mayDo(dave), ["id", "card"]);
    assert.match(await plan("dave", { roles: [] }, outs), /narrows-access: .*\(loses: dave: SELECT ON d\.\*\)/);
    assert.match(
      await plan("dave", { roles: ["a"], defaultRoles: "none" }, outs),
      /narrows-access: sessions of dave begin with other roles: NONE, before ALL \(loses: dave: SELECT ON d\.\*\)/,
    );
  });

  it("needs permission where the user of the deployment would lose something through a role", async () => {
    await rig.run(
      "CREATE ROLE deployers",
      "GRANT ALL ON *.* TO deployers WITH GRANT OPTION",
      "CREATE USER deployer IDENTIFIED WITH no_password",
      "GRANT deployers TO deployer",
    );
    const checked = (privileges: readonly string[], allow: readonly string[] = []) =>
      rig.using(
        (provider) => provider.check("grants", { name: "deployers", args: { privileges, adopt: "converge", allow } }),
        { "clickhouse:username": "deployer" },
      );
    const refused = await checked(["SELECT ON d.*"]);
    assert.match(
      refused.failures.join(),
      /needs your permission[\s\S]*locks-out: deployer, the user that runs this, loses by it: /,
    );
    assert.deepEqual((await checked(["SELECT ON d.*"], ["locks-out"])).failures, []);
    await rig.run("GRANT ALL ON *.* TO deployer WITH GRANT OPTION");
    assert.deepEqual((await checked(["SELECT ON d.*"])).failures, [], "it has all of it itself");
  });

  it("has a section of its own in the report", async () => {
    const text = await plan("reader", { privileges: ["INSERT ON d.*"], adopt: "converge" });
    const urn = "urn:pulumi:dev::shop::pulumi-nodejs:dynamic/clickhouse:Grants::reader";
    const state = (statement: string, plan?: string) => ({ name: "reader", statement, ...(plan && { plan }) });
    const step = {
      op: "update",
      urn,
      oldState: { urn, inputs: state("CREATE GRANTS reader\nRIGHTS NONE") },
      newState: { urn, inputs: state("CREATE GRANTS reader\nRIGHTS\n    'INSERT ON d.*'", text.trim()) },
    };
    const report = renderReport(readPreview(JSON.stringify({ steps: [step], changeSummary: { update: 1 } })));
    const [, access = ""] = /### 🔐 Access\n([\s\S]*?)\n\n(?:###|<details>|```)/.exec(report) ?? [];
    assert.match(
      access,
      /May do or see more\*\*\n\n- set of grants <code>reader<\/code>: reader may INSERT ON d.*wins: alice, bob: INSERT ON d.&#42;/,
    );
    assert.match(
      access,
      /May do or see less\*\*\n\n- set of grants <code>reader<\/code>: .*loses: alice, bob: SELECT(?:\(card\) ON d\.orders| ON d)/,
    );
  });
});
