import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { ensureNode, RELEASE_LINES } from "../../tools/node-versions";
import { createProject } from "../support/pulumi";
import { freshDatabase, sharedServer } from "../support/server";

const ROOT = path.resolve(__dirname, "../..");
const NAME = "pulumi-clickhouse-schema";

interface Outcome {
  readonly code: number;
  readonly text: string;
}

function run(file: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(file, args, { cwd, env: { ...process.env, ...env } }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), text: stdout + stderr });
    });
  });
}

/** As after `npm install` of the packed tarball, without a network: what it depends on is linked. chdb only if asked for. */
function install(tarball: string, folder: string, { chdb = false } = {}): Promise<Outcome> {
  const modules = path.join(folder, "node_modules");
  mkdirSync(path.join(modules, NAME), { recursive: true });
  for (const name of readdirSync(path.join(ROOT, "node_modules"))) {
    const isOurs = name === NAME || name.startsWith(".") || name === "@chdb" || (name === "chdb" && !chdb);
    if (!isOurs) symlinkSync(path.join(ROOT, "node_modules", name), path.join(modules, name));
  }
  return run("tar", ["-xzf", tarball, "--strip-components=1", "-C", path.join(modules, NAME)], folder);
}

const PROGRAM = `
const db = new Database("NAME");
const events = new Table("events", { database: db, columns: { id: "UInt64", at: "DateTime" }, orderBy: "id" });
new View("recent", { database: db, query: sql\`SELECT id FROM \${events} WHERE at > now() - 3600\` });
`;

describe("the packed package", function () {
  this.timeout(180_000);
  let shop: string;
  let tarball: string;
  let project: string;

  before(async () => {
    shop = mkdtempSync(path.join(tmpdir(), "clickhouse-schema-package-"));
    const packed = await run("npm", ["pack", "--pack-destination", shop], path.join(ROOT, "provider"));
    assert.equal(packed.code, 0, packed.text);
    tarball = path.join(shop, readdirSync(shop).find((name) => name.endsWith(".tgz")) ?? "");
    project = path.join(shop, "plain");
    assert.equal((await install(tarball, project)).code, 0);
  });
  after(() => rmSync(shop, { recursive: true, force: true }));

  it("has license, changelog and links, and nothing of the build", () => {
    const folder = path.join(project, "node_modules", NAME);
    const about = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8"));
    for (const field of ["license", "homepage", "repository", "bugs", "author"]) assert.ok(about[field], field);
    assert.match(readFileSync(path.join(folder, "LICENSE"), "utf8"), /Apache License/);
    assert.match(readFileSync(path.join(folder, "CHANGELOG.md"), "utf8"), /^# Changelog/);
    const files = readdirSync(folder, { recursive: true }).map(String);
    assert.deepEqual(
      files.filter((name) => /tsbuildinfo|node_modules|__pycache__|\.test\./.test(name)),
      [],
    );
  });

  for (const line of RELEASE_LINES) {
    it(`is loaded by require and by import, and its command runs, on Node ${line}, without chdb`, async () => {
      const node = path.join(await ensureNode(line), "node");
      const check = `
        if (!process.version.startsWith("v${line}.")) throw new Error(process.version);
        for (const one of [Database, Table, View, MaterializedView, Rollup, Provider, sql, count, provider.table.check])
          if (typeof one !== "function") throw new Error(String(one));
        if (schema.title !== "clickhouse-schema verify --json") throw new Error(schema.title);
        console.log("loaded");`;
      const names = "{ Database, Table, View, MaterializedView, Rollup, Provider, sql, count }";
      writeFileSync(
        path.join(project, "load.cjs"),
        `const ${names} = require("${NAME}"), provider = require("${NAME}/provider"), schema = require("${NAME}/schemas/verify.schema.json");${check}`,
      );
      writeFileSync(
        path.join(project, "load.mjs"),
        `import ${names} from "${NAME}"; import * as provider from "${NAME}/provider";
         import schema from "${NAME}/schemas/verify.schema.json" with { type: "json" };${check}`,
      );
      for (const file of ["load.cjs", "load.mjs"]) {
        const { code, text } = await run(node, ["--no-warnings", file], project);
        assert.deepEqual([code, text], [0, "loaded\n"], file);
      }
      const bin = path.join("node_modules", NAME, "bin/clickhouse-schema.js");
      const { code, text } = await run(node, [bin, "--version"], project);
      assert.deepEqual([code, text], [0, `${readVersion()}\n`]);
    });
  }

  for (const [line, module] of [
    [20, "commonjs"],
    [22, "module"],
    [24, "module"],
  ] as const) {
    it(`is what a TypeScript program with "type": "${module}" deploys with, on Node ${line}, without chdb`, async () => {
      const folder = path.join(shop, `program-${line}`);
      await install(tarball, folder);
      const server = await sharedServer();
      const database = await freshDatabase(server);
      const head = `import { Database, sql, Table, View } from "${NAME}";`;
      writeFileSync(path.join(folder, "index.ts"), head + PROGRAM.replace("NAME", database));
      writeFileSync(path.join(folder, "Pulumi.yaml"), "name: packed\nruntime: nodejs\n");
      writeFileSync(
        path.join(folder, "package.json"),
        JSON.stringify({ name: "packed", main: "index.ts", type: module }),
      );
      const compilerOptions = {
        target: "es2022",
        module: "nodenext",
        moduleResolution: "nodenext",
        strict: true,
        skipLibCheck: true,
      };
      writeFileSync(path.join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
      const made = await createProject({ workDir: folder, config: { "clickhouse:url": server.url } });
      try {
        const PATH = [await ensureNode(line), made.env["PATH"]].join(path.delimiter);
        const { text } = await made.must(["up", "--yes", "--skip-preview"], { PATH });
        assert.match(text, /chdb isn.t installed: npm install chdb@3\.4\.0, or set clickhouse:scratch/);
        assert.match(text, /\+ 3 created|\+ 4 created/);
        assert.doesNotMatch(text, /\n\s*at .*:\d+:\d+/);
      } finally {
        made.remove();
      }
    });
  }

  it("says what is missing where chdb has no library for the platform, and lints all the same", async () => {
    const folder = path.join(shop, "other-platform");
    await install(tarball, folder, { chdb: true });
    writeFileSync(
      path.join(folder, "platform.js"),
      'Object.defineProperty(process, "platform", { value: "freebsd" });',
    );
    writeFileSync(path.join(folder, "a.sql"), "CREATE TABLE a.t (a UInt8) ENGINE = MergeTree ORDER BY a;\n");
    const bin = path.join("node_modules", NAME, "bin/clickhouse-schema.js");
    const env = { NODE_OPTIONS: `--require ${path.join(folder, "platform.js")}` };
    const { code, text } = await run(process.execPath, [bin, "lint", "a.sql"], folder, env);
    assert.equal(code, 0, text);
    assert.match(
      text,
      /^Statements are linted as they are written: chdb is installed but doesn't load here: .*freebsd/m,
    );
    assert.match(text, /set clickhouse:scratch to the URL of a throwaway server/);
    assert.doesNotMatch(text, /clickhouse-scratch-|clickhouse:url/);
  });
});

function readVersion(): string {
  return JSON.parse(readFileSync(path.join(ROOT, "provider/package.json"), "utf8")).version;
}
