import { copyFeatureFlags } from "../canonical/feature-flags";
import { dropServerDefaults } from "../canonical/normal-form";
import { holdsRows } from "../clickhouse/engines";
import type { Connection } from "../connection/connection";
import { ServerError } from "../connection/errors";
import { SchemaError } from "../errors";
import { introspectServer } from "../introspect/server";
import { diffObject } from "../kinds/object";
import { targetsOf } from "../lineage/sources";
import type { Preview } from "../report";
import { keyOf, quotedName } from "../sql/object-key";
import type { ObjectSpec } from "../sql/spec";
import { type Act, actsOf } from "./acts";
import { concernedBy, incrementalViews, type Objects, rootsOf } from "./concerned";
import { estimatesOf } from "./estimate";
import { type Observed, observe } from "./observe";
import { type Outcome, play } from "./play";
import { type Sample, Sampler } from "./read-sample";
import { compareReadings, type ReaderComparison } from "./readers";
import { type InsertReport, type ReaderReport, type Rehearsal, type Remark, remarks } from "./result";
import { saidBy, withoutRows } from "./said";
import { DEFAULT_LIMITS, type Limits } from "./sampling";
import type { Scene } from "./scene";
import { Stage } from "./stage";
import { type Fit, fitsOf } from "./values";

/** How to rehearse. */
export interface RehearseOptions {
  /** Default: {@link DEFAULT_LIMITS}. */
  readonly limits?: Limits;
  /** Is told what is done, one line at a time. */
  readonly tell?: (line: string) => void;
}

/**
 * Plays a saved preview on embedded engines, with the server's own objects and a sample of its rows. On the server nothing is written, and
 * nothing is read but system tables and the samples.
 *
 * @throws {ConnectionError} when the server cannot be reached any more, {SchemaError} when there is no embedded engine.
 */
export async function rehearse(
  server: Connection,
  preview: Preview,
  { limits = DEFAULT_LIMITS, tell = () => undefined }: RehearseOptions = {},
): Promise<Rehearsal> {
  const began = Date.now();
  const { managed } = await introspectServer(server);
  const live = new Map<string, ObjectSpec>(managed.map(({ key, spec }) => [key, spec]));
  const engines = new Map(managed.map(({ key, live: { engine } }) => [key, engine]));
  const acts = actsOf(preview, { objects: live, capabilities: server.capabilities });
  const base = { server: server.url, version: server.version };
  if (acts.length === 0)
    return {
      ...base,
      samples: [],
      statements: [],
      values: [],
      inserts: [],
      estimates: [],
      readers: [],
      notes: [],
      gaps: [],
      seconds: 0,
    };
  const unseen = acts.flatMap(({ from, key }) => (from === undefined || live.has(key) ? [] : [[key, from] as const]));
  const { downstream, objects } = concernedBy(acts, new Map([...live, ...unseen]));
  const { gaps, notes, samples } = await readSamples(new Sampler(server, limits), objects, engines, tell);
  for (const [key] of unseen)
    gaps.push({
      object: quotedName(key),
      message: "the server does not show it to this user: it is as in the preview, without rows",
    });
  const scene: Scene = {
    objects,
    samples,
    ...(await clockOf(server)),
    version: server.version,
    prepare: (engine) => copyFeatureFlags(engine, server),
  };
  const played = await playBoth(scene, acts, downstream, tell).catch((error: unknown) => {
    // Its words may quote a row.
    if (!(error instanceof ServerError)) throw error;
    throw new SchemaError(
      "engine-refuses",
      `the embedded engine refuses a query of the rehearsal: ${withoutRows(saidBy(error)).message}`,
    );
  });
  tell("measuring what takes time by the rows");
  const { estimates, unknown } = await estimatesOf(server, scene, acts);
  return {
    ...base,
    engine: played.engine,
    samples: [...samples].map(([key, { rows, total }]) => ({
      object: quotedName(key),
      rows: rows.length,
      ...(total !== undefined && { total }),
    })),
    statements: played.outcomes,
    values: played.values,
    inserts: played.inserts,
    readers: played.readers,
    estimates,
    notes: [...notes, ...driftNotes(acts, live), ...remarks([...played.standIns, ...unknown])],
    gaps: [...gaps, ...remarks(played.missing)],
    seconds: (Date.now() - began) / 1000,
  };
}

interface Samples {
  readonly samples: ReadonlyMap<string, Sample>;
  readonly notes: Remark[];
  readonly gaps: Remark[];
}

