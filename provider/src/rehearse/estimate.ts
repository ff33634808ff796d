import { performance } from "node:perf_hooks";
import { isMergeTreeFamily } from "../clickhouse/engines";
import type { Connection } from "../connection/connection";
import { ServerError } from "../connection/errors";
import { isAccessDenied } from "../connection/server-message";
import { backtick } from "../sql/identifiers";
import { keyOf, keyParts, quotedName } from "../sql/object-key";
import type { ObjectSpec, SettingSpec, TableSpec } from "../sql/spec";
import type { Act } from "./acts";
import { extrapolateBytes, extrapolateSeconds, type Measure, type Sizes, type Whole } from "./extrapolate";
import { playProtocol } from "./protocols";
import type { Sample } from "./read-sample";
import { saidBy, withoutRows } from "./said";
import type { Scene, Shortfall } from "./scene";
import { Stage } from "./stage";

/** What the steps of a table are expected to take on the whole of it. */
export interface Estimate {
  /** Quoted name. */
  readonly object: string;
  /** Of the whole, on the server. */
  readonly rows: number;
  /** Time to rewrite or copy, on a machine as this one, without other load. */
  readonly seconds: number;
  /** Compressed bytes, before and after. */
  readonly bytes: Sizes;
}

/** Uncompressed bytes that are tried: enough to take longer than what does not grow. */
const TRIED_BYTES = 96 * 1024 ** 2;
const MOST_ROWS = 4_000_000;
/** Parts that are tried at most: a server rewrites several at a time. */
const MOST_PARTS = 8;

/** Wide parts, so that a column is rewritten by itself, as in large tables. */
const WIDE: readonly SettingSpec[] = [
  { name: "min_bytes_for_wide_part", value: "0" },
  { name: "min_rows_for_wide_part", value: "0" },
];

/** Estimates, and what could not be estimated. */
export interface Estimates {
  readonly estimates: readonly Estimate[];
  readonly unknown: readonly Shortfall[];
}

/** Estimates what takes time by the rows: steps that rewrite parts or copy rows of MergeTree tables. */
export async function estimatesOf(server: Connection, scene: Scene, acts: readonly Act[]): Promise<Estimates> {
  const estimates: Estimate[] = [];
  const unknown: Shortfall[] = [];
  for (const act of acts) {
    const spec = scene.objects.get(act.key);
    const sample = scene.samples.get(act.key);
    const grows = act.op === "update" && act.steps.some(({ grows }) => grows);
    if (!grows || sample === undefined || sample.rows.length === 0 || !isMeasured(spec)) continue;
    const whole = await wholeOf(server, act.key);
    if (whole === undefined || whole.rows === 0) continue;
    const measured = await measure(scene, act, spec, sample, whole).catch((error: unknown) => {
      if (!(error instanceof ServerError)) throw error;
      unknown.push({ key: act.key, reason: `no estimate of time and bytes: ${withoutRows(saidBy(error)).message}` });
      return undefined;
    });
    if (measured === undefined) continue;
    estimates.push({
      object: act.name,
      rows: whole.rows,
      seconds: extrapolateSeconds(measured.empty, measured.filled, whole),
      bytes: { before: whole.bytes, after: extrapolateBytes(measured.sizes, whole) },
    });
  }
  return { estimates, unknown };
}

function isMeasured(spec: ObjectSpec | undefined): spec is TableSpec {
  return spec?.kind === "table" && isMergeTreeFamily(spec.storage.engine);
}

interface Counted extends Whole {
  readonly rows: number;
  readonly parts: number;
}

async function wholeOf(server: Connection, key: string): Promise<Counted | undefined> {
  const { database, name = "" } = keyParts(key);
  const [row] = await server
    .query<Record<"rows" | "raw" | "bytes" | "parts", string>>(SIZES, { database, name })
    .catch((error: unknown) => {
      if (isAccessDenied(error)) return [];
      throw error;
    });
  if (row === undefined) return undefined;
  return { rows: Number(row.rows), raw: Number(row.raw), bytes: Number(row.bytes), parts: Number(row.parts) };
}

const SIZES = `SELECT sum(rows) AS rows, sum(data_uncompressed_bytes) AS raw, sum(data_compressed_bytes) AS bytes, count() AS parts
FROM system.parts WHERE active AND database = {database:String} AND table = {name:String}`;

interface Measured {
  readonly empty: Measure;
  readonly filled: Measure;
  readonly sizes: Sizes;
}

