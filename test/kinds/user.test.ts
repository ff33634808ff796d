import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { askAs, byHand, inProcess } from "../support/access";
import type { CheckRequest } from "../support/provider";
import { sleep, startServer, type TestServer, temporaryBase } from "../support/server";

type Outs = Record<string, unknown>;

const login = (url: string, user: string, password: string) => askAs(url, "SELECT currentUser()", user, password);
const request = (name: string, password: string, more: object = {}): CheckRequest => ({
  name,
  args: { auth: { password: true }, ...more },
  secrets: { "0": password },
});

describe("users, on a server of 25.8", function () {
  this.timeout(180_000);
  let server: TestServer;
  let folder: string;
  const said: string[] = [];

  before(async () => {
    folder = mkdtempSync(path.join(temporaryBase(), "users-"));
    server = await startServer({ version: "25.8", dataDir: folder });
  });

  after(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Whatever leaves the provider is kept, to be searched for secrets. */
  const keeping = <T>(work: Parameters<typeof inProcess<T>>[1]): Promise<T> =>
    inProcess(server.url, async (provider) => {
      const done = await work(provider);
      said.push(...provider.messages, JSON.stringify(done) ?? "");
      return done;
    });
  const create = (given: CheckRequest): Promise<Outs> =>
    keeping(async (provider) => {
      const { inputs = {}, failures } = await provider.check("user", given);
      assert.deepEqual(failures, []);
      return (await provider.of("user").create(inputs)).outs ?? {};
    });
  const change = (olds: Outs, given: CheckRequest): Promise<{ plan: string; outs: Outs }> =>
    keeping(async (provider) => {
      const { inputs = {}, failures } = await provider.check("user", { ...given, olds });
      assert.deepEqual(failures, []);
      assert.equal((await provider.of("user").diff("", olds, inputs)).changes !== false, true, "nothing would be run");
      const { outs = {} } = await provider.of("user").update(String(olds["qualifiedName"]), olds, inputs);
      return { plan: String(inputs["plan"]), outs };
    });
  const failures = (given: CheckRequest): Promise<string> =>
    keeping(async (provider) => (await provider.check("user", given)).failures.join("\n"));
  const planOf = (olds: Outs, given: CheckRequest): Promise<unknown> =>
    keeping(async (provider) => (await provider.check("user", { ...given, olds })).inputs?.["plan"]);

  it("logs in with its password and no other, and a new password is one ALTER that keeps rights and UUID", async () => {
    const outs = await create(request("alice", "first-Pw'1", { hosts: { ip: ["127.0.0.1"] } }));
    assert.equal(outs["statement"], "CREATE USER alice\nIDENTIFIED WITH sha256_password\nHOST LOCAL");
    await byHand(server.url, "CREATE ROLE reader", "GRANT reader TO alice");
    const id = () => byHand(server.url, "SELECT id FROM system.users WHERE name = 'alice'");
    const before = await id();
    assert.equal(await login(server.url, "alice", "first-Pw'1"), "alice");
    assert.match(await login(server.url, "alice", "other"), /^Code: 516/);
    assert.equal(await planOf(outs, request("alice", "first-Pw'1", { hosts: { ip: ["127.0.0.1"] } })), undefined);
    const { plan, outs: now } = await change(outs, request("alice", "second-Pw", { hosts: { ip: ["127.0.0.1"] } }));
    assert.match(plan, /^ALTER USER alice\nIDENTIFIED WITH sha256_hash BY '\[HIDDEN\]' SALT '\[HIDDEN\]';/);
    assert.match(plan, /breaks-reader: clients that log in with the old password are refused/);
    assert.equal(await login(server.url, "alice", "second-Pw"), "alice");
    assert.match(await login(server.url, "alice", "first-Pw'1"), /^Code: 516/);
    assert.equal(await id(), before);
    assert.equal(await byHand(server.url, "SHOW GRANTS FOR alice"), "GRANT reader TO alice");
    assert.equal(await planOf(now, request("alice", "second-Pw", { hosts: { ip: ["127.0.0.1"] } })), undefined);
  });

  it("gets another name, password and place in one statement, and keeps what it was granted", async () => {
    const outs = await create(request("bob", "bobs-old-Pw"));
    await byHand(server.url, "GRANT SELECT ON system.one TO bob");
    const { plan } = await change(outs, request("robert", "bobs-new-Pw", { hosts: { names: ["localhost"] } }));
    assert.match(
      plan,
      /^ALTER USER bob\nRENAME TO robert\nIDENTIFIED WITH sha256_hash BY '\[HIDDEN\]' SALT '\[HIDDEN\]'\nHOST LOCAL;/,
    );
    assert.equal(await askAs(server.url, "SELECT count() FROM system.one", "robert", "bobs-new-Pw"), "1");
    assert.match(await login(server.url, "bob", "bobs-new-Pw"), /^Code: 516/);
  });

  it("a host that is taken away is refused, and the hazard says whom it keeps out", async () => {
    const outs = await create(request("far", "far-away-Pw"));
    assert.equal(await login(server.url, "far", "far-away-Pw"), "far");
    const { plan } = await change(outs, request("far", "far-away-Pw", { hosts: { ip: ["10.0.0.0/8"] } }));
    assert.match(
      plan,
      /^ALTER USER far\nHOST IP '10\.0\.0\.0\/8';\n-- narrows-access: it can no longer log in from ANY/,
    );
    assert.match(await login(server.url, "far", "far-away-Pw"), /^Code: 516/);
  });

  it("several ways to log in: each works, and one of them can go", async () => {
    const auth = [
      { password: true },
      { password: true, method: "doubleSha1", validUntil: "2001-01-01" },
      { doubleSha1Hash: true },
    ];
    const sha1 = (text: string | Buffer) => createHash("sha1").update(text).digest();
    const hash = sha1(sha1("hashed-by-me")).toString("hex");
    const secrets = { "0": "one-of-three", "1": "expired-one", "2 hash": hash };
    const outs = await create({ name: "many", args: { auth }, secrets });
    assert.equal(await login(server.url, "many", "one-of-three"), "many");
    assert.equal(await login(server.url, "many", "hashed-by-me"), "many");
    assert.match(await login(server.url, "many", "expired-one"), /^Code: 516/);
    await change(outs, { name: "many", args: { auth: auth[2] }, secrets: { "0 hash": hash } });
    assert.match(await login(server.url, "many", "one-of-three"), /^Code: 516/);
    assert.equal(await login(server.url, "many", "hashed-by-me"), "many");
  });

  it("one that exists is adopted with its rights, and its password set, which is reported; unmanaged, nothing is touched", async () => {
    await byHand(
      server.url,
      "CREATE USER there IDENTIFIED WITH sha256_password BY 'set-by-hand'",
      "GRANT SELECT ON system.one TO there",
    );
    const kept = await create({ name: "there", args: { auth: "unmanaged" } });
    assert.equal(kept["statement"], "CREATE USER there");
    assert.equal(await login(server.url, "there", "set-by-hand"), "there");
    const plan = await planOf({}, request("there", "set-by-stack"));
    assert.match(String(plan), /^ALTER USER there\nIDENTIFIED WITH/);
    await create(request("there", "set-by-stack"));
    assert.ok(said.some((text) => text.includes("its values, which the server does not show, are set by the plan")));
    assert.equal(await askAs(server.url, "SELECT count() FROM system.one", "there", "set-by-stack"), "1");
    assert.match(
      await failures({ name: "nobody_yet", args: { auth: "unmanaged" } }),
      /auth is "unmanaged", and there is no such user/,
    );
  });

  it("a missing grantee or profile is refused at preview; one that goes in between leaves no open user behind", async () => {
    assert.match(
      await failures(request("half", "half-a-Pw", { grantees: ["nobody_there"] })),
      /half: names nobody_there \(user or role\), which is neither declared/,
    );
    assert.match(
      await failures(request("half", "half-a-Pw", { profiles: ["no_profile"] })),
      /names no_profile \(settings profile\)/,
    );
    await byHand(server.url, "CREATE ROLE short_lived");
    await keeping(async (provider) => {
      const { inputs = {} } = await provider.check("user", request("half", "half-a-Pw", { grantees: ["short_lived"] }));
      await byHand(server.url, "DROP ROLE short_lived");
      await assert.rejects(provider.of("user").create(inputs), /short_lived/);
    });
    assert.equal(await byHand(server.url, "SELECT count() FROM system.users WHERE name = 'half'"), "0");
  });

  it("one of users.xml is told apart, also one that appears over a managed user, with the way out", async () => {
    assert.match(
      await failures(request("default", "new-Pw-1")),
      /default: a user of this name is defined in the server's configuration \(users_xml\)/,
    );
    const outs = await create(request("later", "later-Pw-1"));
    const file = path.join(folder, "users.xml");
    const users = readFileSync(file, "utf8");
    writeFileSync(
      file,
      users.replace("<users>", "<users><later><password>x</password><networks><ip>::/0</ip></networks></later>"),
    );
    // It is read again by itself; after SYSTEM RELOAD USERS, a server forgets at its next restart what is created from then on.
    await until(async () => (await login(server.url, "later", "x")) === "later");
    const message = await failures({ ...request("later", "later-Pw-2"), olds: outs });
    assert.match(
      message,
      /later: a user of this name is defined in the server's configuration \(users_xml\).*DROP USER later FROM local_directory/s,
    );
    await byHand(server.url, "DROP USER later FROM local_directory");
    writeFileSync(file, users);
  });

  it("is not dropped while a view runs with its rights, or something names it", async () => {
    const outs = await create(request("definer", "definer-Pw"));
    await byHand(
      server.url,
      "CREATE VIEW default.runs DEFINER = definer SQL SECURITY DEFINER AS SELECT 1 AS a",
      "CREATE QUOTA of_definer TO definer",
    );
    const drop = () =>
      inProcess(server.url, (provider) => provider.of("user").delete("definer", outs)).then(
        () => "dropped",
        (error: Error) => error.message,
      );
    assert.match(
      await drop(),
      /this user is not dropped.*quota of_definer \(applies to it\), view default\.runs \(runs with its rights\)/,
    );
    await byHand(server.url, "DROP VIEW default.runs", "DROP QUOTA of_definer");
    assert.equal(await drop(), "dropped");
    assert.match(await login(server.url, "definer", "definer-Pw"), /^Code: 516/);
  });

  it("what older servers lose is refused at preview: LIKE beside REGEXP", async () => {
    const hosts = { like: ["%.a.example"], regexp: ["b.*"] };
    assert.match(
      await failures(request("both", "both-Pw-1", { hosts })),
      /cannot run this: LIKE beside REGEXP in the hosts of one user/,
    );
  });

  it("wrong secrets are refused without being quoted", async () => {
    const hash = {
      name: "wrong",
      args: { auth: { sha256Hash: true } },
      secrets: { "0 hash": "not-a-hash-Pw" },
    };
    assert.match(
      await failures(hash),
      /wrong: auth: expected a hash in the form of sha256_password, found something else/,
    );
    assert.match(await failures(request("wrong", "")), /auth\.password: is empty; anybody could log in/);
    assert.match(
      await failures({ name: "wrong", args: { auth: { password: true } } }),
      /its password or hash is missing/,
    );
    assert.match(
      await failures({
        name: "wrong",
        args: { sql: "CREATE USER wrong IDENTIFIED WITH sha256_password BY 'in-the-sql'" },
      }),
      /Found BY: a password or hash in SQL would be in the state/,
    );
  });

  it("a restart keeps everything: passwords, limits, hosts; the second plan is empty", async () => {
    const more = { settings: { max_threads: { value: 2, max: 4 } }, hosts: { ip: ["127.0.0.1", "10.0.0.0/8"] } };
    const outs = await create(request("lasting", "lasting-Pw", more));
    assert.equal(await login(server.url, "lasting", "lasting-Pw"), "lasting");
    await server.restart();
    const read = await inProcess(server.url, (provider) => provider.of("user").read("lasting", outs));
    assert.deepEqual([read.inputs, read.id], [undefined, "lasting"]);
    assert.equal(await planOf(outs, request("lasting", "lasting-Pw", more)), undefined);
    assert.equal(await login(server.url, "lasting", "lasting-Pw"), "lasting");
    assert.match(await askAs(server.url, "SELECT 1 SETTINGS max_threads = 5", "lasting", "lasting-Pw"), /^Code: 452/);
  });

  it("no password is anywhere: not in what the provider says and stores, nor in the server's query_log, logs and access folder", async () => {
    await byHand(server.url, "SYSTEM FLUSH LOGS");
    const logged = await byHand(
      server.url,
      "SELECT groupArray((query, formatted_query, exception)) FROM system.query_log",
    );
    const texts = new Map([
      ["the provider", said.join("\n")],
      ["query_log", logged],
    ]);
    for (const file of files(folder)) texts.set(file, readFileSync(file, "latin1"));
    assert.ok(
      [...texts.keys()].some((name) => name.includes("/access/")),
      "the access folder was not searched",
    );
    assert.match(logged, /CREATE USER alice/);
    const passwords = [
      "first-Pw'1",
      "second-Pw",
      "bobs-old-Pw",
      "bobs-new-Pw",
      "far-away-Pw",
      "one-of-three",
      "set-by-stack",
      "half-a-Pw",
      "lasting-Pw",
      "not-a-hash-Pw",
    ];
    for (const password of passwords) {
      const sha256 = createHash("sha256").update(password).digest("hex");
      const forms = [
        password,
        password.replace("'", "\\'"),
        Buffer.from(password).toString("base64").replace(/=+$/, ""),
        sha256,
        sha256.toUpperCase(),
      ];
      for (const [where, text] of texts)
        for (const form of forms) assert.ok(!text.includes(form), `${form} is in ${where}`);
    }
    // Salted hashes are in the server's own storage, and nowhere else.
    const hashes = [
      ...[...texts]
        .filter(([name]) => name.includes("/access/"))
        .flatMap(([, text]) => text.match(/[0-9A-F]{64}/g) ?? []),
    ];
    assert.ok(hashes.length > 0);
    for (const hash of hashes)
      for (const [where, text] of texts)
        if (!where.includes("/access/"))
          assert.ok(!text.toUpperCase().includes(hash), `the hash ${hash} is in ${where}`);
  });
});

describe("users, on a server of 24.8", function () {
  this.timeout(60_000);
  let server: TestServer;

  before(async () => {
    server = await startServer({ version: "24.8" });
  });

  after(() => server?.stop());

  it("one way to log in works, several are refused at preview", async () => {
    await inProcess(server.url, async (provider) => {
      const { inputs = {}, failures } = await provider.check("user", request("old", "old-Pw-1"));
      assert.deepEqual(failures, []);
      await provider.of("user").create(inputs);
    });
    assert.equal(await login(server.url, "old", "old-Pw-1"), "old");
    await inProcess(server.url, async (provider) => {
      const args = { auth: [{ password: true }, { kerberos: {} }] };
      const { failures } = await provider.check("user", {
        name: "two",
        args,
        secrets: { "0": "old-Pw-2" },
      });
      assert.match(
        failures.join("\n"),
        /cannot run this: a user with several ways to log in came with ClickHouse 24\.9/,
      );
    });
  });
});

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await isSo())) {
    assert.ok(Date.now() < deadline, "it did not become so within 20 s");
    await sleep(200);
  }
}

/** Logs, configuration and the access folder; tables of the server are asked by query. */
function files(folder: string): string[] {
  const access = path.join(folder, "access");
  const all = [folder, access].flatMap((one) => readdirSync(one).map((name) => path.join(one, name)));
  return all.filter((name) => statSync(name).isFile());
}
