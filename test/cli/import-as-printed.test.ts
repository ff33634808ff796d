import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { ensurePulumi } from "../../tools/pulumi-cli";
import { identities, run } from "../e2e/support";
import { startServer, type TestServer } from "../support/server";

const ROOT = path.resolve(__dirname, "../..");
const BIN = path.join(ROOT, "provider/bin/clickhouse-schema.js");

/** Every way in which an object holds a secret, and objects that read those. */
const WITH_SECRETS = [
  "CREATE DATABASE vault",
  "CREATE TABLE vault.bucket (a UInt8, b String) ENGINE = S3('https://bucket.s3.amazonaws.com/key', 'AKIA', 'S3-Pa55', 'CSV')",
  "CREATE TABLE vault.customers (id UInt64, name String) ENGINE = PostgreSQL('pg.internal:5432', 'crm', 'customers', 'reader', 'PG-Pa55')",
  "CREATE TABLE vault.orders (id UInt64, name String) ENGINE = MySQL('my.internal:3306', 'crm', 'orders', 'reader', 'MY-Pa55')",
  "CREATE TABLE vault.cache (k String, v String) ENGINE = Redis('redis.internal:6379', 0, 'REDIS-Pa55') PRIMARY KEY k",
  `CREATE TABLE vault.queue (x String) ENGINE = Kafka SETTINGS kafka_broker_list = 'kafka.internal:9092', kafka_topic_list = 't',
     kafka_group_name = 'g', kafka_format = 'JSONEachRow', kafka_sasl_password = 'KAFKA-Pa55'`,
  "CREATE TABLE vault.stored (id UInt64, name String) ENGINE = MergeTree ORDER BY id",
  "CREATE VIEW vault.known AS SELECT id, name FROM vault.customers WHERE id > 3",
  "CREATE MATERIALIZED VIEW vault.stored_mv TO vault.stored AS SELECT id, concat(name, '!') AS name FROM vault.orders",
];

const PLAIN = [
  "CREATE DATABASE plain COMMENT 'no secret in it'",
  "CREATE TABLE plain.events (at DateTime, kind LowCardinality(String), n UInt32 DEFAULT 1) ENGINE = MergeTree ORDER BY (kind, at)",
  "CREATE TABLE plain.daily (day Date, kind String, n UInt64) ENGINE = SummingMergeTree ORDER BY (kind, day)",
  "CREATE MATERIALIZED VIEW plain.daily_mv TO plain.daily AS SELECT toDate(at) AS day, kind, sum(n) AS n FROM plain.events GROUP BY day, kind",
];

/** Stands in for `npm install` without a network: links what the project's own package.json names, and nothing else. */
const NPM = `#!${process.execPath}
const { mkdirSync, readFileSync, symlinkSync } = require("node:fs");
const { dirname, join } = require("node:path");
if (process.argv.slice(2).join(" ") !== "install") throw new Error("not known here: npm " + process.argv.slice(2));
const { dependencies, devDependencies } = JSON.parse(readFileSync("package.json", "utf8"));
for (const name of Object.keys({ ...dependencies, ...devDependencies })) {
  mkdirSync(dirname(join("node_modules", name)), { recursive: true });
  symlinkSync(join(${JSON.stringify(ROOT)}, "node_modules", name), join("node_modules", name));
}
`;

/** Whoever has never run Pulumi on this machine, and keeps the state in a folder. */
class Newcomer {
  readonly home = mkdtempSync(path.join(tmpdir(), "clickhouse-schema-newcomer-"));
  private env: NodeJS.ProcessEnv = {};
  private folder = this.home;

  async arrive(): Promise<void> {
    const bin = path.join(this.home, "bin");
    for (const made of [bin, path.join(this.home, "state")]) mkdirSync(made);
    writeFileSync(path.join(bin, "npm"), NPM);
    chmodSync(path.join(bin, "npm"), 0o755);
    const { path: pulumi } = await ensurePulumi();
    this.env = {
      HOME: this.home,
      PATH: [bin, pulumi, process.env["PATH"]].join(path.delimiter),
      PULUMI_BACKEND_URL: `file://${path.join(this.home, "state")}`,
      PULUMI_CONFIG_PASSPHRASE: "test",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      // Nobody answers a question here.
      PULUMI_SKIP_CONFIRMATIONS: "true",
    };
  }

