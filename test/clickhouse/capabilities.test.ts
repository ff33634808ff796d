import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  CAPABILITIES,
  type Capabilities,
  type CapabilityName,
  capabilitiesOf,
  GREETING,
  type Greeting,
  missingFor,
  unsupported,
} from "../../provider/src/clickhouse/capabilities";
import { renderTable } from "../../provider/src/clickhouse/table";
import { openScratch } from "../../provider/src/connection/scratch";

const DOCS = join(__dirname, "../../docs/servers.md");
const BEGIN =
  "<!-- made from provider/src/clickhouse by test/clickhouse/capabilities.test.ts; UPDATE_DOCS=1 rewrites it -->";
const END = "<!-- end -->";
const NAMES = Object.keys(CAPABILITIES) as CapabilityName[];

/** A statement for each row that is refused where it is missing, and one like it that any server takes. */
const STATEMENTS: Partial<Record<CapabilityName, readonly [string, string]>> = {
  appendRefresh: [
    "CREATE MATERIALIZED VIEW d.v\nREFRESH EVERY 1 HOUR APPEND TO d.t\nAS SELECT 1 AS a",
    "CREATE MATERIALIZED VIEW d.v\nREFRESH EVERY 1 HOUR TO d.t\nAS SELECT APPEND FROM d.s",
  ],
  minmaxStatistics: [
    "ALTER TABLE d.t ADD STATISTICS `a` TYPE tdigest, minmax",
    "CREATE TABLE d.t\n(\n    `a` UInt8 STATISTICS(tdigest),\n    INDEX i a TYPE minmax\n)\nENGINE = MergeTree\nORDER BY a",
  ],
  uniqOfStrings: [
    "CREATE TABLE d.t\n(\n    `a` LowCardinality(Nullable(String)) STATISTICS(tdigest, uniq)\n)\nENGINE = Memory",
    "CREATE TABLE d.t\n(\n    `b` String,\n    `a` UInt8 STATISTICS(uniq)\n)\nENGINE = Memory",
  ],
  timeSeriesSamples: [
    "CREATE TABLE d.t\n(\n    `id` UUID\n)\nENGINE = TimeSeries\nSAMPLES d.s",
    "CREATE TABLE d.t\n(\n    `SAMPLES` UInt8\n)\nENGINE = Memory",
  ],
  basicStatistics: [
    "ALTER TABLE d.t ADD STATISTICS `a` TYPE basic",
    "CREATE TABLE d.t\n(\n    `basic` UInt8,\n    `a` UInt8 STATISTICS(uniq)\n)\nENGINE = Memory",
  ],
  textIndex: [
    "ALTER TABLE d.t ADD INDEX i s TYPE text(tokenizer = 'ngrams')",
    "CREATE TABLE d.t\n(\n    `text` String\n)\nENGINE = Memory",
  ],
  sparseGramsIndex: [
    "ALTER TABLE d.t ADD INDEX i s TYPE sparse_grams(3, 5, 1024, 2, 0)",
    "ALTER TABLE d.t ADD INDEX sparse_grams s TYPE ngrambf_v1(3, 1024, 2, 0)",
  ],
  databaseComment: ["ALTER DATABASE d MODIFY COMMENT 'x'", "ALTER TABLE d.t MODIFY COMMENT 'x'"],
  severalMethods: [
    "CREATE USER u IDENTIFIED WITH sha256_hash BY 'aa', kerberos",
    "CREATE USER u IDENTIFIED WITH sha256_hash BY 'aa, kerberos' HOST IP '::1', '127.0.0.1'",
  ],
  hostLikeAndRegexp: ["CREATE USER u HOST REGEXP 'a.*', LIKE 'b%'", "CREATE USER u HOST REGEXP 'a.*', 'b.*'"],
  urlOfCollection: [
    "CREATE TABLE d.t\n(\n    `a` UInt8\n)\nENGINE = URL(web, format = 'TSV')",
    "CREATE TABLE d.t\n(\n    `a` UInt8\n)\nENGINE = URL('http://a/', 'TSV')",
  ],
  projectionIndex: [
    "CREATE TABLE d.t\n(\n    `a` UInt8,\n    PROJECTION p INDEX a TYPE basic\n)\nENGINE = MergeTree\nORDER BY a",
    "CREATE TABLE d.t\n(\n    `a` UInt8,\n    INDEX p a TYPE minmax\n)\nENGINE = MergeTree\nORDER BY a",
  ],
  projectionSettings: [
    "ALTER TABLE d.t ADD PROJECTION p (SELECT a ORDER BY a) WITH SETTINGS (index_granularity = 1)",
    "CREATE TABLE d.t (a UInt8, PROJECTION p (SELECT a ORDER BY a)) ENGINE = MergeTree ORDER BY a SETTINGS index_granularity = 1",
  ],
};

