import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import { askAs, byHand } from "../support/access";
import { createProject, type Outcome, type Project } from "../support/pulumi";
import { startServer, type TestServer, temporaryBase } from "../support/server";

/** A table, and everything about who may read it but the grants. */
function program({ user = "alice", max = "20G", queries = 1000, more = "" } = {}): string {
  return `
const password = new pulumi.Config("e2e").requireSecret("alice");
const db = new clickhouse.Database("shop");
const orders = new clickhouse.Table("orders", { database: db, columns: { id: "UInt64" }, orderBy: "id" });
const small = new clickhouse.SettingsProfile("small", { settings: { max_memory_usage: { value: "10G", max: "${max}" } } });
const reader = new clickhouse.Role("reader", { profiles: [small] });
const alice = new clickhouse.User("alice", {
  name: "${user}", auth: [{ password }, { none: undefined, password: pulumi.interpolate\`\${password}-2\`, method: "doubleSha1" }],
  hosts: { ip: ["127.0.0.1"] }, profiles: [small], grantees: [reader],
});
new clickhouse.Quota("dashboards", { keyedBy: "user", limits: { "1 hour": { queries: ${queries} } }, to: [reader, alice] });
${more}`;
}

describe("users, roles, profiles and quotas beside a table, with the real CLI", function () {
  this.timeout(300_000);
  const SECRETS = ["e2e-first-Pa55", "e2e-second-Pa55"] as const;
  let folder: string;
  let server: TestServer;
  let project: Project;
  const outcomes: string[] = [];
  const keep = (outcome: Outcome): Outcome => {
    outcomes.push(outcome.text);
    return outcome;
  };
  const must = async (...args: string[]): Promise<Outcome> => keep(await project.must(args));
  const setPassword = (password: string) => project.must(["config", "set", "--secret", "e2e:alice", password]);
  const login = (user: string, password: string) => askAs(server.url, "SELECT currentUser()", user, password);

  before(async () => {
    folder = mkdtempSync(path.join(temporaryBase(), "access-"));
    server = await startServer({ version: "25.8", dataDir: folder });
    project = await createProject({ program: program(), config: { "clickhouse:url": server.url } });
    await setPassword(SECRETS[0]);
  });

  after(async () => {
    project?.remove();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it("up makes them, in order, and a second one and a refresh have nothing to do", async () => {
    const plan = path.join(project.dir, "plan.json");
    await must("preview", "--save-plan", plan);
    outcomes.push(readFileSync(plan, "utf8"));
    await must("up", "--yes", "--skip-preview");
    assert.equal(await login("alice", SECRETS[0]), "alice");
    assert.equal(await login("alice", `${SECRETS[0]}-2`), "alice");
    assert.match(
      await askAs(server.url, "SELECT 1 SETTINGS max_memory_usage = '30G'", "alice", SECRETS[0]),
      /^Code: 452/,
    );
    await must("preview", "--expect-no-changes", "--diff");
    await must("refresh", "--yes", "--run-program", "--expect-no-changes");
    await must("up", "--yes", "--expect-no-changes");
  });

  it("another password is one ALTER in the preview, after which the old one is refused", async () => {
    await setPassword(SECRETS[1]);
    const { text } = await must("preview", "--diff");
    assert.match(text, /ALTER USER alice/);
    assert.match(
      text,
      /IDENTIFIED WITH sha256_hash BY '\[HIDDEN\]' SALT '\[HIDDEN\]', double_sha1_hash BY '\[HIDDEN\]'/,
    );
    outcomes.push((await must("preview", "--json")).stdout);
    const plan = path.join(project.dir, "password.json");
    await must("preview", "--save-plan", plan);
    outcomes.push(readFileSync(plan, "utf8"));
    await must("up", "--yes", "--skip-preview", "--plan", plan);
    assert.equal(await login("alice", SECRETS[1]), "alice");
    assert.match(await login("alice", SECRETS[0]), /^Code: 516/);
    await must("preview", "--expect-no-changes");
  });

  it("limits change, the user gets another name, and what names it follows", async () => {
    project.write(program({ user: "alice2", max: "40G", queries: 5 }));
    const { text } = await must("preview", "--diff");
    assert.match(text, /widens-access/);
    assert.match(text, /ALTER USER alice RENAME TO alice2/);
    await must("up", "--yes");
    assert.equal(await login("alice2", SECRETS[1]), "alice2");
    assert.equal(await askAs(server.url, "SELECT 1 SETTINGS max_memory_usage = '30G'", "alice2", SECRETS[1]), "1");
    assert.match(await byHand(server.url, "SHOW CREATE QUOTA dashboards"), /queries = 5 TO alice2, reader$/);
    await must("preview", "--expect-no-changes");
  });

  it("a role that somebody has is not removed, and manual drift is seen and reverted", async () => {
    await byHand(server.url, "CREATE USER outsider", "GRANT reader TO outsider", "ALTER USER alice2 HOST ANY");
    const { text } = await must("refresh", "--yes", "--diff");
    assert.match(text, /HOST LOCAL/);
    await must("up", "--yes");
    assert.match(await byHand(server.url, "SHOW CREATE USER alice2"), /HOST LOCAL/);
    const refused = keep(await project.run(["destroy", "--yes"]));
    assert.notEqual(refused.code, 0);
    assert.match(
      refused.text,
      /reader: this role is not dropped, because these still use it and would silently lose it: user outsider \(has it\)/,
    );
    await byHand(server.url, "DROP USER outsider");
  });

  it("a statement that the server refuses shows no secret either", async () => {
    project.write(
      program({
        user: "alice2",
        max: "40G",
        queries: 5,
        more: `new clickhouse.User("bad", { auth: { sha256Hash: password } });`,
      }),
    );
    const failed = keep(await project.run(["up", "--yes"]));
    assert.notEqual(failed.code, 0);
    assert.match(failed.text, /bad: auth: expected a hash in the form of sha256_password/);
    project.write(program({ user: "alice2", max: "40G", queries: 5 }));
    await must("up", "--yes", "--skip-preview");
  });

  it("neither password nor hash is in outputs, state, plans, or what the server logs and keeps", async () => {
    const state = await project.must(["stack", "export"]);
    const texts = new Map([
      ["the CLI's output", outcomes.join("\n")],
      ["the state", state.stdout],
      [
        "query_log",
        await byHand(server.url, "SYSTEM FLUSH LOGS", "SELECT groupArray((query, exception)) FROM system.query_log"),
      ],
    ]);
    for (const name of [folder, path.join(folder, "access")].flatMap((one) =>
      readdirSync(one).map((file) => path.join(one, file)),
    ))
      if (statSync(name).isFile()) texts.set(name, readFileSync(name, "latin1"));
    const user = JSON.parse(state.stdout).deployment.resources.find(({ urn }: { urn: string }) =>
      urn.endsWith("User::alice"),
    );
    assert.ok(user.inputs.secrets.ciphertext !== undefined, "the verifier is not encrypted in the inputs");
    assert.ok(user.outputs.secrets.ciphertext !== undefined, "the verifier is not encrypted in the outputs");
    assert.equal(user.outputs.statement.split("\n")[1], "IDENTIFIED WITH sha256_password, double_sha1_password");
    const shown = JSON.parse((await project.must(["stack", "export", "--show-secrets"])).stdout);
    // Pulumi itself keeps the stack's config, encrypted, with its own provider.
    const own = shown.deployment.resources.filter(({ type }: { type: string }) => type.includes("clickhouse:"));
    assert.equal(own.length, 6);
    texts.set("the state with its secrets shown", JSON.stringify(own));
    for (const password of SECRETS) {
      const bytes = Buffer.from(password);
      const digest = createHash("sha256").update(password).digest("hex");
      for (const form of [password, bytes.toString("base64").replace(/=+$/, ""), digest, digest.toUpperCase()])
        for (const [where, text] of texts) assert.ok(!text.includes(form), `${form} is in ${where}`);
    }
  });

  it("destroy drops all of them", async () => {
    await must("destroy", "--yes");
    const left = await byHand(server.url, "SELECT count() FROM system.users WHERE storage = 'local_directory'");
    const roles = await byHand(server.url, "SELECT count() FROM system.roles");
    assert.deepEqual([left, roles], ["0", "0"]);
  });
});
