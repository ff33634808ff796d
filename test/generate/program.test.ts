import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { generateProgram, type ImportedResource, importFile, type Program } from "../../provider/src/generate";
import { declare } from "../../provider/src/generate/declared";
import { providerText } from "../../provider/src/resources/schema-object";
import { qualifiedName, quoteIdentifier, quoteString } from "../../provider/src/sql/identifiers";
import { keyOf, objectKey, quotedName } from "../../provider/src/sql/object-key";
import { parseCreate } from "../../provider/src/sql/parse";
import type { ObjectSpec } from "../../provider/src/sql/spec";
import { type Made, runProgram } from "./run-program";

const ROOT = path.resolve(__dirname, "../..");

const specsOf = (...statements: string[]): ObjectSpec[] => statements.map((statement) => parseCreate(statement));

describe("a generated program", () => {
  it("declares what it was made of, whatever the names and texts", () => {
    fc.assert(
      fc.property(randomSchema, (specs) => {
        const program = generateProgram(specs);
        const made = run(program);
        assert.equal(made.length, specs.length);
        assert.deepEqual(
          program.resources.map((resource) => resource.plain),
          program.resources.map(() => undefined),
        );
        program.resources.forEach(({ key, live, declared, resourceName }) => {
          const one = made.find((other) => other.resourceName === resourceName && keyOfMade(other) === key);
          assert.ok(one, `${quotedName(key)} is not made`);
          const { database: _, name: __, ...args } = one.args;
          assert.deepEqual(declare(live, args), declared);
        });
      }),
      { numRuns: 60 },
    );
  });

  it("is laid out as the formatter would", function () {
    this.timeout(60_000);
    const folder = mkdtempSync(path.join(tmpdir(), "clickhouse-schema-generate-"));
    try {
      const samples = fc.sample(randomSchema, { numRuns: 40, seed: 7 });
      samples.forEach((specs, index) => {
        for (const [file, text] of generateProgram(specs).files)
          writeFileSync(path.join(folder, `${index}-${file}`), text);
      });
      writeFileSync(path.join(folder, "biome.json"), readFileSync(path.join(ROOT, "biome.json")));
      const script = require.resolve("@biomejs/biome/bin/biome");
      const args = [script, "format", "--vcs-enabled=false", "--colors=off", "."];
      const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
      assert.equal(status, 0, stdout + stderr);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("names an engine as people write it: Null, which SHOW CREATE puts in backticks", () => {
    const { files, resources } = generateProgram(
      specsOf("CREATE DATABASE a ENGINE = Atomic", "CREATE TABLE a.t (`x` String) ENGINE = `Null`"),
    );
    assert.match(files.get("a.ts") ?? "", /engine: "Null",/);
    assert.deepEqual(
      resources.map(({ plain }) => plain),
      [undefined, undefined],
    );
  });

  it("puts resources where their names were, and nowhere else", () => {
    const { files } = generateProgram(
      specsOf(
        "CREATE DATABASE a ENGINE = Atomic",
        "CREATE TABLE a.t (`x` String COMMENT 'not a.u') ENGINE = MergeTree ORDER BY x",
        "CREATE TABLE a.u (`x` String) ENGINE = MergeTree ORDER BY x",
        "CREATE MATERIALIZED VIEW a.mv TO a.u AS SELECT x, 'a.t' AS s, a.t.x AS y, a.other FROM a.t AS t INNER JOIN b.t AS o ON t.x = o.x",
      ),
    );
    const text = files.get("a.ts") ?? "";
    assert.match(text, /to: u,/);
    assert.match(text, /SELECT x, 'a\.t' AS s, \$\{t\}\.x AS y, a\.other FROM \$\{t\} AS t INNER JOIN b\.t AS o/);
    assert.match(text, /comment: "not a\.u"/);
  });

  it("names what only a string mentions in dependsOn, because check asks for it", () => {
    const { files } = generateProgram(
      specsOf(
        "CREATE DATABASE a ENGINE = Atomic",
        "CREATE TABLE a.j (`x` String, `y` String) ENGINE = Join(ANY, LEFT, x)",
        "CREATE VIEW a.v AS SELECT joinGet('a.j', 'y', 'k') AS y",
      ),
    );
    assert.match(files.get("a.ts") ?? "", /joinGet\('a\.j'[\s\S]*\{ dependsOn: \[j\] \},\n\);/);
  });

  it("parts databases that need each other among files that do not", () => {
    const program = generateProgram(
      specsOf(
        "CREATE DATABASE a",
        "CREATE DATABASE b",
        "CREATE TABLE a.t (x UInt8) ENGINE = MergeTree ORDER BY x",
        "CREATE TABLE b.t (x UInt8) ENGINE = MergeTree ORDER BY x",
        "CREATE MATERIALIZED VIEW a.mv TO b.t AS SELECT x FROM a.t",
        "CREATE MATERIALIZED VIEW b.mv TO a.t AS SELECT x FROM b.t WHERE x > 1",
      ),
    );
    assert.deepEqual([...program.files.keys()], ["index.ts", "a.ts", "a-2.ts", "b.ts", "b-2.ts"].sort(byIndexFirst));
    assert.match(
      program.files.get("a-2.ts") ?? "",
      /import \{ a, t \} from "\.\/a";\nimport \{ t as bT \} from "\.\/b";/,
    );
    assert.equal(run(program).length, 6);
    const names = program.resources.map(({ live, resourceName }) => `${live.kind} ${resourceName}`);
    assert.equal(new Set(names).size, 6);
  });

  it("says so where two objects name each other", () => {
    const program = generateProgram(
      specsOf("CREATE VIEW a.v AS SELECT x FROM a.w", "CREATE VIEW a.w AS SELECT x FROM a.v"),
    );
    assert.match(
      program.files.get("a.ts") ?? "",
      /\/\/ It and a\.v refer to each other: one of the two has to be declared elsewhere\./,
    );
    assert.equal(run(program).length, 2);
  });

  it("takes what the server hides from the config, and leaves it out of the import file", () => {
    const program = generateProgram(
      specsOf(
        "CREATE TABLE a.s (x UInt8) ENGINE = S3('https://u:[HIDDEN]@h/k', 'AKIA', '[HIDDEN]')",
        "CREATE TABLE a.k (x UInt8) ENGINE = Kafka SETTINGS kafka_topic_list = 't', kafka_sasl_password = '[HIDDEN]'",
        "CREATE VIEW a.v AS SELECT x FROM a.s",
        "CREATE VIEW a.w AS SELECT 1 AS x",
      ),
    );
    const text = program.files.get("a.ts") ?? "";
    assert.match(text, /const config = new pulumi\.Config\(\);/);
    assert.match(
      text,
      /u:\$\{config\.requireSecret\("aSSecret"\)\}@h\/k', 'AKIA', '\$\{config\.requireSecret\("aSSecret2"\)\}'/,
    );
    assert.match(text, /kafka_topic_list: "t", kafka_sasl_password: sql`\$\{config\.requireSecret\("aKSecret"\)\}` \}/);
    assert.doesNotMatch(text, /HIDDEN/);
    const resources = importedBy(program, "seen");
    assert.deepEqual(
      resources.map(({ id, inputs }) => [id, "__fingerprint" in inputs]),
      [
        ["a.v", false],
        ["a.w", true],
      ],
    );
  });

  it("writes plain SQL, with the reason, only where arguments cannot say it", () => {
    const { resources } = generateProgram(
      specsOf(
        "CREATE TABLE a.old (d Date, k UInt8) ENGINE = MergeTree(d, k, 8192)",
        "CREATE TABLE a.n AS numbers(10)",
        "CREATE TABLE a.al ENGINE = Alias('a', 't')",
        "CREATE TABLE a.disk (x UInt8) ENGINE = MergeTree ORDER BY x SETTINGS disk = disk(type = local, path = '[HIDDEN]')",
        "CREATE TABLE a.p (x UInt8, PROJECTION p INDEX x TYPE basic, PROJECTION q (SELECT x ORDER BY x) WITH SETTINGS (s = 1)) ENGINE = MergeTree ORDER BY x",
        "CREATE MATERIALIZED VIEW a.mv (x UInt8 CODEC(ZSTD(1))) ENGINE = MergeTree ORDER BY x AS SELECT 1 AS x",
        "CREATE TABLE a.t (x UInt8) ENGINE = MergeTree ORDER BY (x) PRIMARY KEY x SETTINGS index_granularity = 8192, s = '10M'",
      ),
    );
    const reasons = Object.fromEntries(resources.map(({ live, plain }) => [live.name, plain]));
    assert.deepEqual(reasons, {
      old: undefined,
      n: "the table function whose rows it shows",
      al: undefined,
      disk: "the value of setting disk",
      p: undefined,
      mv: undefined,
      t: undefined,
    });
  });

  it("writes the columns of a view where they have more than the query gives, and where it is told to", () => {
    const specs = specsOf(
      "CREATE VIEW a.plain (x UInt8) AS SELECT 1 AS x",
      "CREATE VIEW a.said (x UInt8, y String COMMENT 'why') AS SELECT 1 AS x, '' AS y",
      "CREATE VIEW a.listed (`1` UInt16, x UInt8) AS SELECT 1 AS `1`, 1 AS x",
      "CREATE MATERIALIZED VIEW a.mv (x UInt8 CODEC(ZSTD(1))) ENGINE = MergeTree ORDER BY x AS SELECT 1 AS x",
    );
    const { files, resources } = generateProgram(specs, { listed: new Set([objectKey("a", "listed")]) });
    const text = files.get("a.ts") ?? "";
    assert.match(text, /new View\("plain", \{\n {2}database: "a",\n {2}query: "SELECT 1 AS x",\n\}\)/);
    assert.match(text, /columns: \{ x: "UInt8", y: \{ type: "String", comment: "why" \} \},/);
    assert.match(
      text,
      /columns: \[\n {4}\{ name: "1", type: "UInt16" \},\n {4}\{ name: "x", type: "UInt8" \},\n {2}\],/,
    );
    assert.match(text, /columns: \{ x: \{ type: "UInt8", codec: "ZSTD\(1\)" \} \},\n {2}query/);
    for (const { live, declared, plain } of resources) {
      assert.equal(plain, undefined);
      if (live.name !== "plain") assert.deepEqual({ ...declared, storage: undefined }, { ...live, storage: undefined });
    }
  });

  it("writes keys as lists, without what the engine adds", () => {
    const { files } = generateProgram(
      specsOf(
        "CREATE TABLE a.t (x UInt8, y UInt8) ENGINE = MergeTree PARTITION BY (x) PRIMARY KEY x ORDER BY (x) SETTINGS index_granularity = 8192",
        "CREATE TABLE a.u (x UInt8, y UInt8) ENGINE = MergeTree PRIMARY KEY x ORDER BY (x, y DESC) SETTINGS index_granularity = 4096",
      ),
    );
    const text = files.get("a.ts") ?? "";
    assert.match(text, /partitionBy: "x",\n {2}orderBy: \["x"\],\n\}\);/);
    assert.match(
      text,
      /primaryKey: "x",\n {2}orderBy: \["x", "y DESC"\],\n {2}settings: \{ index_granularity: 4096 \},/,
    );
  });

  it("imports under the provider text that the resources send", () => {
    const resources = importedBy(generateProgram(specsOf("CREATE VIEW a.v AS SELECT 1")));
    assert.deepEqual(resources[0]?.inputs["__provider"], providerText("view"));
    assert.deepEqual(resources[0]?.outputs["__provider"], providerText("view"));
  });
});

