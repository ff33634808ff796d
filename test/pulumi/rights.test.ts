import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { importServer } from "../../provider/src/cli/import";
import { openConnection } from "../../provider/src/connection/open";
import { neededRights } from "../../provider/src/doctor/needs";
import { findDrift } from "../../provider/src/drift/drift";
import { grantStatements } from "../../provider/src/sql/grants";
import { objectKey } from "../../provider/src/sql/object-key";
import type { ObjectKind } from "../../provider/src/sql/spec";
import { EFFORT } from "../support/effort";
import { TestProvider, urnOf } from "../support/provider";
import { startServer, type TestServer } from "../support/server";

/** What a user may do, as GRANT and REVOKE without TO and FROM; `filters` are row policies by system table. */
interface User {
  readonly name: string;
  readonly rights: readonly string[];
  readonly filters?: Readonly<Record<string, string>>;
}

const NEEDS = neededRights(["shop"], ["MergeTree"]);
const withoutTo = (statement: string): string => statement.replace(/ TO .*$/, "");
/** Most rights have nothing to do with seeing: all of them with effort. */
const LEFT_OUT = EFFORT === "soak" ? NEEDS : NEEDS.filter(({ purpose }) => purpose === "read");
const OBJECTS: readonly { kind: ObjectKind; name: string; args: object }[] = [
  { kind: "database", name: "shop", args: {} },
  { kind: "table", name: "t", args: { columns: { a: "UInt64" }, orderBy: "a" } },
  { kind: "table", name: "u", args: { columns: { a: "UInt64" }, orderBy: "a" } },
  { kind: "view", name: "v", args: { query: "SELECT a FROM shop.t" } },
  { kind: "materializedView", name: "mv", args: { to: "shop.u", query: "SELECT a FROM shop.t" } },
];

/** The doctor's rights, and no other: not even to know that `default` exists. */
const LEAST: User = { name: "least", rights: grantStatements(NEEDS, "x").map(withoutTo) };
const USERS: readonly User[] = [
  ...LEFT_OUT.map((need) => ({
    name: `least_but_${`${need.privilege}_${need.level}`.toLowerCase().replace(/\W+/g, "_")}`,
    rights: grantStatements(
      NEEDS.filter((one) => one !== need),
      "x",
    ).map(withoutTo),
  })),
  ...["SHOW TABLES ON shop.t", "SELECT ON shop.mv", "ALL ON shop.t", "ALL ON shop.mv", "ALL ON shop.v"].map(
    (right) => ({
      name: `all_but_${right.toLowerCase().replace(/\W+/g, "_")}`,
      rights: ["GRANT ALL ON *.*", `REVOKE ${right}`],
    }),
  ),
  { name: "all_but_shop", rights: ["GRANT ALL ON *.*", "REVOKE ALL ON shop.*"] },
  { name: "nothing", rights: ["GRANT SELECT ON other.x"] },
  { name: "databases_only", rights: ["GRANT SELECT ON system.*", "GRANT CREATE DATABASE ON *.*"] },
  { name: "columns_of_one", rights: ["GRANT SELECT(a), INSERT ON shop.t"] },
  { name: "filtered_table", rights: ["GRANT ALL ON *.*"], filters: { tables: "name != 't'" } },
  { name: "filtered_tables", rights: ["GRANT ALL ON *.*"], filters: { tables: "0" } },
  { name: "filtered_database", rights: ["GRANT ALL ON *.*"], filters: { databases: "name != 'shop'" } },
];

function usersXml(): string {
  const user = ({ name, rights, filters = {} }: User): string => {
    const tables = Object.entries(filters).map(([table, filter]) => `<${table}><filter>${filter}</filter></${table}>`);
    const policies = tables.length === 0 ? "" : `<databases><system>${tables.join("")}</system></databases>`;
    const grants = rights.map((right) => `<query>${right}</query>`).join("");
    return `<${name}><password></password><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota>${policies}<grants>${grants}</grants></${name}>`;
  };
  const admin = { name: "default", rights: ["GRANT ALL ON *.*"] };
  return `<clickhouse><profiles><default/></profiles><quotas><default/></quotas><users>${[admin, LEAST, ...USERS].map(user).join("")}</users></clickhouse>`;
}

type Outs = Record<string, unknown>;
const labelOf = (name: string): string => (name === "shop" ? "shop" : `shop.${name}`);

