import assert from "node:assert/strict";
import fc from "fast-check";
import { ScratchEngine } from "../../provider/src/canonical/scratch-engine";
import { confirmRollups } from "../../provider/src/cli/import/rollups";
import type { Connection } from "../../provider/src/connection/connection";
import { openScratch } from "../../provider/src/connection/scratch";
import { declareTable } from "../../provider/src/declare/table";
import { type FoundRollups, findRollups, generateProgram, partsOf } from "../../provider/src/generate";
import {
  defineLevel,
  defineRollup,
  levelColumns,
  levelTtl,
  type RollupShape,
  renderFill,
  renderLevelFill,
  renderLevelTarget,
  renderRead,
  renderTarget,
  type Source,
  type Target,
} from "../../provider/src/rollup";
import { keyOf, objectKey } from "../../provider/src/sql/object-key";
import { parseCreate } from "../../provider/src/sql/parse";
import { renderCreate } from "../../provider/src/sql/render";
import type { ObjectSpec } from "../../provider/src/sql/spec";
import { BASE, type Case, cases } from "../rollup/random-rollup";
import { byEffort } from "../support/effort";

/** Rollups that are tried. */
const RUNS = byEffort({ fast: 10, full: 40, soak: 2000 });

/** A rollup with what else its arguments can say of its layout. */
const rollups = fc
  .record({
    one: cases,
    first: fc.boolean(),
    reversed: fc.boolean(),
    hasReads: fc.boolean(),
    hasClauses: fc.boolean(),
    isSpread: fc.boolean(),
  })
  .map(({ one, first, reversed, hasReads, hasClauses, isSpread }) => {
    const { bucket, keys } = one.shape;
    const orderBy = [bucket.name, ...Object.keys(keys).reverse()];
    const shape: RollupShape = {
      ...one.shape,
      bucket: { ...bucket, first },
      ...(reversed && { orderBy }),
      ...(hasClauses && { columns: { [bucket.name]: { codec: "Delta, ZSTD(1)", comment: "it's `time`" } } }),
    };
    return { one, shape, hasReads, isSpread };
  });

describe("what Rollup makes", function () {
  this.timeout(Math.max(240_000, RUNS * 2_000));
  let engine: Connection;

  before(async () => {
    engine = await openScratch();
  });

  after(() => engine.close());

  it("is recognised as the Rollup that makes it, whatever its keys, measures, levels and layout", async () => {
    const levels = { made: 0, spread: 0 };
    await fc.assert(
      fc.asyncProperty(rollups, async ({ one, shape, hasReads, isSpread }) => {
        const specs = await makeAll(engine, one, shape, { hasReads, isSpread });
        const found = await confirm(specs);
        assert.deepEqual([...found.refused], []);
        const parts = found.rollups.flatMap((rollup) => partsOf(rollup).map(({ key }) => key));
        const made = specs.map(keyOf).filter((key) => !key.includes("base"));
        assert.deepEqual(parts.sort(), made.sort());
        assert.equal(found.rollups.length, 1);
        assert.equal(generateProgram(specs, { rollups: found.rollups }).rollups.length, 1);
        assert.equal(found.rollups[0]?.distributed, isSpread ? "main" : undefined);
        levels.made += one.levels.length;
        if (isSpread) levels.spread += 1;
      }),
      { numRuns: RUNS },
    );
    assert.ok(levels.made > 0 && levels.spread > 0);
  });
});

function engineFor(specs: readonly ObjectSpec[]): ScratchEngine {
  return new ScratchEngine(openScratch, async (key) => {
    const spec = specs.find((one) => keyOf(one) === key);
    return spec && renderCreate(spec);
  });
}

describe("what is no Rollup", () => {
  const refusalOf = (view: string, table = ""): string | undefined => {
    const specs = [
      `CREATE TABLE r.t (\`b\` DateTime, \`n\` SimpleAggregateFunction(max, String)${table}) ENGINE = AggregatingMergeTree PARTITION BY toYYYYMM(b) ORDER BY b`,
      `CREATE MATERIALIZED VIEW r.v TO r.t (\`b\` DateTime, \`n\` String) ${view}`,
    ].map((sql) => parseCreate(sql));
    return findRollups(specs, "me").refused.get(objectKey("r", "t"));
  };
  const query = "SELECT toStartOfHour(at) AS b, max(x) AS n FROM r.s GROUP BY b";

  for (const [name, view, reason, table] of [
    ["a secret in the query", `AS ${query.replace("x", "encrypt('aes', x, '[HIDDEN]')")}`, /`v` has a secret/],
    ["the rights of another user", `DEFINER = other SQL SECURITY DEFINER AS ${query}`, /the rights of another/],
    ["the rights of the reader", `SQL SECURITY INVOKER AS ${query}`, /the rights of another/],
    ["a column with a default", `AS ${query}`, /`d` of its table has a default/, ", `d` UInt8 DEFAULT 1"],
    [
      "another order of groups",
      `AS ${query.replace("GROUP BY b", "GROUP BY k, b").replace(" AS b", " AS b, k")}`,
      /another order/,
    ],
    ["no bucket", `AS ${query.replace("toStartOfHour(at)", "at")}`, /no time bucket/],
    ["what does not merge", `AS ${query.replace("max(x)", "stddevPop(x)")}`, /keeps no state that merges/],
    ["a maximum of some rows", `AS ${query.replace("max(x)", "maxIf(x, y)")}`, /a rollup keeps NULL there/],
    ["a join", `AS ${query.replace("r.s", "r.s INNER JOIN r.u USING (x)")}`, /joins tables/],
    ["a limit", `AS ${query} LIMIT 5`, /not as a rollup writes it/],
  ] as const) {
    it(`has ${name}, which is reported`, () => {
      assert.match(refusalOf(view, table) ?? "it is taken for one", reason);
    });
  }

  it("has none of that: the user's own rights, and a primary key that is the sorting key", () => {
    assert.equal(refusalOf(`DEFINER = me SQL SECURITY DEFINER AS ${query}`), undefined);
  });
});