const importedBy = (program: Program, observed?: string): ImportedResource[] =>
  importFile(program, () => observed).resources.flatMap((one) => ("inputs" in one ? [one] : []));

const byIndexFirst = (a: string, b: string): number =>
  Number(b === "index.ts") - Number(a === "index.ts") || (a.replace(".ts", "") < b.replace(".ts", "") ? -1 : 1);

function run({ files }: Program): readonly Made[] {
  return runProgram(files, (made) => quotedName(keyOfMade(made)));
}

/** The object that a resource declares. */
function keyOfMade({ className, resourceName, args }: Omit<Made, "text">): string {
  if (typeof args["sql"] === "string") return keyOf(parseCreate(args["sql"]));
  const name = String(args["name"] ?? resourceName);
  if (className === "Database") return objectKey(name);
  // A database passed as its resource has become its quoted name.
  const database = String(args["database"]);
  return objectKey(/^[`\w]/.test(database) ? keyOf(parseCreate(`CREATE DATABASE ${database}`)) : database, name);
}

/** Texts as people and machines write them; the engine has no surrogates of their own. */
const text = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.constantFrom(
    "`",
    "${x}",
    "\\",
    "'",
    '"',
    "a\r\nb",
    "\u2028",
    'it\'s "so"',
    "\\${",
    "x".repeat(130),
    "a b ".repeat(40),
  ),
);
const name = fc.oneof(
  fc.constantFrom(
    "events",
    "Events",
    "events_v1",
    "default",
    "class",
    "sql",
    "table",
    "1st",
    "a.b",
    "日本",
    "metrics",
    "__proto__",
  ),
  fc.string({ minLength: 1, maxLength: 12 }).filter((value) => value.trim() !== "" && !value.includes("\0")),
);

const randomTable = fc.record({
  columns: fc.uniqueArray(fc.record({ name, comment: text, value: text, codec: fc.boolean() }), {
    minLength: 1,
    maxLength: 6,
    selector: (column) => column.name,
  }),
  comment: text,
  keys: fc.nat(3),
  ttl: fc.boolean(),
});

/** A few databases with tables, and views of them. */
const randomSchema: fc.Arbitrary<ObjectSpec[]> = fc
  .record({
    databases: fc.uniqueArray(name, { minLength: 1, maxLength: 3 }),
    names: fc.uniqueArray(name, { minLength: 2, maxLength: 5 }),
    tables: fc.array(randomTable, { minLength: 1, maxLength: 4 }),
    literal: text,
  })
  .map(({ databases, names, tables, literal }) => {
    const declared = databases.filter((database) => database !== "default");
    const specs = declared.map((database) =>
      parseCreate(`CREATE DATABASE ${quoteIdentifier(database)} ENGINE = Atomic`),
    );
    for (const [at, database] of databases.entries()) {
      tables.slice(0, names.length - 1).forEach((table, index) => {
        const self = qualifiedName({ database, name: names[index] ?? "" });
        specs.push(parseCreate(tableText(self, table)));
      });
      const source = qualifiedName({ database: databases[(at + 1) % databases.length] ?? "", name: names[0] ?? "" });
      const view = qualifiedName({ database, name: names.at(-1) ?? "" });
      specs.push(
        parseCreate(`CREATE VIEW ${view} AS SELECT\n    1 AS a,\n    ${quoteString(literal)} AS b\nFROM ${source}`),
      );
    }
    return specs;
  });

function tableText(
  self: string,
  { columns, comment, keys, ttl }: typeof randomTable extends fc.Arbitrary<infer T> ? T : never,
): string {
  const lines = columns.map(
    (column) =>
      `    ${`\`${column.name.replaceAll("\\", "\\\\").replaceAll("`", "\\`")}\``} String DEFAULT ${quoteString(column.value)}` +
      `${column.comment.trim() === "" ? "" : ` COMMENT ${quoteString(column.comment)}`}${column.codec ? " CODEC(ZSTD(1))" : ""}`,
  );
  const orderBy = ["tuple()", "a", "(a, b)", "(a, f(b, c) DESC)"][keys];
  const tail = comment.trim() === "" ? "" : `\nCOMMENT ${quoteString(comment)}`;
  return `CREATE TABLE ${self}\n(\n${lines.join(",\n")}\n)\nENGINE = MergeTree\nORDER BY ${orderBy}${ttl ? "\nTTL a + 1, b + 2" : ""}\nSETTINGS index_granularity = 8192${tail}`;
}
