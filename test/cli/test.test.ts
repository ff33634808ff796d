import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { testViews } from "../../provider/src/cli/test";
import { programFolder, SHOP } from "../testing/support";

const CLI = path.resolve(__dirname, "../../provider/bin/clickhouse-schema.js");

const PASSES = `
- name: orders are counted
  given:
    - into: shop.orders
      rows: [{time: 2026-03-01 10:00:00, product: tea, price: 2.50}]
  expect:
    - from: shop.daily_read
      rows: [{product: tea, orders: 1, revenue: 2.5}]
`;
const FAILS = PASSES.replace("counted", "counted twice").replace("orders: 1", "orders: 2");
const TYPO = PASSES.replace("shop.orders", "shop.order");

interface Said {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

async function run(folder: string, options: Parameters<typeof testViews>[1] = {}, files: string[] = []): Promise<Said> {
  const said = { out: "", error: "" };
  const output = { out: (text: string) => (said.out += text), error: (text: string) => (said.error += text) };
  const code = await testViews(files, { program: folder, ...options }, output as never, { isTTY: false });
  return { code, ...said };
}

describe("clickhouse-schema test", () => {
  it("0: passes, and makes a test for what has none", async () => {
    const covered = await run(programFolder({ "index.js": SHOP, "shop.test.yaml": PASSES }));
    assert.equal(covered.code, 0, covered.out + covered.error);
    assert.match(covered.out, /^✓ .*shop\.test\.yaml:2: orders are counted\n\n1 passed \(\d+\.\d s\)\n$/);
    const uncovered = await run(programFolder({ "index.js": SHOP }));
    assert.equal(uncovered.code, 0);
    assert.match(uncovered.out, /Random rows \(seed 1\).*\n✓ shop\.daily ← shop\.daily_mv: \d+ rows\n\n1 passed/);
  });

  it("1: a table of what differs, with the line of the test", async () => {
    const { code, out } = await run(programFolder({ "index.js": SHOP, "shop.test.yaml": PASSES + FAILS }), {
      random: "none",
    });
    assert.equal(code, 1);
    const table = [
      "    shop.daily_read, before merges: 1 row (1 differing)",
      "       product  orders  revenue",
      "    ~  tea      2 → 1   2.5",
    ].join("\n");
    assert.ok(out.includes(`shop.test.yaml:10: orders are counted twice\n${table}\n`), out);
    assert.match(out, /\n1 passed, 1 failed \(/);
  });

  it("1: a view that adds up what is no sum, found by random rows", async () => {
    const wrong = SHOP.replace(/new Rollup[\s\S]*/, "").replace(
      "{ count, Database, Rollup, sum, Table }",
      "{ Database, MaterializedView, sql, Table }",
    );
    const views = `
const target = new Table("most", { database: shop, columns: { product: "String", price: "Float64" }, engine: "SummingMergeTree", orderBy: ["product"] });
new MaterializedView("most_mv", { database: shop, to: target, query: sql\`SELECT product, max(toFloat64(price)) AS price FROM \${orders} GROUP BY product\` });`;
    const { code, out } = await run(programFolder({ "index.js": wrong + views }));
    assert.equal(code, 1, out);
    assert.match(
      out,
      /✗ shop\.most ← shop\.most_mv: \d+ rows?\n {4}bucket +key +column +expected +found\n[\s\S]* price /,
    );
    assert.match(out, /run again: --random all --seed 1/);
  });

  it("2: a test that cannot be run; the others are run all the same", async () => {
    const { code, out } = await run(
      programFolder({ "index.js": SHOP, "shop.test.yaml": PASSES + TYPO, "b.test.yaml": "- name: [" }),
    );
    assert.equal(code, 2);
    assert.match(out, /✓ .*orders are counted/);
    assert.match(
      out,
      /shop\.test\.yaml:12: given\[0\]\.into: the program declares no table or view shop\.order\. Did you mean shop\.orders\?/,
    );
    assert.match(out, /! .*b\.test\.yaml:1: /);
    assert.match(out, /1 passed, 2 could not be run/);
  });

  it("2: a program that fails, or that there is none of", async () => {
    const broken = await run(programFolder({ "index.js": 'throw new Error("no such thing")' }));
    assert.deepEqual([broken.code, broken.out], [2, ""]);
    assert.match(broken.error, /the program failed: Error: no such thing/);
    const refused = await run(programFolder({ "index.js": SHOP.replace("\"DateTime('UTC')\"", '"DateTme"') }));
    assert.match(refused.error, /shop\.orders: the embedded engine refuses it: .*DateTme/);
    const none = await run(programFolder({}));
    assert.match(none.error, /found no Pulumi program there/);
    const nothing = await run(programFolder({ "index.js": "" }));
    assert.match(nothing.error, /declares no ClickHouse object/);
    const wrong = await run(programFolder({ "index.js": SHOP.replace("columns:", "colums:") }));
    assert.match(wrong.error, /Table orders: colums: is not an argument. Did you mean `columns`\?/);
  });

  it("runs TypeScript, with the config of a stack and of the command line, from Pulumi.yaml", async () => {
    const folder = programFolder({
      "index.ts": SHOP.replace("const pulumi = require", "const typed: string = 'x';\nconst pulumi = require"),
      "Pulumi.yaml": "name: shop\nruntime: nodejs\n",
      "Pulumi.dev.yaml": "config:\n  shop:database: sales\n  shop:password:\n    secure: AAAA\n",
      "dev.test.yaml": PASSES.replaceAll("shop.", "sales."),
    });
    const dev = await run(folder, { stack: "dev" });
    assert.equal(dev.code, 0, dev.out + dev.error);
    const given = await run(folder, { stack: "dev", config: { database: "other" } });
    assert.match(given.out, /no table or view sales\.orders\. Did you mean other\.orders\?/);
    assert.match((await run(folder, { stack: "qa" })).error, /--stack qa: there is no .*Pulumi\.qa\.yaml/);
  });

  it("runs an ES module", async () => {
    const module = SHOP.replace(
      /const \{ (.*) \} = require\("pulumi-clickhouse-schema"\);/,
      'import { $1 } from "pulumi-clickhouse-schema";',
    ).replace('const pulumi = require("@pulumi/pulumi");', 'import * as pulumi from "@pulumi/pulumi";');
    const folder = programFolder({
      "index.js": module,
      "package.json": '{ "type": "module" }',
      "shop.test.yaml": PASSES,
    });
    const { code, error, out } = await run(folder);
    assert.equal(code, 0, out + error);
  });

  it("prints what a user asked for in colour, or in none", () => {
    const folder = programFolder({ "index.js": SHOP, "shop.test.yaml": FAILS });
    const spawned = (env: NodeJS.ProcessEnv) =>
      spawnSync(process.execPath, [CLI, "test", "--random", "none"], {
        cwd: folder,
        encoding: "utf8",
        env: { ...process.env, ...env },
      });
    const [plain, colored] = [spawned({ NO_COLOR: "1", FORCE_COLOR: "" }), spawned({ FORCE_COLOR: "1" })];
    assert.deepEqual([plain.status, colored.status], [1, 1], plain.stderr);
    assert.ok(!plain.stdout.includes("\x1b"));
    assert.ok(colored.stdout.includes("\x1b[31m✗\x1b[0m") && colored.stdout.includes("\x1b[33m~ "), colored.stdout);
  });

  it("docs/testing-views.md shows a failure as it is printed", () => {
    const page = readFileSync(path.resolve(__dirname, "../../docs/testing-views.md"), "utf8");
    const blocks = [...page.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language, text = ""]) => ({
      language,
      text,
    }));
    const yaml = blocks.find(({ language }) => language === "yaml")?.text ?? "";
    const printed = blocks.find(({ text }) => text.startsWith("✗"))?.text ?? "";
    const folder = programFolder({ "index.js": SHOP, "shop.test.yaml": yaml });
    const { status, stdout } = spawnSync(process.execPath, [CLI, "test"], {
      cwd: folder,
      encoding: "utf8",
      env: { ...process.env, NO_COLOR: "1" },
    });
    const timeless = (text: string): string => text.replace(/\(\d+\.\d s\)/, "(… s)");
    assert.equal(timeless(stdout), timeless(printed));
    assert.equal(status, 1);
  });
});