/**
 * Runs the steps without rows, on the sample for its size, and on copies of it for the time.
 *
 * @throws {ServerError} when one of them fails.
 */
async function measure(scene: Scene, act: Act, spec: TableSpec, sample: Sample, whole: Counted): Promise<Measured> {
  const empty = await runOn(scene, act, spec, sample, 0, 1);
  const once = await runOn(scene, act, spec, sample, 1, 1);
  const tried = Math.min(TRIED_BYTES, whole.raw);
  const copies = Math.floor(Math.min(tried / Math.max(1, once.raw), MOST_ROWS / sample.rows.length));
  const parts = Math.min(whole.parts, MOST_PARTS, copies);
  const filled = copies <= 1 ? once : await runOn(scene, act, spec, sample, copies, parts);
  return { empty, filled, sizes: once.sizes };
}

async function runOn(
  scene: Scene,
  act: Act,
  spec: TableSpec,
  sample: Sample,
  copies: number,
  parts: number,
): Promise<Measure & { readonly sizes: Sizes }> {
  const table = plainTable(spec);
  const objects = new Map<string, ObjectSpec>([...scene.objects].filter(([, one]) => "expression" in one));
  objects.set(act.key, table);
  const stage = await Stage.open({ ...scene, objects, samples: new Map() });
  try {
    await stage.engine.command("SET max_threads = 0");
    if (copies > 0) await fill(stage, act.key, table, sample, copies, parts);
    const before = await sizeOf(stage, act.key);
    const began = performance.now();
    for (const { run } of act.steps) {
      if (run.kind === "statements")
        for (const sql of run.statements)
          if (sql.startsWith(`ALTER TABLE ${quotedName(act.key)}`)) await stage.engine.command(sql);
      if (run.kind === "protocol")
        await playProtocol(stage, run.step.kind === "rebuild" ? { ...run.step, to: wide(run.step.to) } : run.step);
    }
    const seconds = (performance.now() - began) / 1000;
    const after = await sizeOf(stage, act.to === undefined ? act.key : keyOf(act.to));
    return { raw: before.raw, seconds, sizes: { before: before.bytes, after: after.bytes } };
  } finally {
    await stage.close();
  }
}

/** Copies of a row must not be merged into one. */
function plainTable(spec: TableSpec): TableSpec {
  const { ttl: _, ...storage } = spec.storage;
  return wide({ ...spec, constraints: [], storage: { ...storage, engine: "MergeTree" } });
}

function wide(spec: TableSpec): TableSpec {
  const names = new Set(["storage_policy", "disk", ...WIDE.map(({ name }) => name)]);
  const settings = spec.storage.settings.filter(({ name }) => !names.has(name));
  return { ...spec, storage: { ...spec.storage, settings: [...settings, ...WIDE] } };
}

async function fill(
  stage: Stage,
  key: string,
  table: TableSpec,
  sample: Sample,
  copies: number,
  parts: number,
): Promise<void> {
  const source = "default._rehearsed_rows";
  await stage.engine.command("CREATE DATABASE IF NOT EXISTS default");
  const columns = sample.columns.map(({ name, type }) => `${backtick(name)} ${type}`).join(", ");
  await stage.engine.command(`CREATE TABLE ${source} (${columns}) ENGINE = Memory`);
  const names = sample.columns.map(({ name }) => name);
  await stage.insert("default\0_rehearsed_rows", sample, names);
  const own = new Set(table.columns.map(({ name }) => name));
  const list = names.flatMap((name) => (own.has(name) || name.includes(".") ? [backtick(name)] : [])).join(", ");
  for (let part = 0; part < parts; part++)
    await stage.engine.command(
      `INSERT INTO ${quotedName(key)} (${list}) SELECT ${list} FROM ${source} CROSS JOIN numbers(${Math.ceil(copies / parts)}) AS copies ` +
        "SETTINGS max_insert_block_size = 100000000, min_insert_block_size_rows = 100000000, min_insert_block_size_bytes = 0",
    );
  await stage.engine.command(`DROP TABLE ${source} SYNC`);
}

async function sizeOf(stage: Stage, key: string): Promise<{ raw: number; bytes: number }> {
  const { database, name = "" } = keyParts(key);
  const [row] = await stage.engine.query<{ raw: string; bytes: string }>(SIZES, { database, name });
  return { raw: Number(row?.raw ?? 0), bytes: Number(row?.bytes ?? 0) };
}