async function confirm(specs: readonly ObjectSpec[]): Promise<FoundRollups> {
  const scratch = engineFor(specs);
  try {
    return await confirmRollups(scratch, findRollups(specs, "default"));
  } finally {
    await scratch.close();
  }
}

interface How {
  readonly hasReads: boolean;
  /** Over a cluster. */
  readonly isSpread: boolean;
}

async function makeAll(
  engine: Connection,
  one: Case,
  shape: RollupShape,
  { hasReads, isSpread }: How,
): Promise<ObjectSpec[]> {
  await engine.command("DROP DATABASE IF EXISTS r SYNC");
  await engine.command("CREATE DATABASE r");
  const specs: ObjectSpec[] = [];
  const scratch = engineFor(specs);
  const make = async (name: string, statement: string): Promise<ObjectSpec> => {
    await engine.command(statement);
    const [row] = await engine.query<{ statement: string }>(`SHOW CREATE TABLE ${name}`);
    const spec = parseCreate(row?.statement ?? "");
    specs.push(spec);
    return spec;
  };
  /** The table that readers read; there is no cluster here, so another engine takes its place. */
  const shownBy = async (name: string): Promise<string> => {
    if (!isSpread) return `r.${name}`;
    const stored = await make(
      `r.${name}_all`,
      `CREATE TABLE r.${name}_all ENGINE = Memory EMPTY AS SELECT * FROM r.${name}`,
    );
    const text = renderCreate(stored).replace("ENGINE = Memory", `ENGINE = Distributed('main', 'r', '${name}')`);
    specs.splice(specs.indexOf(stored), 1, parseCreate(text));
    return `r.${name}_all`;
  };
  const rollup = defineRollup(shape);
  const sources: Source[] = [];
  for (const name of one.twoSources ? ["r.base", "r.`other base`"] : ["r.base"]) {
    const table = await make(name, `CREATE TABLE ${name} ${BASE}`);
    sources.push({ name, ...(table.kind === "table" && { table }) });
  }
  const feeds = sources.map((source) => ({ rollup, source }));
  const columns = shape.columns;
  await make("r.t", await createTarget(scratch, "t", renderTarget(feeds), columns));
  for (const [index, feed] of feeds.entries())
    await make(`r.v${index}`, `CREATE MATERIALIZED VIEW r.v${index} TO r.t AS ${renderFill(feed)}`);
  const all = await shownBy("t");
  if (hasReads) await make("r.t_read", `CREATE VIEW r.t_read AS ${renderRead(rollup, all)}`);
  for (const every of one.levels) {
    const level = defineLevel(rollup, { every }, "cascade[0]");
    const ttl = levelTtl(level, rollup, sources[0]?.table, "r.base");
    const clauses = levelColumns({ rollup, level }, columns, undefined);
    await make(
      "r.level",
      await createTarget(scratch, "level", renderLevelTarget(level, { name: "r.t" }, ttl), clauses),
    );
    const fill = renderLevelFill(level, { name: "r.t" }, ttl);
    await make("r.level_mv", `CREATE MATERIALIZED VIEW r.level_mv TO r.level AS ${fill}`);
    const own = await shownBy("level");
    if (hasReads) await make("r.level_read", `CREATE VIEW r.level_read AS ${renderRead(level, own)}`);
  }
  await scratch.close();
  return specs;
}

/** With clauses of columns the engine has to say their types first. */
async function createTarget(
  scratch: ScratchEngine,
  name: string,
  { columnsFrom, orderBy, partitionBy, ttl }: Target,
  columns: RollupShape["columns"],
): Promise<string> {
  const storage = { engine: "AggregatingMergeTree", orderBy, partitionBy, settings: { allow_nullable_key: 1 } };
  const args = { ...storage, columnsFrom, ...(columns && { columns }), ...(ttl !== undefined && { ttl }) };
  return (await scratch.canonicalize(declareTable({ database: "r", name }, args))).definition.text;
}