  /** Runs a line in a shell. @returns what it says. @throws {Error} with that, if it fails. */
  async type(line: string, answer = ""): Promise<string> {
    const into = /^cd '?(.*?)'?$/.exec(line);
    if (into !== null) {
      this.folder = path.resolve(this.folder, into[1] ?? "");
      return "";
    }
    const child = spawn("sh", ["-c", line], { cwd: this.folder, env: this.env });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += String(chunk)));
    child.stdin.on("error", () => undefined).end(answer);
    const code = await new Promise((resolve) => child.on("close", resolve));
    if (code !== 0) throw new Error(`${line}\nended with ${code}:\n${said}`);
    return said;
  }

  leave(): void {
    rmSync(this.home, { recursive: true, force: true });
  }
}

describe("the project that import writes", function () {
  this.timeout(240_000);
  let server: TestServer;

  before(async () => {
    server = await startServer({ version: "25.8" });
    await run(server.url, ...WITH_SECRETS, ...PLAIN);
  });
  after(() => server?.stop());

  /** From the import to a preview, by nothing but what is printed. */
  const walk = async (database: string, last: string): Promise<void> => {
    const before = await identities(server.url, database);
    const newcomer = new Newcomer();
    try {
      await newcomer.arrive();
      const url = server.url;
      const said = await newcomer.type(`node ${BIN} import --url ${url} --database ${database} --out 'my schema'`);
      const steps = (said.split("\nNext:\n")[1] ?? "").split("\n").flatMap((line) => line.trim() || []);
      assert.equal(steps.at(-1), last, said);
      for (const step of steps) {
        if (step === "pulumi up") await assertAdoptable(newcomer, said);
        const text = await newcomer.type(step, `Pa55-of-${step.split(" ").at(-1)}`);
        assert.doesNotMatch(text, /warning|error|failed|\bundefined\b|updated|deleted|replaced/i, `${step}\n${text}`);
      }
      await newcomer.type("pulumi preview --expect-no-changes --diff");
      await newcomer.type("pulumi refresh --expect-no-changes");
      await newcomer.type("pulumi preview --expect-no-changes");
      const folder = path.join(newcomer.home, "my schema");
      assert.ok(existsSync(path.join(folder, ".gitignore")));
      const { allowScripts } = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8"));
      assert.deepEqual(allowScripts, { chdb: false, protobufjs: false }, "npm install has nothing to warn of");
      for (const file of readdirSync(folder, { withFileTypes: true }).filter((one) => one.isFile()))
        assert.doesNotMatch(readFileSync(path.join(folder, file.name), "utf8"), /Pa55/, file.name);
    } finally {
      newcomer.leave();
    }
    assert.deepEqual(await identities(server.url, database), before);
  };

  /** Before `up`, a preview creates just what the import named, and says of each that it is adopted. */
  const assertAdoptable = async (newcomer: Newcomer, said: string): Promise<void> => {
    const [, names = ""] =
      /leaves them out: (.*)\.\n.*shows "create" .* until `pulumi up` has adopted/.exec(said) ?? [];
    const { steps } = JSON.parse(await newcomer.type("pulumi preview --json")) as {
      steps: { op: string; urn: string }[];
    };
    const created = steps.filter(({ op }) => op !== "same").map(({ op, urn }) => `${op} ${urn.split("::").at(-1)}`);
    assert.deepEqual(
      created.sort(),
      names
        .split(", ")
        .map((name) => `create ${name.split(".")[1]}`)
        .sort(),
    );
    const [, text = ""] = (await newcomer.type("pulumi preview")).split("\nDiagnostics:");
    assert.equal(text.match(/equals the declaration; it will be adopted/g)?.length, created.length, text);
  };

  it("is managed after the printed steps, in an empty home, and its preview is empty", () =>
    walk("plain", "pulumi preview"));

  it("and so it is where objects have secrets, which are asked for by name", () => walk("vault", "pulumi up"));
});
