import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { openScratch } from "../../provider/src/connection/scratch";
import { EFFORT } from "../support/effort";
import { EXCEPTIONS, PLAIN } from "./exceptions";
import { featuresOf } from "./features";
import type { Journey, Outcome } from "./journey";
import { exceptionsText } from "./report";
import { journeysOf, problemsIn, sharesTable, sortOf } from "./shares";
import { CORPUS, corpusGroups, ownGroups } from "./statements";

const DOCS = path.resolve(__dirname, "../../docs/import.md");

/** Engines that need another system, or what a configuration file defines, to exist at all; and views. */
const NOT_HERE =
  /^(?:Replicated|Shared)|Queue$|^(?:AzureBlobStorage|DeltaLake|Hudi|Iceberg|Paimon|Arrow\w*|COSN|OSS|GCS|HDFS|Hive|YTsaurus)|^(?:Distributed|ExternalDistributed|FileLog|GraphiteMergeTree|JDBC|KeeperMap|MaterializedPostgreSQL|NATS|SQLite|Loop|Remote\w*|QueryRunner|FuzzQuery|\w*View)/;
/** What a table cannot have a column of, what is like a type that is there, and what the engine shows by another name. */
const NO_COLUMN =
  /^(?:Nothing|Object|Interval(?!Day)\w*|Set|AggregateFunctionState|DateTime32|Decimal(?:32|64|128|256)|Enum)$/;

describe("every kind of object, from a live server to code and back", function () {
  this.timeout(600_000);
  let journeys: Journey[] = [];
  let outcomes: Outcome[] = [];

  before(async () => {
    ({ journeys, outcomes } = await journeysOf(ownGroups()));
    console.log(sharesTable(journeys, ({ live }) => [sortOf(live)]));
  });

  it("is made by the server as the statements say", () => {
    assert.deepEqual(
      outcomes.flatMap(({ refused }) => [...refused].map(([sql, problem]) => `${problem}: ${sql}`)),
      [],
    );
  });

  it("is imported, compiled, adopted, previewed, refreshed and made again without a difference", () => {
    assert.deepEqual(problemsIn(journeys), []);
  });

  it("is expressed by arguments, except for what the manual lists", () => {
    const plain = journeys.flatMap(({ name, plain: reason }) => (reason === undefined ? [] : [{ name, reason }]));
    assert.deepEqual(
      plain.filter(({ reason }) => PLAIN[reason] === undefined),
      [],
    );
    assert.ok(plain.length < 0.05 * journeys.length, JSON.stringify(plain));
  });

  it("has every engine and type that this engine knows and can host", async () => {
    const found = new Set(
      journeys.flatMap(({ live }) => (live === undefined ? [] : [sortOf(live), ...featuresOf(live)])),
    );
    const engine = await openScratch();
    try {
      const names = async (sql: string): Promise<string[]> => {
        const rows = await engine.query<{ name: string }>(sql);
        return rows.map(({ name }) => name).sort();
      };
      const engines = await names("SELECT name FROM system.table_engines");
      assert.deepEqual(
        engines.filter((name) => !NOT_HERE.test(name) && !found.has(`table ${name}`)),
        [],
      );
      const types = await names("SELECT name FROM system.data_type_families WHERE alias_to = ''");
      assert.deepEqual(
        types.filter((name) => !NO_COLUMN.test(name) && !found.has(`type ${name}`)),
        [],
      );
    } finally {
      await engine.close();
    }
  });
});

describe("the corpus of real DDL, from a live server to code and back", function () {
  this.timeout(900_000);

  it("comes back as it was, but for known exceptions", async function () {
    const groups = corpusGroups(EFFORT === "soak");
    if (groups.length === 0) {
      console.log(`      skipped: no folder ${CORPUS}; set CORPUS_DIR`);
      this.skip();
    }
    const { journeys } = await journeysOf(groups);
    console.log(sharesTable(journeys, ({ live }) => [sortOf(live)]));
    const known = new Map(EXCEPTIONS.map(({ name, steps }) => [name, steps]));
    assert.deepEqual(
      problemsIn(journeys).filter(({ name, step }) => known.get(name)?.includes(step) !== true),
      [],
    );
    assert.deepEqual(
      journeys
        .filter(({ plain }) => plain !== undefined && PLAIN[plain] === undefined)
        .map(({ name, plain }) => [name, plain]),
      [],
    );
    // An exception that is none any more has to go from the list, too.
    const gone = journeys.filter(({ name, problems }) => problems.size === 0 && known.has(name));
    assert.deepEqual(
      gone.map(({ name }) => name),
      [],
    );
    assert.ok(journeys.length > 50);
  });
});

describe("docs/import.md", () => {
  it("lists the exceptions (UPDATE_DOCS=1 rewrites them)", () => {
    const text = readFileSync(DOCS, "utf8");
    const updated = text.replace(/(<!-- exceptions -->\n)[\s\S]*?(<!-- end -->)/, `$1${exceptionsText()}$2`);
    if (process.env["UPDATE_DOCS"] === "1") writeFileSync(DOCS, updated);
    else assert.equal(text, updated);
  });
});
