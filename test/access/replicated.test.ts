/** Users and rights that two replicas share in Keeper: each statement runs once, on one of them. */
import assert from "node:assert/strict";
import { insisting } from "../../provider/src/apply/insist";
import { ERROR_CODES } from "../../provider/src/clickhouse/error-codes";
import { ServerError } from "../../provider/src/connection/errors";
import { OPEN_USERS } from "../../provider/src/server/users";
import { askAs, byHand, inProcess } from "../support/access";
import { type Cluster, startCluster } from "../support/cluster";
import { urnOf } from "../support/provider";
import { sleep } from "../support/server";

describe("users and rights on two replicas that share them", function () {
  this.timeout(180_000);
  let cluster: Cluster;
  let urls: string[];

  before(async () => {
    cluster = await startCluster({ version: "25.8", access: "replicated", users: OPEN_USERS });
    urls = cluster.nodes.map(({ url }) => url);
  });

  after(() => cluster?.stop());

  const config = { "clickhouse:cluster": "main" };
  const user = { args: { auth: { password: true } }, secrets: { "0": "shared-Pa55" } };
  const ROLE = urnOf("role", "reader");

  it("are created once, and the other replica has them, logs in and obeys; a preview there has nothing to do", async () => {
    const [one = "", other = ""] = urls;
    const outs = await inProcess(
      one,
      async (provider) => {
        const role = await provider.check("role", { name: "reader", args: {}, urn: ROLE });
        const grants = await provider.check("grants", {
          name: "reader",
          args: { privileges: ["SELECT ON system.one"] },
          dependsOn: [ROLE],
        });
        const ana = await provider.check("user", { name: "ana", ...user });
        assert.deepEqual([role.failures, grants.failures, ana.failures], [[], [], []]);
        return {
          role: (await provider.of("role").create(role.inputs ?? {})).outs ?? {},
          grants: (await provider.of("grants").create(grants.inputs ?? {})).outs ?? {},
          ana: (await provider.of("user").create(ana.inputs ?? {})).outs ?? {},
        };
      },
      config,
    );
    const count = (url: string) =>
      byHand(url, "SELECT count() FROM system.users WHERE name = 'ana' AND storage = 'replicated'");
    for (const url of urls) await until(async () => (await count(url)) === "1");
    await until(async () => (await byHand(other, "SELECT count() FROM system.roles")) === "1");
    await byHand(other, "GRANT reader TO ana");
    for (const url of urls)
      await until(async () => (await askAs(url, "SELECT count() FROM system.one", "ana", "shared-Pa55")) === "1");
    await inProcess(
      other,
      async (provider) => {
        const role = await provider.check("role", { name: "reader", args: {}, urn: ROLE, olds: outs.role });
        const grants = await provider.check("grants", {
          name: "reader",
          args: { privileges: ["SELECT ON system.one"] },
          dependsOn: [ROLE],
          olds: outs.grants,
        });
        const ana = await provider.check("user", { name: "ana", ...user, olds: outs.ana });
        for (const { failures, inputs } of [role, grants, ana])
          assert.deepEqual([failures, inputs?.["plan"]], [[], undefined]);
      },
      config,
    );
    const sent = await byHand(
      one,
      "SYSTEM FLUSH LOGS",
      "SELECT count() FROM system.query_log WHERE type = 'QueryStart' AND query LIKE 'CREATE USER ana%ON CLUSTER%'",
    );
    assert.equal(sent, "0");
  });

  it("many grants to one user from both replicas at once all arrive", async () => {
    await byHand(urls[0] ?? "", "CREATE USER busy IDENTIFIED WITH no_password");
    const names = Array.from({ length: 40 }, (_, index) => `db${index}`);
    await Promise.all(
      urls.map((url, half) =>
        inProcess(
          url,
          async (provider) => {
            const all = names.filter((_, index) => index % 2 === half);
            const checked = await Promise.all(
              all.map((name) =>
                provider.check("grant", {
                  name: `${name} TO busy`,
                  args: { privileges: [`SELECT ON ${name}.*`] },
                  urn: urnOf("grant", name),
                }),
              ),
            );
            await Promise.all(
              checked.map(({ inputs = {}, failures }) => {
                assert.deepEqual(failures, []);
                return provider.of("grant").create(inputs);
              }),
            );
          },
          config,
        ),
      ),
    );
    for (const url of urls)
      await until(
        async () => (await byHand(url, "SELECT count() FROM system.grants WHERE user_name = 'busy'")) === "40",
      );
  });
});

/** A replica has what Keeper holds a moment later. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await isSo())) {
    assert.ok(Date.now() < deadline, "it did not become so within 20 s");
    await sleep(50);
  }
}

describe("a statement that Keeper refuses", () => {
  const refused = new ServerError("Transaction failed", ERROR_CODES.KEEPER_EXCEPTION, "");
  const failing = (times: number, error: Error = refused) => {
    let runs = 0;
    return {
      run: async () => {
        runs++;
        if (runs <= times) throw error;
      },
      count: () => runs,
    };
  };

  it("runs again where it is about users and rights, and only then", async () => {
    const grant = failing(3);
    await insisting("GRANT SELECT ON d.* TO a", grant.run);
    assert.equal(grant.count(), 4);
    const table = failing(1);
    await assert.rejects(insisting("CREATE TABLE d.t (a UInt8)", table.run), /Transaction failed/);
    assert.equal(table.count(), 1);
    const other = failing(1, new ServerError("denied", ERROR_CODES.ACCESS_DENIED, ""));
    await assert.rejects(insisting("DROP ROLE r", other.run), /denied/);
    assert.equal(other.count(), 1);
  });
});
