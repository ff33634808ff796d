import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { importServer } from "../../provider/src/cli/import";
import { previewRemovals } from "../../provider/src/pulumi/leaving";
import type { ObjectKind } from "../../provider/src/sql/spec";
import { askAs, byHand, inProcess } from "../support/access";
import { type CheckRequest, urnOf } from "../support/provider";
import { startServer, type TestServer } from "../support/server";

type Outs = Record<string, unknown>;

describe("roles, settings profiles and quotas, on a server of 25.8", function () {
  this.timeout(120_000);
  let server: TestServer;

  before(async () => {
    server = await startServer({ version: "25.8" });
  });

  after(() => server?.stop());

  const create = (kind: ObjectKind, request: CheckRequest): Promise<Outs> =>
    inProcess(server.url, async (provider) => {
      const { inputs = {}, failures } = await provider.check(kind, request);
      assert.deepEqual(failures, []);
      return (await provider.of(kind).create(inputs)).outs ?? {};
    });
  const change = (kind: ObjectKind, olds: Outs, request: CheckRequest): Promise<{ plan: string; outs: Outs }> =>
    inProcess(server.url, async (provider) => {
      const { inputs = {}, failures } = await provider.check(kind, { ...request, olds });
      assert.deepEqual(failures, []);
      const { outs = {} } = await provider.of(kind).update(String(olds["qualifiedName"]), olds, inputs);
      return { plan: String(inputs["plan"]), outs };
    });
  const failures = (kind: ObjectKind, request: CheckRequest): Promise<string> =>
    inProcess(server.url, async (provider) => (await provider.check(kind, request)).failures.join("\n"));
  const drop = (kind: ObjectKind, outs: Outs): Promise<unknown> =>
    inProcess(server.url, (provider) => provider.of(kind).delete(String(outs["name"]), outs));
  const refusal = (kind: ObjectKind, outs: Outs): Promise<string> =>
    drop(kind, outs).then(
      () => "dropped",
      (error: Error) => error.message,
    );

  it("a limit holds for those who have a role that inherits a profile, and a wider one says so", async () => {
    const profile = { settings: { max_memory_usage: { value: "10G", max: "20G" } } };
    const outs = await create("settingsProfile", { name: "small", args: profile });
    await create("role", { name: "analyst", args: { profiles: ["small"] } });
    await byHand(server.url, "CREATE USER ana IDENTIFIED WITH no_password", "GRANT analyst TO ana");
    const tried = (limit: string) => askAs(server.url, `SELECT 1 SETTINGS max_memory_usage = '${limit}'`, "ana");
    assert.match(await tried("30G"), /^Code: 452/);
    assert.equal(await tried("20G"), "1");
    const wider = { settings: { max_memory_usage: { value: "10G", max: "40G" } } };
    const { plan } = await change("settingsProfile", outs, { name: "small", args: wider });
    assert.match(plan, /ALTER SETTINGS PROFILE small\nSETTINGS max_memory_usage = 10000000000 MAX 40000000000;/);
    assert.match(plan, /-- widens-access: max_memory_usage = 10000000000 MAX 20000000000 → /);
    assert.equal(await tried("30G"), "1");
  });

  it("a setting that does not exist, and a value that it cannot have, fail the preview", async () => {
    const args = (settings: object) => ({ name: "wrong", args: { settings } });
    assert.match(await failures("role", args({ max_memry_usage: 1 })), /max_memry_usage[\s\S]*max_memory_usage/);
    assert.match(await failures("role", args({ max_threads: "many" })), /max_threads|many/);
    assert.match(
      await failures("settingsProfile", args({ max_threads: { min: 1, chnge: "never" } })),
      /settings\.max_threads\.chnge: is not an argument\. Did you mean `change`\?/,
    );
  });

  it("the same settings in other words are no change", async () => {
    const outs = await create("role", {
      name: "speller",
      args: { settings: { max_memory_usage: "5Gi", join_use_nulls: true } },
    });
    await inProcess(server.url, async (provider) => {
      const args = { settings: { join_use_nulls: 1, max_memory_usage: 5368709120 } };
      const { inputs } = await provider.check("role", { name: "speller", args, olds: outs });
      assert.equal(inputs?.["plan"], undefined);
      assert.equal(inputs?.["statement"], outs["statement"]);
    });
  });

  it("a rename keeps the members, the rights and the UUID, and what names it follows without a statement", async () => {
    const outs = await create("role", { name: "old_name", args: {} });
    const named = await create("quota", {
      name: "of_role",
      args: { limits: { "1 hour": { queries: 3 } }, to: ["old_name"] },
    });
    await byHand(
      server.url,
      "CREATE USER ren IDENTIFIED WITH no_password",
      "GRANT old_name TO ren",
      "GRANT SELECT ON system.one TO old_name",
    );
    const uuid = () => byHand(server.url, "SELECT id FROM system.roles WHERE name IN ('old_name', 'new_name')");
    const before = await uuid();
    await inProcess(server.url, async (provider) => {
      const urns = { role: urnOf("role", "r"), quota: urnOf("quota", "q") };
      const role = await provider.check("role", { name: "new_name", args: {}, olds: outs, urn: urns.role });
      assert.match(String(role.inputs?.["plan"]), /ALTER ROLE old_name RENAME TO new_name;/);
      const quota = await provider.check("quota", {
        name: "of_role",
        args: { limits: { "1 hour": { queries: 3 } }, to: ["new_name"] },
        olds: named,
        urn: urns.quota,
        dependsOn: [urns.role],
      });
      assert.deepEqual([role.failures, quota.failures], [[], []]);
      assert.match(String(quota.inputs?.["plan"]), /^-- follows the rename of what it names; nothing else runs/);
      await provider.of("role").update("old_name", outs, role.inputs ?? {});
      await provider.of("quota").update("of_role", named, quota.inputs ?? {});
    });
    assert.equal(await uuid(), before);
    assert.equal(await byHand(server.url, "SHOW GRANTS FOR ren"), "GRANT new_name TO ren");
    assert.match(await byHand(server.url, "SHOW GRANTS FOR new_name"), /GRANT SELECT ON system.one TO new_name/);
    assert.match(await byHand(server.url, "SHOW CREATE QUOTA of_role"), /TO new_name$/);
  });

  it("a role is not dropped while somebody has it or a quota names it, and a profile not while its limits hold: all are named", async () => {
    const profile = await create("settingsProfile", {
      name: "p_used",
      args: { settings: { max_threads: { max: 4 } } },
    });
    const role = await create("role", { name: "r_used", args: { profiles: ["p_used"] } });
    await byHand(server.url, "CREATE ROLE other", "CREATE USER keeper IDENTIFIED WITH no_password GRANTEES r_used");
    await byHand(
      server.url,
      "GRANT r_used TO keeper, other",
      "CREATE QUOTA q_used TO r_used",
      "CREATE ROW POLICY pol ON db.t USING 1 TO ALL EXCEPT r_used",
    );
    assert.match(
      await refusal("role", role),
      /this role is not dropped.*policy pol ON db\.t \(makes an exception of it\), quota q_used \(applies to it\), role other \(has it\), user keeper \(has it\), user keeper \(may pass rights on to it\)/,
    );
    assert.match(
      await refusal("settingsProfile", profile),
      /would silently lose its limits: role r_used \(inherits it\)/,
    );
    assert.equal(await byHand(server.url, "SELECT count() FROM system.roles WHERE name = 'r_used'"), "1");
    await inProcess(server.url, async (provider) => {
      await previewRemovals(provider.context, [
        {
          urn: `urn:pulumi:s::p::pulumi-nodejs:dynamic/clickhouse:Role::r`,
          name: "r_used",
          statement: role["statement"],
        },
      ]);
      assert.match(provider.messages.join("\n"), /`pulumi up` will refuse this removal.*r_used/);
    });
    await byHand(server.url, "DROP ROW POLICY pol ON db.t", "DROP QUOTA q_used", "DROP USER keeper", "DROP ROLE other");
    await drop("role", role);
    await drop("settingsProfile", profile);
    assert.equal(await byHand(server.url, "SELECT count() FROM system.roles WHERE name = 'r_used'"), "0");
  });

  it("one that exists and equals the declaration is adopted, one that differs refused, or changed with converge", async () => {
    await byHand(server.url, "CREATE ROLE there SETTINGS max_threads = 3");
    const id = () => byHand(server.url, "SELECT id FROM system.roles WHERE name = 'there'");
    const before = await id();
    const other = { name: "there", args: { settings: { max_threads: 4 } } };
    assert.match(await failures("role", other), /exists on the server and differs from the declaration/);
    await create("role", { name: "there", args: { settings: { max_threads: 3 } } });
    await create("role", { name: "there", args: { settings: { max_threads: 4 }, adopt: "converge" } });
    assert.match(await byHand(server.url, "SHOW CREATE ROLE there"), /max_threads = 4$/);
    assert.equal(await id(), before);
  });

  it("what is in users.xml is told apart, and not touched", async () => {
    const message = await failures("settingsProfile", { name: "readonly", args: { settings: { readonly: 1 } } });
    assert.match(
      message,
      /settings profile of this name is defined in the server's configuration \(users_xml\), which SQL cannot change/,
    );
  });

  it("a declared profile that something names without depending on it is refused", async () => {
    await inProcess(server.url, async (provider) => {
      await provider.check("settingsProfile", { name: "loose", args: {} });
      const { failures: found } = await provider.check("role", { name: "user_of_it", args: { profiles: ["loose"] } });
      assert.match(found.join("\n"), /user_of_it: names loose, which this stack declares, but does not depend on it/);
    });
  });

  it("a quota stops whom it applies to at its limit, and not the others", async () => {
    await byHand(
      server.url,
      "CREATE USER counted IDENTIFIED WITH no_password",
      "CREATE USER free IDENTIFIED WITH no_password",
    );
    await byHand(
      server.url,
      "GRANT SELECT ON system.one TO counted, free",
      "CREATE TABLE IF NOT EXISTS default.q (a Int8) ENGINE = Memory",
      "GRANT SELECT ON default.q TO counted, free",
    );
    await create("quota", {
      name: "three",
      args: { limits: { "1 hour": { queries: 3 }, "1 day": {} }, to: ["counted"] },
    });
    const answers: string[] = [];
    for (let i = 0; i < 5; i++) answers.push(await askAs(server.url, "SELECT count() FROM default.q", "counted"));
    assert.deepEqual(answers.slice(0, 3), ["0", "0", "0"]);
    assert.match(answers[4] ?? "", /^Code: 201/);
    assert.equal(await askAs(server.url, "SELECT count() FROM default.q", "free"), "0");
  });

  it("what would lock the deployment's user out needs allow, and is the quota or profile that applies to it", async () => {
    const quota = { name: "everybody", args: { limits: { "1 hour": { queries: 1 } }, to: "all" } };
    assert.match(
      await failures("quota", quota),
      /locks-out: it applies to default, the user of this deployment: FOR INTERVAL 1 hour MAX queries = 1/,
    );
    assert.equal(
      await failures("quota", { name: "everybody", args: { ...quota.args, to: { except: ["default"] } } }),
      "",
    );
    assert.equal(await failures("quota", { name: "everybody", args: { ...quota.args, allow: ["locks-out"] } }), "");
    const profile = { name: "frozen", args: { settings: { readonly: 1 }, to: "all" } };
    assert.match(await failures("settingsProfile", profile), /locks-out: .*readonly = 1/);
    const outs = await create("settingsProfile", { name: "frozen", args: { settings: { readonly: 1 } } });
    assert.match(await failures("settingsProfile", { ...profile, olds: outs }), /locks-out/);
  });

  it("lint knows what else there is: a role of a user's name, a table that nobody has, a profile that inherits itself", async () => {
    await byHand(
      server.url,
      "CREATE ROLE both",
      "CREATE ROLE old_reader",
      "CREATE SETTINGS PROFILE ring_a",
      "CREATE SETTINGS PROFILE ring_b SETTINGS INHERIT 'ring_a'",
      "CREATE TABLE IF NOT EXISTS default.here (a Int8) ENGINE = Memory",
    );
    const said = await inProcess(server.url, async (provider) => {
      await provider.check("user", { name: "both", args: { auth: { none: true }, hosts: { ip: ["10.0.0.1"] } } });
      const privileges = ["SELECT ON default.here", "SELECT ON default.heer", "INSERT(b) ON default.here"];
      assert.deepEqual((await provider.check("grants", { name: "old_reader", args: { privileges } })).failures, []);
      return provider.messages.join("\n");
    });
    assert.match(said, /There is a role both as well\..*\[user-named-like-role\]/);
    assert.match(said, /There is no default\.heer, and none is declared before it\./);
    assert.match(said, /default\.here has no column b/);
    assert.doesNotMatch(said, /There is no default\.here,/);
    const circle = { name: "ring_a", args: { inherits: ["ring_b"], adopt: "converge" } };
    assert.match(
      await failures("settingsProfile", circle),
      /ring_a inherits itself: ring_a → ring_b → ring_a\..*\[profile-circle\]/,
    );
  });

  it("import writes them in a file of their own, without touching a password, and only if it is asked to", async () => {
    await byHand(
      server.url,
      "CREATE USER imported IDENTIFIED WITH sha256_password BY 'as-it-was' HOST LOCAL GRANTEES NONE",
    );
    await byHand(server.url, "CREATE ROLE imported SETTINGS max_threads = 3 MAX 5", "CREATE DATABASE imported");
    const out = mkdtempSync(path.join(tmpdir(), "import-access-"));
    const quiet = { out: () => undefined, error: () => undefined };
    assert.equal(await importServer({ url: server.url, out, access: true }, quiet), 0);
    const text = readFileSync(path.join(out, "access.ts"), "utf8");
    assert.match(
      text,
      /new User\("imported", \{\s*auth: "unmanaged",\s*hosts: \{ names: \["localhost"\] \},\s*grantees: \[\],?\s*\}/,
    );
    assert.match(text, /new Role\("imported", \{\s*settings: \{ max_threads: \{ value: 3, max: 5 \} \}/);
    assert.doesNotMatch(text, /"default"|"readonly"|as-it-was/);
    rmSync(out, { recursive: true });
    assert.equal(await importServer({ url: server.url, out }, quiet), 0);
    assert.equal(existsSync(path.join(out, "access.ts")), false);
    rmSync(out, { recursive: true });
  });

  it("a restart changes nothing: the second plan is empty", async () => {
    const args = {
      settings: { max_memory_usage: { value: "10G", min: 1, max: "20G", change: "never" } },
      to: { except: ["default"] },
    };
    const profile = await create("settingsProfile", { name: "lasting", args });
    const limits = { "1 hour": { queries: 5, executionTime: 1.5 }, "1 month": { randomized: true, readRows: 7 } };
    const quota = await create("quota", {
      name: "lasting",
      args: { keyedBy: "ip", limits, to: { except: ["default"] } },
    });
    await server.restart();
    await inProcess(server.url, async (provider) => {
      const read = await provider.of("settingsProfile").read("lasting", profile);
      assert.deepEqual([read.inputs, read.id], [undefined, "lasting"]);
      assert.equal((await provider.of("quota").read("lasting", quota)).inputs, undefined);
    });
  });
});
