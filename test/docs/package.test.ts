import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const PROVIDER = resolve(__dirname, "../../provider");

describe("the published package", () => {
  let files: string[];
  before(() => {
    const out = execFileSync("npm", ["pack", "--dry-run", "--json"], { cwd: PROVIDER, encoding: "utf8" });
    const [packed] = JSON.parse(out.slice(out.indexOf("["))) as { files: { path: string }[] }[];
    files = (packed?.files ?? []).map(({ path }) => path);
  });

  it("has its license, changelog and readme, and nothing of the build", () => {
    for (const name of [
      "LICENSE",
      "CHANGELOG.md",
      "schemas/verify.schema.json",
      "README.md",
      "dist/index.js",
      "dist/index.d.ts",
      "bin/clickhouse-schema.js",
      "launch/bridge.py",
      "launch/entry.py",
      "launch/tether.py",
    ])
      assert.ok(files.includes(name), name);
    assert.deepEqual(
      files.filter((name) => /\.tsbuildinfo$|\.test\.|node_modules|__pycache__/.test(name)),
      [],
    );
  });

  it("says where it comes from", () => {
    const about = JSON.parse(readFileSync(join(PROVIDER, "package.json"), "utf8")) as Record<string, unknown>;
    for (const field of ["homepage", "bugs", "repository", "author", "license"]) assert.ok(about[field], field);
  });

  it("names in its readme only what it exports", () => {
    const readme = readFileSync(join(PROVIDER, "README.md"), "utf8");
    const exported = Object.keys(require("../../provider/dist/index.js") as object);
    const imported = [...readme.matchAll(/import \{ (.*?) \} from "pulumi-clickhouse-schema"/g)].flatMap(
      ([, names = ""]) => names.split(", "),
    );
    assert.ok(imported.length > 0);
    for (const name of imported) assert.ok(exported.includes(name), name);
  });
});
