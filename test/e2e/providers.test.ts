import assert from "node:assert/strict";
import { createProject, type Project, type State } from "../support/pulumi";
import { startServer, type TestServer, WRITER } from "../support/server";
import { assertPresentable, namesIn } from "./support";

/** Two servers in one stack, and a component that hands its provider on. */
const PROGRAM = `
const config = new pulumi.Config("e2e");
class Tables extends pulumi.ComponentResource {
  constructor(name, provider, tables) {
    super("e2e:index:Tables", name, {}, { providers: [provider] });
    const db = new clickhouse.Database(name + "-db", { name: "d" }, { parent: this });
    for (const table of tables)
      new clickhouse.Table(name + "-" + table, { database: db, name: table, columns: { a: "UInt64" }, orderBy: "a" }, { parent: this });
  }
}
const login = { username: "writer", password: config.requireSecret("password") };
new Tables("eu", new clickhouse.Provider("eu", { url: config.require("eu"), ...login }), ["t_eu", "both"]);
const us = new clickhouse.Provider("us-west", { url: config.require("us"), ...login });
new Tables("us", us, ["t_us", "both"]);
`;

describe("two servers in one stack, with the real CLI", function () {
  this.timeout(180_000);
  let eu: TestServer;
  let us: TestServer;
  let project: Project;
  const setPassword = (value: string) => project.must(["config", "set", "--secret", "e2e:password", value]);

  before(async () => {
    [eu, us] = await Promise.all([startServer(), startServer()]);
    project = await createProject({ program: PROGRAM, config: { "e2e:eu": eu.url, "e2e:us": us.url } });
    await setPassword(WRITER.password);
  });

  after(async () => {
    project?.remove();
    await Promise.all([eu?.stop(), us?.stop()]);
  });

  it("get each its own tables, whatever CLICKHOUSE_URL says", async () => {
    const elsewhere = { CLICKHOUSE_URL: "http://127.0.0.1:1", CLICKHOUSE_PASSWORD: "not this one" };
    await project.must(["up", "--yes", "--skip-preview"], elsewhere);
    assert.deepEqual(await namesIn(eu.url, "d"), ["both", "t_eu"]);
    assert.deepEqual(await namesIn(us.url, "d"), ["both", "t_us"]);
    await project.must(["preview", "--expect-no-changes"], elsewhere);
  });

  it("keep the password encrypted in the provider resource, and nowhere else", async () => {
    const state = await project.state();
    assert.ok(!JSON.stringify(state).includes(WRITER.password));
    const holders = encrypted(state);
    assert.deepEqual(holders, ["pulumi:providers:pulumi-nodejs", "pulumi:providers:pulumi-nodejs"]);
  });

  it("change no table when the password changes, and use the new one, or the one in CLICKHOUSE_<NAME>_PASSWORD", async () => {
    await setPassword("wr0ng-Pa55");
    const named = await project.run(["preview"]);
    assert.notEqual(named.code, 0);
    assert.match(named.text, /the server refused user `writer`/);
    const unasked = { CLICKHOUSE_EU_UNREACHABLE: "warn", CLICKHOUSE_US_WEST_UNREACHABLE: "warn" };
    const preview = await project.must(["preview", "--diff"], unasked);
    assert.match(preview.text, /2 to update/);
    assert.doesNotMatch(preview.text, /[~+-] pulumi-nodejs:dynamic/);
    await project.must(["up", "--yes", "--skip-preview"], unasked);

    const refused = await project.run(["refresh", "--yes", "--skip-preview"]);
    assert.notEqual(refused.code, 0);
    for (const { url } of [eu, us]) assert.ok(refused.text.includes(`${url}: the server refused user \`writer\``));
    assert.ok(!refused.text.includes("wr0ng-Pa55"));
    assertPresentable(refused.text);

    const right = { CLICKHOUSE_EU_PASSWORD: WRITER.password, CLICKHOUSE_US_WEST_PASSWORD: WRITER.password };
    const refreshed = await project.must(["refresh", "--yes", "--skip-preview", "--expect-no-changes"], right);
    assertPresentable(refreshed.text);
    await project.must(["destroy", "--yes", "--skip-preview"], right);
    assert.deepEqual([...(await namesIn(eu.url, "d")), ...(await namesIn(us.url, "d"))], []);
  });
});

/** Types of the resources that hold an encrypted value. */
function encrypted({ deployment }: State): string[] {
  const holders = (deployment.resources ?? []).filter((resource) => JSON.stringify(resource).includes('"ciphertext"'));
  return holders.map(({ type }) => type);
}
