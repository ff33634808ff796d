/** The rights that doctor prints for users, roles and the like, tried on a real server that asks for everything that can be asked for. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { openConnection } from "../../provider/src/connection/open";
import { type Need, neededRights } from "../../provider/src/doctor/needs";
import { checkRights } from "../../provider/src/doctor/rights";
import { OPEN_USERS } from "../../provider/src/server/users";
import { grantStatements } from "../../provider/src/sql/grants";
import type { ObjectKind } from "../../provider/src/sql/spec";
import { byHand, inProcess } from "../support/access";
import { byEffort } from "../support/effort";
import { urnOf } from "../support/provider";
import { startServer, type TestServer, temporaryBase } from "../support/server";

const STRICT = `<clickhouse><access_control_improvements>
  <select_from_system_db_requires_grant>true</select_from_system_db_requires_grant>
</access_control_improvements></clickhouse>`;
const GIVEN = [{ privilege: "SELECT", level: "shop.*" }];
const NEEDS = neededRights(["shop"], [], [], GIVEN).filter(({ purpose }) => purpose === "access");
/** Needed by working tables and row policies, which are tried elsewhere. */
const TRIED = NEEDS.filter(({ privilege }) => !/ROW POLICY/.test(privilege));

/** What the server or this package says where it does not name the privilege itself. */
const SAID: Readonly<Record<string, string>> = {
  "ROLE ADMIN": "ADMIN option",
  "SHOW ACCESS": "SHOW SETTINGS PROFILES",
};

interface Step {
  readonly kind: ObjectKind;
  readonly name: string;
  readonly args: object;
  readonly changed: object;
  readonly secrets?: Readonly<Record<string, string>>;
}

/** What a program with these kinds does, in order; {n} tells runs apart. */
const STEPS: readonly Step[] = [
  { kind: "settingsProfile", name: "p{n}", args: { settings: { max_threads: 2 } }, changed: { settings: {} } },
  { kind: "role", name: "r{n}", args: { profiles: ["p{n}"] }, changed: { settings: { max_threads: 3 } } },
  {
    kind: "user",
    name: "u{n}",
    args: { auth: { password: true }, grantees: ["r{n}"] },
    changed: { auth: { password: true }, hosts: { ip: ["10.0.0.0/8"] } },
    secrets: { "0": "some-Pa55" },
  },
  { kind: "grants", name: "r{n}", args: { privileges: ["SELECT ON shop.*"] }, changed: { privileges: [] } },
  { kind: "grants", name: "u{n}", args: { roles: ["r{n}"] }, changed: { roles: [] } },
  {
    kind: "quota",
    name: "q{n}",
    args: { limits: { "1 hour": { queries: 9 } }, to: ["r{n}"] },
    changed: { limits: { "1 hour": { queries: 8 } } },
  },
  {
    kind: "namedCollection",
    name: "c{n}",
    args: { values: { format: "TSV" }, secrets: { url: "[HIDDEN]" } },
    changed: { values: { format: "CSV" }, secrets: { url: "[HIDDEN]" } },
    secrets: { url: "http://localhost:1/" },
  },
];

describe("rights for users, roles and the like, on a server of 25.8", function () {
  this.timeout(byEffort({ fast: 120_000, full: 120_000, soak: 600_000 }));
  let dataDir: string;
  let server: TestServer;
  let runs = 0;

  before(async () => {
    dataDir = mkdtempSync(path.join(temporaryBase(), "access-rights-"));
    mkdirSync(path.join(dataDir, "config.d"));
    writeFileSync(path.join(dataDir, "config.d", "strict.xml"), STRICT);
    server = await startServer({ version: "25.8", users: OPEN_USERS, dataDir });
    await byHand(server.url, "CREATE DATABASE shop");
  });

  after(async () => {
    await server?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  /** A user with these rights and no others. */
  const userWith = async (needs: readonly Need[]): Promise<string> => {
    const user = `deployer_${runs++}`;
    await byHand(server.url, `CREATE USER ${user} IDENTIFIED WITH no_password`);
    for (const sql of grantStatements(needs, user)) await byHand(server.url, sql.replace(/;$/, ""));
    return user;
  };
  const asUser = <T>(user: string, work: Parameters<typeof inProcess<T>>[1]): Promise<T> =>
    inProcess(server.url, work, { "clickhouse:username": user });
  /** Creates, reads, changes and drops one of each kind, in processes of their own as the CLI does. */
  const deploy = async (user: string): Promise<void> => {
    const own = <T>(value: T): T => JSON.parse(JSON.stringify(value).replaceAll("{n}", String(runs))) as T;
    const all: { readonly step: Step; outs: Record<string, unknown> }[] = [];
    const done: string[] = [];
    await asUser(user, async (provider) => {
      for (const { kind, name, args, secrets } of own(STEPS)) {
        const { inputs = {}, failures } = await provider.check(kind, {
          ...{ name, args, urn: urnOf(kind, name), dependsOn: done },
          ...(secrets && { secrets }),
        });
        done.push(urnOf(kind, name));
        assert.deepEqual(failures, []);
        const { outs = {} } = await provider.of(kind).create(inputs);
        all.push({ step: own(STEPS)[all.length] as Step, outs });
      }
    });
    await asUser(user, async (provider) => {
      for (const { step, outs } of all)
        assert.equal((await provider.of(step.kind).read(step.name, outs)).inputs, undefined);
    });
    await asUser(user, async (provider) => {
      for (const one of all) {
        const { kind, name, changed, secrets } = one.step;
        const olds = { ...one.outs };
        const { inputs = {}, failures } = await provider.check(kind, {
          ...{ name, args: changed, olds, urn: urnOf(kind, name), dependsOn: done },
          ...(secrets && { secrets }),
        });
        assert.deepEqual(failures, []);
        one.outs = (await provider.of(kind).update(name, one.outs, inputs)).outs ?? {};
      }
    });
    await asUser(user, async (provider) => {
      for (const { step, outs } of [...all].reverse()) await provider.of(step.kind).delete(step.name, outs);
    });
  };
  const lacking = async (user: string): Promise<string[]> => {
    const connection = await openConnection({ url: server.url, username: user });
    try {
      const checks = await checkRights(connection, ["shop"], [], [], GIVEN);
      return (checks.find(({ id }) => id === "rights-access")?.next ?? "")
        .split("\n")
        .filter((line) => /^GRANT/.test(line));
    } finally {
      await connection.close();
    }
  };

  it("that doctor prints are enough to create, read, change and drop each of them", async () => {
    const user = await userWith(NEEDS);
    assert.deepEqual(await lacking(user), []);
    await deploy(user);
  });

  const count = byEffort({ fast: 1, full: 4, soak: TRIED.length });
  for (const need of TRIED.filter((_, index) => index % Math.ceil(TRIED.length / count) === 0)) {
    const text = `${need.privilege} ON ${need.level}${need.option ? " WITH GRANT OPTION" : ""}`;
    it(`are needed: without ${text} something fails, and doctor names it`, async () => {
      const user = await userWith(NEEDS.filter((one) => one !== need));
      const [line = ""] = await lacking(user);
      assert.equal(
        line,
        `GRANT ${need.privilege} ON ${need.level} TO ${user}${need.option ? " WITH GRANT OPTION" : ""};`,
      );
      await assert.rejects(deploy(user), (error: Error) => {
        const named = SAID[need.privilege] ?? (need.level.startsWith("system.") ? need.level : need.privilege);
        assert.match(error.message, new RegExp(named, "i"));
        assert.match(error.message, /grant|privilege|may not/i);
        return true;
      });
    });
  }
});
