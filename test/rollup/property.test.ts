import assert from "node:assert/strict";
import fc from "fast-check";
import type { Connection } from "../../provider/src/connection/connection";
import { openScratch } from "../../provider/src/connection/scratch";
import { declareTable } from "../../provider/src/declare/table";
import {
  defineLevel,
  defineRollup,
  type Feed,
  levelTtl,
  type Rollup,
  renderFill,
  renderLevelFill,
  renderLevelTarget,
  renderRead,
  renderTarget,
  renderTruth,
  type Target,
} from "../../provider/src/rollup";
import { backtick } from "../../provider/src/sql/identifiers";
import { parseCreate } from "../../provider/src/sql/parse";
import { renderCreate } from "../../provider/src/sql/render";
import { byEffort, EFFORT } from "../support/effort";
import { BASE, type Case, cases } from "./random-rollup";

/** Rollups that are tried. */
const RUNS = byEffort({ fast: 10, full: 60, soak: 2000 });

describe("any rollup over any rows in any inserts", function () {
  this.timeout(Math.max(240_000, RUNS * 3_000));
  let engine: Connection;

  before(async () => {
    engine = await openScratch();
  });

  after(() => engine.close());

  it("equals the truth before and after merges, on every level", async () => {
    const counts = { levels: 0, rows: 0 };
    const property = fc.asyncProperty(cases, (one) => tryRollup(engine, one, counts));
    await fc.assert(property, {
      numRuns: RUNS,
      // To look for a smaller one takes longer than to read the one there is.
      endOnFailure: EFFORT !== "soak",
    });
    if (RUNS > 100) console.log(`      ${JSON.stringify({ runs: RUNS, ...counts })}`);
    assert.ok(counts.levels > RUNS && counts.rows > RUNS, JSON.stringify(counts));
  });
});

async function tryRollup(engine: Connection, one: Case, counts: { levels: number; rows: number }): Promise<void> {
  await engine.command("DROP DATABASE IF EXISTS r SYNC");
  await engine.command("CREATE DATABASE r");
  const tables = one.twoSources ? ["r.base", "r.`other base`"] : ["r.base"];
  const rollup = defineRollup(one.shape);
  const feeds: Feed[] = [];
  for (const name of tables) {
    await engine.command(`CREATE TABLE ${name} ${BASE}`);
    const [row] = await engine.query<{ statement: string }>(`SHOW CREATE TABLE ${name}`);
    const table = parseCreate(row?.statement ?? "");
    assert.ok(table.kind === "table");
    feeds.push({ rollup, source: { name, table } });
  }
  await engine.command(createTarget("t0", renderTarget(feeds)));
  for (const [index, feed] of feeds.entries())
    await engine.command(`CREATE MATERIALIZED VIEW r.v0_${index} TO r.t0 AS ${renderFill(feed)}`);
  await engine.command(`CREATE VIEW r.read0 AS ${renderRead(rollup, "r.t0")}`);
  const levels = [{ rollup, every: one.shape.bucket.every }];
  for (const [index, every] of one.levels.entries()) {
    const level = defineLevel(levels[index]?.rollup ?? rollup, { every }, `cascade[${index}]`);
    const ttl = levelTtl(level, rollup, feeds[0]?.source.table, "r.base");
    const below = { name: `r.t${index}` };
    await engine.command(createTarget(`t${index + 1}`, renderLevelTarget(level, below, ttl)));
    const fill = renderLevelFill(level, below, ttl);
    await engine.command(`CREATE MATERIALIZED VIEW r.v${index + 1} TO r.t${index + 1} AS ${fill}`);
    await engine.command(`CREATE VIEW r.read${index + 1} AS ${renderRead(level, `r.t${index + 1}`)}`);
    levels.push({ rollup: level, every });
  }
  for (const index of levels.keys()) await engine.command(`SYSTEM STOP MERGES r.t${index}`);
  for (const [index, rows] of one.inserts.entries())
    await engine.command(`INSERT INTO ${tables[index % tables.length]} VALUES ${rows.join(", ")}`);
  const all = tables.map((name) => `SELECT * FROM ${name}`).join(" UNION ALL ");
  for (const round of ["before merges", "after merges"]) {
    for (const [index, level] of levels.entries()) {
      const truth = await rowsOf(engine, truthQuery(one, level.every, all));
      const seen = await rowsOf(engine, readQuery(one, level.rollup, `r.read${index}`, level.every));
      assertSame(one, seen, truth, `${round}, ${level.every}`);
      counts.levels += 1;
      counts.rows += truth.length;
    }
    const own = readQuery(one, rollup, `(${renderTruth(feeds)})`, one.shape.bucket.every);
    assertSame(
      one,
      await rowsOf(engine, own),
      await rowsOf(engine, truthQuery(one, one.shape.bucket.every, all)),
      "truth",
    );
    for (const index of levels.keys()) {
      await engine.command(`SYSTEM START MERGES r.t${index}`);
      await engine.command(`OPTIMIZE TABLE r.t${index} FINAL`);
    }
  }
}