describe("a user who lacks a right", function () {
  this.timeout(300_000);
  let server: TestServer;
  const states = new Map<string, { id: string; outs: Outs }>();
  const request = ({ kind, name, args }: (typeof OBJECTS)[number], olds: Outs = {}, more: object = {}) => ({
    name,
    ...(kind !== "database" && { database: "shop" }),
    args: { ...args, ...more },
    olds,
    dependsOn: OBJECTS.map((one) => urnOf(one.kind, one.name, one.kind === "database" ? "" : "shop")),
  });
  const as = async (username: string, work: (provider: TestProvider) => Promise<void>): Promise<void> => {
    const provider = new TestProvider({ "clickhouse:url": server.url, "clickhouse:username": username });
    await work(provider).finally(() => provider.close());
  };

  before(async () => {
    server = await startServer({ users: usersXml() });
    await as("default", async (provider) => {
      for (const object of OBJECTS) {
        const { inputs = {}, failures } = await provider.check(object.kind, request(object));
        assert.deepEqual(failures, []);
        const { id, outs } = await provider.of(object.kind).create({ ...inputs, __provider: "text" });
        states.set(object.name, { id, outs: { ...outs, __fingerprint: inputs["__fingerprint"] } });
      }
    });
  });

  after(() => server?.stop());

  const stateOf = (name: string) => states.get(name) as { id: string; outs: Outs };

  it("lacks none with the doctor's rights: each object is seen, adopted and previewed", () =>
    as(LEAST.name, async (provider) => {
      for (const object of OBJECTS) {
        const { id, outs } = stateOf(object.name);
        assert.equal((await provider.of(object.kind).read(id, outs)).id, id);
        assert.deepEqual((await provider.check(object.kind, request(object))).failures, []);
      }
    }));

  for (const user of USERS) {
    it(`${user.name}: no object leaves the state, is planned to be created, or is called gone`, async () => {
      await as(user.name, async (provider) => {
        for (const { kind, name } of OBJECTS) {
          const { id, outs } = stateOf(name);
          const read = await provider.of(kind).read(id, outs).catch(refusalOf);
          assert.ok(typeof read === "string" || read.id === id, `refresh takes ${name} out of the state`);
          if (typeof read === "string") assert.match(read, /GRANT SHOW|SHOW ROW POLICIES|lacks|Not enough privileges/);
        }
      });
      await as(user.name, async (provider) => {
        for (const object of OBJECTS) {
          const before = provider.messages.length;
          const { failures } = await provider.check(object.kind, request(object));
          const adopts = provider.messages.slice(before).some((message) => message.includes("will be adopted"));
          assert.ok(failures.length > 0 || adopts, `preview plans to create ${object.name}, which exists`);
        }
      });
      await as(user.name, async (provider) => {
        for (const object of OBJECTS) {
          const { failures } = await provider.check(
            object.kind,
            request(object, stateOf(object.name).outs, { comment: "new" }),
          );
          assert.doesNotMatch(failures.join("\n"), /gone from the server|neither declared before it nor on the server/);
        }
      });
      await drifts(user.name);
      await imports(user.name);
    });

    it(`${user.name}: destroy forgets nothing that it cannot see`, () =>
      as(user.name, async (provider) => {
        for (const { kind, name } of [...OBJECTS].reverse()) {
          const { id, outs } = stateOf(name);
          const isSeen = await provider
            .of(kind)
            .read(id, outs)
            .then(
              () => true,
              () => false,
            );
          // What it sees it may drop; another test has that.
          if (!isSeen) await assert.rejects(provider.of(kind).delete(id, outs), `${labelOf(name)} is forgotten`);
        }
      }));
  }

  async function drifts(username: string): Promise<void> {
    const connection = await openConnection({ url: server.url, username });
    try {
      const objects = OBJECTS.map(({ kind, name }) => ({
        urn: urnOf(kind, name),
        kind,
        provider: "default",
        key: kind === "database" ? objectKey(name) : objectKey("shop", name),
        statement: String(stateOf(name).outs["statement"]),
        secret: false,
        observed: String(stateOf(name).outs["__observed"]),
      }));
      const found = await findDrift(connection, objects);
      assert.deepEqual(
        found.objects.filter(({ status }) => status !== "in-sync" && status !== "not-compared"),
        [],
      );
    } finally {
      await connection.close();
    }
  }

  /** The program has everything, or there is none. */
  async function imports(user: string): Promise<void> {
    const out = mkdtempSync(path.join(tmpdir(), "rights-"));
    let said = "";
    const keep = (text: string): void => {
      said += text;
    };
    try {
      const code = await importServer({ url: server.url, user, out, database: ["shop"] }, { out: keep, error: keep });
      if (code === 0) assert.match(said, /Wrote 5 resources/);
      else assert.match(said, /GRANT SHOW|SHOW ROW POLICIES|Row policies filter|Not enough privileges/);
    } finally {
      rmSync(out, { recursive: true });
    }
  }
});

function refusalOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
