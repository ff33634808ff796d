import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { OPEN_USERS } from "../../provider/src/server/users";
import { createProject, type Project } from "../support/pulumi";
import { startServer, type TestServer } from "../support/server";
import { assertPresentable, byHand, run } from "./support";

const SECRETS = ["hunter2-is-first", "hunter3-is-second"] as const;

const program = (secret: string, url: string, privileges: string, role = "reader"): string => `
const db = new clickhouse.Database("shop");
const orders = new clickhouse.Table("orders", { database: db, columns: { id: "UInt64", card: "String" }, orderBy: "id" });
const web = new clickhouse.NamedCollection("web", {
  values: { format: "TSV" },
  secrets: { url: pulumi.secret("${url}/?query=SELECT+1&user=default&log_comment=${secret}") },
});
const reader = new clickhouse.Role("reader", { name: "${role}" });
new clickhouse.Grants("reader", { to: reader, privileges: ${privileges} });
`;
const [WIDE, NARROW] = ["[sql`SELECT ON ${orders}`, 'dictGet ON shop.*']", "[sql`SELECT(id) ON ${orders}`]"];

describe("grants and named collections, with the real CLI", function () {
  this.timeout(300_000);
  let server: TestServer;
  let project: Project;
  let said = "";

  before(async () => {
    server = await startServer({ version: "25.8", users: OPEN_USERS });
    project = await createProject({
      program: program(SECRETS[0], server.url, WIDE),
      config: { "clickhouse:url": server.url },
    });
    await run(server.url, "CREATE USER alice IDENTIFIED WITH no_password");
  });

  after(async () => {
    project?.remove();
    await server?.stop();
  });

  const pulumi = async (...args: string[]): Promise<string> => {
    const { text } = await project.must(args);
    said += text;
    return text;
  };
  const one = (sql: string): Promise<string> =>
    byHand(server.url, async (connection) => String(Object.values((await connection.query<object>(sql))[0] ?? {})[0]));

  it("come up in order, and a second preview and a refresh find nothing", async () => {
    assert.match(await pulumi("preview", "--diff"), /GRANT SELECT ON shop\.orders TO reader/);
    await pulumi("up", "--yes", "--skip-preview");
    assert.equal(await one("SELECT count() FROM system.grants WHERE role_name = 'reader'"), "2");
    assert.equal(await one("SELECT x FROM url(web, structure = 'x UInt8')"), "1");
    await pulumi("preview", "--expect-no-changes");
    await pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes");
  });

  it("change a secret and rights in place, say who may do less, and follow the new name of a role", async () => {
    project.write(program(SECRETS[1], server.url, NARROW, "readers"));
    const preview = await pulumi("preview", "--diff");
    assert.match(preview, /ALTER NAMED COLLECTION web SET\s+url = '\[HIDDEN\]'/);
    assert.match(preview, /narrows-access/);
    assertPresentable(preview);
    await pulumi("up", "--yes", "--skip-preview");
    assert.match(await one("SHOW GRANTS FOR readers"), /^GRANT SELECT\(id\) ON shop\.orders TO readers$/);
    await pulumi("preview", "--expect-no-changes");
  });

  it("show what was granted manually in a refresh, and the next up takes it back", async () => {
    await run(server.url, "GRANT INSERT ON shop.orders TO readers");
    assert.match(await pulumi("refresh", "--yes", "--skip-preview"), /1 updated/);
    await pulumi("up", "--yes", "--skip-preview");
    assert.match(await one("SHOW GRANTS FOR readers"), /^GRANT SELECT\(id\) ON shop\.orders TO readers$/);
  });

  it("have no secret in any state, output or log, not even a digest of one", async () => {
    await pulumi("stack", "export");
    await pulumi("stack", "export", "--show-secrets");
    await pulumi("preview", "--json");
    const log = await one(
      "SELECT arrayStringConcat(groupArray(query), '\\n') FROM system.query_log WHERE query NOT LIKE '%system.query_log%'",
    );
    assert.match(log, /NAMED COLLECTION web/);
    for (const secret of SECRETS) {
      const value = `${server.url}/?query=SELECT+1&user=default&log_comment=${secret}`;
      const digests = ["hex", "base64"].map((form) =>
        createHash("sha256")
          .update(value)
          .digest(form as "hex"),
      );
      for (const text of [secret, Buffer.from(secret).toString("base64"), ...digests]) {
        assert.ok(!said.includes(text), "in an output or a state");
        assert.ok(!log.includes(text), "in the server's log");
      }
    }
  });

  it("go, and leave the rights of others alone", async () => {
    await run(server.url, "GRANT SELECT ON shop.orders TO alice");
    project.write(
      'const db = new clickhouse.Database("shop");\nconst orders = new clickhouse.Table("orders", { database: db, columns: { id: "UInt64", card: "String" }, orderBy: "id" });',
    );
    await pulumi("up", "--yes", "--skip-preview");
    assert.equal(await one("SELECT count() FROM system.roles"), "0");
    assert.equal(await one("SELECT count() FROM system.named_collections"), "0");
    assert.match(await one("SHOW GRANTS FOR alice"), /GRANT SELECT ON shop\.orders TO alice/);
  });
});
