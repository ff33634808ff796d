import assert from "node:assert/strict";
import { OPEN_USERS } from "../../provider/src/server/users";
import { askAs } from "../support/access";
import { createProject, type Project } from "../support/pulumi";
import { startServer, type TestServer } from "../support/server";
import { byHand, run } from "./support";

const TABLES = `
const db = new clickhouse.Database("shop");
const orders = new clickhouse.Table("orders", { database: db, columns: { id: "UInt64", card: "String" }, orderBy: "id" });
`;
const PEOPLE = `
const reader = new clickhouse.Role("reader");
const alice = new clickhouse.User("alice", { auth: { none: true }, hosts: "any" });
const bob = new clickhouse.User("bob", { auth: { none: true }, hosts: "any" });
`;
const MAY = `
new clickhouse.Grants("reader", { to: reader, privileges: [sql\`SELECT ON \${orders}\`], except: [sql\`SELECT(card) ON \${orders}\`] });
new clickhouse.Grants("alice", { to: alice, privileges: [], roles: [reader], defaultRoles: [reader] });
new clickhouse.Grant("loads", { to: bob, privileges: [sql\`INSERT ON \${orders}\`] });
new clickhouse.Grant("reads", { to: bob, roles: [reader] });
`;

describe("users, roles and what they may do, in one program with the real CLI", function () {
  this.timeout(300_000);
  let server: TestServer;
  let project: Project;

  before(async () => {
    server = await startServer({ version: "25.8", users: OPEN_USERS });
    project = await createProject({ program: TABLES + PEOPLE + MAY, config: { "clickhouse:url": server.url } });
  });

  after(async () => {
    project?.remove();
    await server?.stop();
  });

  const pulumi = async (...args: string[]): Promise<string> => (await project.must(args)).text;
  const up = (): Promise<string> => pulumi("up", "--yes", "--skip-preview");
  /** What of reading, reading a card and inserting each of the two may do, by doing it. */
  const may = async (): Promise<Record<string, string>> => {
    const tries = {
      id: "SELECT count(id) FROM shop.orders",
      card: "SELECT count(card) FROM shop.orders",
      insert: "INSERT INTO shop.orders VALUES (1, 'x')",
    };
    const found: Record<string, string> = {};
    for (const user of ["alice", "bob"]) {
      const done: string[] = [];
      for (const [name, sql] of Object.entries(tries)) {
        const said = await askAs(server.url, sql, user);
        if (/^Code: /.test(said)) assert.match(said, /ACCESS_DENIED/, said);
        else done.push(name);
      }
      found[user] = done.join(" ");
    }
    return found;
  };

  it("come up in one run, each after whom it is about, and then nothing is left to do", async () => {
    await up();
    assert.deepEqual(await may(), { alice: "id", bob: "id insert" });
    await pulumi("preview", "--expect-no-changes");
    await pulumi("up", "--refresh", "--yes", "--skip-preview", "--expect-no-changes");
  });

  it("are brought back after manual changes of either kind, and what others give beside a Grant stays", async () => {
    await run(
      server.url,
      "GRANT INSERT ON shop.orders TO alice",
      "REVOKE INSERT ON shop.orders FROM bob",
      "GRANT SELECT(card) ON shop.orders TO bob",
    );
    assert.deepEqual(await may(), { alice: "id insert", bob: "id card" });
    await pulumi("up", "--refresh", "--yes", "--skip-preview");
    assert.deepEqual(await may(), { alice: "id", bob: "id card insert" });
    await run(server.url, "REVOKE SELECT(card) ON shop.orders FROM bob");
    await pulumi("preview", "--expect-no-changes");
  });

  it("are adopted by another state without a statement", async () => {
    const other = await createProject({ program: TABLES + PEOPLE + MAY, config: { "clickhouse:url": server.url } });
    try {
      const { text } = await other.must(["up", "--yes", "--skip-preview"]);
      assert.doesNotMatch(text, /GRANT |REVOKE /);
    } finally {
      other.remove();
    }
    assert.deepEqual(await may(), { alice: "id", bob: "id insert" });
  });

  it("go without what they gave, one of two first, and the users stay", async () => {
    project.write(
      TABLES +
        PEOPLE +
        MAY.replace(/new clickhouse\.Grant\("loads".*\n/, "").replace(/new clickhouse\.Grants\("alice".*\n/, ""),
    );
    await up();
    assert.deepEqual(await may(), { alice: "", bob: "id" });
    project.write(TABLES);
    await up();
    const left = await byHand(server.url, (connection) =>
      connection.query(
        "SELECT name FROM system.users WHERE storage != 'users_xml' UNION ALL SELECT name FROM system.roles",
      ),
    );
    assert.deepEqual(left, []);
  });
});
