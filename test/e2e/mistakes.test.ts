import assert from "node:assert/strict";
import { createProject, type Project } from "../support/pulumi";
import { sharedServer } from "../support/server";

const PROGRAM = `
const secret = new pulumi.Config("e2e").requireSecret("key");
const shop = new clickhouse.Database("wrong");
const columns = { id: "UInt64", at: "DateTime" };
const table = (name, args) => new clickhouse.Table(name, { database: shop, orderBy: "id", columns, ...args });
table("first", { columns: { ...columns, price: "Strng" } });
table("good", {});
const second = table("second", { columns: { ...columns, price: { type: "String", default: "none" } }, partitionBy: "toYYYYMM(att)" });
table("third", { ordrBy: "id" });
table("hidden", { engine: pulumi.interpolate\`MySQL('h:1', 'd', 't', 'u', '\${secret}')\` });
new clickhouse.View("reads", { database: shop, query: sql\`SELECT price FROM \${second}\` });
new clickhouse.View("plain", { database: shop, query: \`SELECT * FROM \${second}\` });
`;

describe("several mistakes in one program", () => {
  let project: Project;
  before(async () => {
    const { url } = await sharedServer();
    project = await createProject({ program: PROGRAM, config: { "clickhouse:url": url } });
    await project.must(["config", "set", "--secret", "e2e:key", "hidden-Pa55"]);
  });
  after(() => project?.remove());

  it("are all said by the first preview, each with its column and argument, and what follows from others is not", async () => {
    const { code, text } = await project.run(["preview"]);
    assert.notEqual(code, 0);
    const said = text.replaceAll(/^ +/gm, "");
    for (const part of [
      "wrong.first: columns.price: ClickHouse knows no type `Strng`. Did you mean `String`?",
      "3 more resources are wrong in this program:",
      "wrong.second: columns.price.default: reads `none`, which is no column of the table. A string needs quotes of its own: \"'none'\"",
      "wrong.second: partitionBy: reads `att`, which is no column of the table. Did you mean `at`?",
      "ordrBy: is not an argument. Did you mean `orderBy`?",
      "query: a resource or an Output was put into a plain string.",
    ]) {
      assert.ok(said.includes(part), `${part}\n--- is not in\n${said}`);
    }
    assert.doesNotMatch(said, /- (?:good|reads|hidden)\b|Pa55|tmp_alter|Expected one of|\n\s*at /);
  });

  const HEAD = `
    const { Rollup, count } = clickhouse;
    const shop = new clickhouse.Database("wrong");
    const columns = { id: "UInt64", at: "DateTime" };
    const source = new clickhouse.Table("first", { database: shop, orderBy: "at", columns });
    const rollup = (name, args) =>
      new Rollup(name, { source, keys: ["id"], bucket: { name: "day", every: "day", time: "at" }, measures: { n: count() }, ...args });
    const daily = rollup("daily", {});
  `;
  for (const [mistake, said] of [
    [
      'new clickhouse.Table("x", { database: source, columns, orderBy: "id" })',
      /database: another resource was passed; pass the Database resource/,
    ],
    [
      'new clickhouse.Table("x", { database: daily, columns, orderBy: "id" })',
      /database: a Rollup was passed; pass the Database resource/,
    ],
    [
      'new clickhouse.Table("x", { database: shop, columns, orderBy: source })',
      /orderBy: a resource was passed where a value is expected/,
    ],
    [
      'new clickhouse.MaterializedView("x", { database: shop, to: daily, query: sql`SELECT id FROM ${source}` })',
      /to: a Rollup was passed.*pass rollup\.target for its table/,
    ],
    [
      'new clickhouse.View("x", { database: shop, query: sql`SELECT * FROM ${source.qualifiedNam}` })',
      /sql: the value after `SELECT \* FROM` is undefined/,
    ],
    [
      'new clickhouse.Table("x", { database: shop, columns, orderBy: "id" }, { replaceOnChanges: ["*"] })',
      /replaceOnChanges: this option creates the object again instead of changing it\. Leave it out/,
    ],
    ['rollup("x", { source: daily })', /Rollup x: source: a Rollup was passed.*pass rollup\.target/],
    [
      'rollup("x", { where: pulumi.output("id > 1") })',
      /Rollup x: where: an Output was passed, but a Rollup needs the plain value/,
    ],
  ] as const) {
    it(`in plain JavaScript are told like those that types find: ${mistake.slice(0, 75)}`, async () => {
      project.write(`${HEAD}${mistake};`);
      const { code, text } = await project.run(["preview"]);
      assert.notEqual(code, 0);
      assert.match(text, said);
      assert.doesNotMatch(text, /\n\s*at |TypeError|circular|PromiseRejection/);
    });
  }

  it("say which object of a Rollup is meant, where the types did not", async () => {
    project.write(`
      const shop = new clickhouse.Database("wrong");
      const source = new clickhouse.Table("first", { database: shop, orderBy: "at", columns: { at: "DateTime" } });
      const daily = new clickhouse.Rollup("daily", { source, keys: [], bucket: { name: "day", every: "day", time: "at" }, measures: { n: clickhouse.count() } });
      new clickhouse.View("reads", { database: shop, query: sql\`SELECT n FROM \${daily}\` });
    `);
    const { code, text } = await project.run(["preview"]);
    assert.notEqual(code, 0);
    assert.match(text, /sql: a Rollup was put into the SQL\. .*write \$\{rollup\.read\} .*or \$\{rollup\.target\}/);
    assert.doesNotMatch(text, /\n\s*at /);
  });
});