function createTarget(name: string, { columnsFrom, orderBy, partitionBy, ttl }: Target): string {
  const settings = { allow_nullable_key: 1 };
  const storage = { engine: "AggregatingMergeTree", orderBy, partitionBy, settings };
  const args = { ...storage, columnsFrom, ...(ttl !== undefined && { ttl }) };
  return renderCreate(declareTable({ database: "r", name }, args));
}

type Row = Readonly<Record<string, string>>;

function rowsOf(engine: Connection, query: string): Promise<Row[]> {
  return engine.query<Row>(`${query} ORDER BY ALL`);
}

/** Keys and bucket as k0, k1 …, measures as m0, m1 …, all as text. */
function readQuery(one: Case, rollup: Rollup, from: string, every: string): string {
  const keys = [...rollup.keys.map(({ name }) => name), rollup.bucket.name].map(backtick);
  const at = isTime(every) ? "toUnixTimestamp" : "";
  const columns = [
    ...keys.map((name, index) => `${text(index === keys.length - 1 ? `${at}(${name})` : name)} AS k${index}`),
    ...Object.entries(one.expected).map(([name, { unordered }], index) => {
      const value = unordered ? `arraySort(${backtick(name)})` : backtick(name);
      return `${text(value)} AS m${index}`;
    }),
  ];
  return `SELECT ${columns.join(", ")} FROM ${from}`;
}

function truthQuery(one: Case, every: string, from: string): string {
  const offset = one.shape.bucket.timezone === "Asia/Kolkata" ? 19_800 : 0;
  const keys = [...Object.values(one.keys), bucketOf(every, offset)];
  const measures = Object.values(one.expected).map(({ truth, unordered, member }, index) => {
    if (member) return `arrayMap(one -> ${text("one")}, ${truth}) AS m${index}`;
    return `${text(unordered ? `arraySort(${truth})` : truth)} AS m${index}`;
  });
  const columns = [...keys.map((key, index) => `${text(key)} AS k${index}`), ...measures];
  const where = one.shape.where === undefined ? "" : ` WHERE ${one.shape.where}`;
  const groups = keys.map((_, index) => `k${index}`).join(", ");
  return `SELECT ${columns.join(", ")} FROM (${all(from)})${where} GROUP BY ${groups}`;
}

/** What is shown as `ts` without a time zone of its own would hide an error. */
function all(from: string): string {
  return `SELECT * FROM (${from})`;
}

function isTime(every: string): boolean {
  return /second|minute|hour/.test(every);
}

/** Computed from the Unix time, so that nothing of the functions of the rollup is trusted. */
function bucketOf(every: string, offset: number): string {
  const local = `(toUnixTimestamp(ts) + ${offset})`;
  const seconds: Record<string, number> = { second: 1, minute: 60, hour: 3600, day: 86_400 };
  const [, count = "1", unit = ""] = /^(\d+)?\s*([a-z]+?)s?$/.exec(every) ?? [];
  const width = Number(count) * (seconds[unit] ?? 0);
  if (isTime(every)) return `intDiv(${local}, ${width}) * ${width} - ${offset}`;
  const day = `toDate(intDiv(${local}, 86400))`;
  if (unit === "week") return `${day} - ((intDiv(${local}, 86400) + 3) % 7)`;
  const format = { day: "%Y-%m-%d", month: "%Y-%m-01", year: "%Y-01-01" }[unit];
  return `formatDateTime(${day}, '${format}')`;
}

function text(expression: string): string {
  return `ifNull(toString(${expression}), 'NULL')`;
}

function assertSame(one: Case, seen: readonly Row[], truth: readonly Row[], what: string): void {
  const members = Object.values(one.expected).map(({ member }) => member === true);
  const shown = (row: Row, isTruth: boolean, other: Row | undefined): Row =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => {
        const isMember = name.startsWith("m") && members[Number(name.slice(1))];
        if (!isMember || !isTruth) return [name, value];
        const values = value as unknown as string[];
        const found = other?.[name] ?? "";
        return [name, values.includes(found) || (values.length === 0 && found === "NULL") ? found : `one of ${values}`];
      }),
    );
  assert.deepEqual(
    seen,
    truth.map((row, index) => shown(row, true, seen[index])),
    what,
  );
}
