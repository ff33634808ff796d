/** Row policies with the real CLI: at no moment somebody sees rows that are hidden from them. */
import assert from "node:assert/strict";
import { OPEN_USERS } from "../../provider/src/server/users";
import { askAs, byHand } from "../support/access";
import { createProject, type Project } from "../support/pulumi";
import { sleep, startServer, type TestServer } from "../support/server";

const program = (table: string, using: string, more = ""): string => `
const db = new clickhouse.Database("shop");
const orders = new clickhouse.Table("orders", { name: "${table}", database: db, columns: { id: "UInt64", tenant: "String" }, orderBy: "id" });
const reader = new clickhouse.Role("reader");
const tenants = new clickhouse.RowPolicy("tenants", { on: orders, using: "${using}", to: [reader, "alice"] });
new clickhouse.Grants("reader", { to: reader, privileges: ["SELECT ON shop.*"], roles: [] }, { dependsOn: tenants });
${more}`;

describe("row policies, with the real CLI", function () {
  this.timeout(300_000);
  let server: TestServer;
  let project: Project;

  before(async () => {
    server = await startServer({ version: "25.8", users: OPEN_USERS });
    await byHand(server.url, "CREATE USER alice IDENTIFIED WITH no_password", "GRANT SELECT ON shop.* TO alice");
    project = await createProject({
      program: program("orders", "tenant = 'a'"),
      config: { "clickhouse:url": server.url },
    });
  });

  after(async () => {
    project?.remove();
    await server?.stop();
  });

  /** What alice reads of the tables while something runs: the tenants whose rows she saw, and how often she looked. */
  const readingDuring = async <T>(tables: readonly string[], work: () => Promise<T>) => {
    let isOver = false;
    const [seen, counts] = [new Set<string>(), { reads: 0 }];
    const reads = Promise.all(
      tables.map(async (table) => {
        while (!isOver) {
          const text = await askAs(server.url, `SELECT DISTINCT tenant FROM shop.${table}`, "alice");
          counts.reads++;
          if (!text.startsWith("Code:")) for (const tenant of text.split("\n").filter(Boolean)) seen.add(tenant);
          await sleep(2);
        }
      }),
    );
    const result = await work().finally(() => {
      isOver = true;
    });
    await reads;
    return { result, seen: [...seen].sort(), ...counts };
  };
  const asAlice = (table: string) => askAs(server.url, `SELECT groupArray(tenant) FROM shop.${table}`, "alice");

  it("come up before the rights, filter, and after a restart of the server there is nothing to do", async () => {
    const { text } = await project.must(["preview", "--diff"]);
    assert.match(text, /CREATE ROW POLICY tenants ON shop\.orders/);
    await project.must(["up", "--yes", "--skip-preview"]);
    await byHand(server.url, "INSERT INTO shop.orders VALUES (1, 'a'), (2, 'b')");
    assert.equal(await asAlice("orders"), "['a']");
    await server.restart();
    await project.must(["preview", "--expect-no-changes"]);
    assert.equal(await asAlice("orders"), "['a']");
  });

  it("a condition over a column that does not exist fails the preview", async () => {
    project.write(program("orders", "tennant = 'a'"));
    const failed = await project.run(["preview"]);
    assert.notEqual(failed.code, 0);
    assert.match(failed.text, /tenants ON shop\.orders[\s\S]*tennant/);
  });

  it("follow their table to another name, and nobody sees more for a moment", async () => {
    project.write(program("orders2", "tenant = 'a'"));
    const { seen, reads } = await readingDuring(["orders", "orders2"], () => project.must(["up", "--yes"]));
    assert.deepEqual(seen, ["a"]);
    assert.ok(reads > 20, String(reads));
    const left = await byHand(server.url, "SELECT groupArray(name) FROM system.row_policies");
    assert.equal(left, "['tenants ON shop.orders2']");
    await project.must(["preview", "--expect-no-changes"]);
  });

  it("a policy that is dropped alone, or changed manually, is seen by a refresh and made again", async () => {
    await byHand(server.url, "ALTER ROW POLICY tenants ON shop.orders2 USING 1");
    assert.match((await project.must(["refresh", "--yes", "--diff"])).text, /USING 1/);
    await project.must(["up", "--yes"]);
    assert.equal(await asAlice("orders2"), "['a']");
  });

  it("a destroy that must not drop the rows leaves the policy, and one that may shows nobody more on the way", async () => {
    const refused = await readingDuring(["orders2"], () => project.run(["destroy", "--yes"]));
    assert.notEqual(refused.result.code, 0);
    assert.match(
      refused.result.text,
      /tenants ON shop\.orders2: not dropped, because shop\.orders2, whose rows it hides, holds rows/,
    );
    assert.deepEqual(refused.seen, ["a"]);
    assert.equal(await asAlice("orders2"), "['a']");
    const { seen, reads } = await readingDuring(["orders2"], () =>
      project.must(["destroy", "--yes"], { CLICKHOUSE_ALLOW_DROP: "true" }),
    );
    assert.deepEqual(seen, ["a"]);
    assert.ok(reads > 20, String(reads));
    const left = await byHand(
      server.url,
      "SELECT (SELECT count() FROM system.row_policies), (SELECT count() FROM system.databases WHERE name = 'shop'), (SELECT count() FROM system.roles)",
    );
    assert.equal(left, "0\t0\t0");
  });
});