/** One table after the other, so that the server has room for others. */
async function readSamples(
  sampler: Sampler,
  objects: Objects,
  engines: ReadonlyMap<string, string>,
  tell: (line: string) => void,
): Promise<Samples> {
  const samples = new Map<string, Sample>();
  const [notes, gaps]: [Remark[], Remark[]] = [[], []];
  for (const [key, spec] of objects) {
    const engine = engines.get(key);
    if (engine === undefined || !storesRows(spec)) continue;
    const object = quotedName(key);
    tell(`reading a sample of ${object}`);
    const found = await sampler.read(key, spec.kind === "table" ? engine : "");
    if ("reason" in found) gaps.push({ object, message: found.reason });
    else {
      samples.set(key, found);
      notes.push(...found.notes.map((message) => ({ object, message })));
    }
  }
  if (sampler.isUnlimited)
    notes.push({
      object: "the server",
      message: "this user's settings are read-only: time and memory of the samples were not limited, only rows",
    });
  return { samples, notes, gaps };
}

function storesRows(spec: ObjectSpec): boolean {
  if (spec.kind === "table") return holdsRows(spec.storage.engine);
  return spec.kind === "materializedView" && spec.to === undefined;
}

async function clockOf(server: Connection): Promise<Pick<Scene, "moment" | "timezone">> {
  const [row] = await server.query<{ zone: string; now: string }>(
    "SELECT timezone() AS zone, toString(toUnixTimestamp64Milli(now64(3))) AS now",
  );
  return { moment: Number(row?.now ?? Date.now()), timezone: row?.zone ?? "UTC" };
}

interface Played {
  readonly engine: string;
  readonly outcomes: readonly Outcome[];
  readonly values: readonly Fit[];
  readonly inserts: readonly InsertReport[];
  readonly readers: readonly ReaderReport[];
  readonly standIns: Stage["standIns"];
  readonly missing: Stage["missing"];
}

/** The same on two stages, one of which plays the preview. */
async function playBoth(
  scene: Scene,
  acts: readonly Act[],
  downstream: ReadonlySet<string>,
  tell: (line: string) => void,
): Promise<Played> {
  const views = incrementalViews([...scene.objects.values(), ...acts.flatMap(({ to }) => to ?? [])]);
  const roots = rootsOf(views, new Set(scene.samples.keys()));
  const again = new Map([...scene.samples].filter(([key]) => roots.has(key)));
  tell("reading before the changes");
  const before = await Stage.open(scene);
  let values: Fit[];
  let old: Observed;
  try {
    values = await fitsOf(before, acts);
    old = await observe(before, (key) => downstream.has(key), again);
  } finally {
    await before.close();
  }
  tell("playing the changes");
  const after = await Stage.open(scene);
  try {
    const outcomes = await play(after, acts);
    tell("reading after the changes");
    const now = await observe(after, (key) => downstream.has(key), again);
    const changed = changedBy(acts);
    const keyNow = (key: string): string => after.keyNow(key);
    const report = (one: ReaderComparison): ReaderReport => reportOf(one, scene.objects, changed);
    return {
      engine: after.engine.version,
      outcomes,
      values,
      inserts: insertsOf(old, now),
      readers: [
        ...compareReadings(old.readings, now.readings, keyNow),
        ...compareReadings(old.written, now.written, keyNow),
      ].map(report),
      standIns: after.standIns,
      missing: after.missing,
    };
  } finally {
    await after.close();
  }
}

/** Keys of what the preview changes, and of what a view that it changes writes to. */
function changedBy(acts: readonly Act[]): ReadonlySet<string> {
  const specs = acts.flatMap(({ from, to }) => [from, to].flatMap((spec) => spec ?? []));
  const targets = specs.flatMap((spec) => (spec.kind === "materializedView" ? targetsOf(spec) : []));
  return new Set([...acts.map(({ key }) => key), ...specs.map(keyOf), ...targets]);
}

function reportOf({ key, ...rest }: ReaderComparison, objects: Objects, changed: ReadonlySet<string>): ReaderReport {
  const kind = objects.get(key)?.kind;
  return { ...rest, object: quotedName(key), ...(kind !== undefined && { kind }), changed: changed.has(key) };
}

function insertsOf(before: Observed, after: Observed): InsertReport[] {
  return before.inserts.map(({ error, key, rows }) => {
    const later = after.inserts.find((one) => one.key === key)?.error;
    return {
      object: quotedName(key),
      rows,
      ...(error !== undefined && { before: error }),
      ...(later !== undefined && { after: later }),
    };
  });
}

/** Somebody else has changed an object since the preview. */
function driftNotes(acts: readonly Act[], live: Objects): Remark[] {
  return acts.flatMap(({ from, key, name }) => {
    const now = live.get(key);
    if (from === undefined || now === undefined || now.kind !== from.kind) return [];
    if (diffObject(from, dropServerDefaults(now, from)).length === 0) return [];
    return [{ object: name, message: "is not on the server as the preview saw it: run the preview again" }];
  });
}