describe("what a server can do", () => {
  it("is told by its parser, whatever its version says", () => {
    const probed = NAMES.filter((name) => "parses" in CAPABILITIES[name]);
    for (const [version, parses] of [
      ["20.1", 1],
      ["99.1", 0],
    ] as const) {
      const found = capabilitiesOf({ version, parses: probed.map(() => parses) });
      for (const name of probed) assert.equal(found[name], parses === 1, `${name} on ${version}`);
    }
  });

  it("is told by its version where the parser was not asked", () => {
    for (const name of NAMES) {
      const { since } = CAPABILITIES[name];
      assert.equal(capabilitiesOf({ version: `${since}.1.2` })[name], true, name);
      assert.equal(capabilitiesOf({ version: "23.8.1" })[name], false, name);
    }
  });

  it("is everything on the embedded engine, by the engine's own answer", async () => {
    const engine = await openScratch();
    try {
      const [greeting] = await engine.query<Greeting>(GREETING);
      assert.ok(
        greeting?.parses?.every((one) => one === 1),
        JSON.stringify(greeting),
      );
      for (const name of NAMES) assert.equal(engine.capabilities[name], true, name);
      assert.deepEqual(engine.capabilities.gates, { sent: [], closed: [] });
    } finally {
      await engine.close();
    }
  });

  it("is missed by what needs it, and by nothing else", () => {
    const [old, now] = [capabilitiesOf({ version: "24.8" }), capabilitiesOf({ version: "26.7" })];
    const refused = NAMES.filter((name) => "needed" in CAPABILITIES[name]);
    assert.deepEqual(Object.keys(STATEMENTS).sort(), [...refused].sort());
    for (const [name, [needs, other]] of Object.entries(STATEMENTS)) {
      const { since, what } = CAPABILITIES[name as CapabilityName];
      assert.deepEqual(missingFor(needs, old), [`${what} came with ClickHouse ${since}`]);
      assert.deepEqual(missingFor(needs, now), []);
      assert.deepEqual(missingFor(other, old), [], name);
    }
  });

  it("may be opened by a setting, which is sent where the user may set it and named where not", () => {
    const settings = (fixed: string) => [["allow_experimental_statistics", "0", fixed]] as const;
    const statement = "CREATE TABLE d.t (`a` UInt8 STATISTICS(tdigest)) ENGINE = MergeTree ORDER BY a";
    const of = (fixed: string): Capabilities => capabilitiesOf({ version: "25.8", settings: settings(fixed) });
    assert.deepEqual(of("0").gates, { sent: ["allow_experimental_statistics"], closed: [] });
    assert.deepEqual(missingFor(statement, of("0")), []);
    assert.deepEqual(of("1").gates, { sent: [], closed: ["allow_experimental_statistics"] });
    assert.deepEqual(missingFor(statement, of("1")), [
      "STATISTICS needs allow_experimental_statistics = 1, which this user may not set",
    ]);
    assert.deepEqual(missingFor("CREATE TABLE d.t (`a` UInt8) ENGINE = Memory", of("1")), []);
  });

  it("is too little on a server older than those that are tested, which is reported", () => {
    for (const version of ["24.8.1.1", "24.8", "25.3.2.1", "26.9.1.1"]) assert.equal(unsupported(version), undefined);
    for (const version of ["23.8.16.16", "24.3.1.1", "24.7.9.1"])
      assert.match(unsupported(version) ?? "", /older than 24\.8 LTS/);
  });

  it("is listed in docs/servers.md (UPDATE_DOCS=1 rewrites it)", () => {
    const text = readFileSync(DOCS, "utf8");
    const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
    assert.ok(from >= 0 && to > from, "the marks are there");
    const wanted = `${text.slice(0, from)}${BEGIN}\n${renderTable()}\n${text.slice(to)}`;
    if (process.env["UPDATE_DOCS"] === "1") writeFileSync(DOCS, wanted);
    else assert.equal(text, wanted);
  });
});
