import { copyFeatureFlags } from "../canonical/feature-flags";
import { digest } from "../canonical/fingerprint";
import { externalDependency } from "../canonical/outside";
import { ScratchEngine } from "../canonical/scratch-engine";
import type { Connection } from "../connection/connection";
import { openScratch } from "../connection/scratch";
import type { Change } from "../diff";
import { messageOf } from "../errors";
import { ServerCatalog } from "../introspect/server-catalog";
import { HiddenError } from "../introspect/visibility";
import { kindOf } from "../kinds";
import { diffObject } from "../kinds/object";
import { Definition } from "../sql/definition";
import { keyParts, quotedName } from "../sql/object-key";
import { renderCreate } from "../sql/render";
import type { ObjectKind } from "../sql/spec";
import { textDiff } from "../sql/text-diff";
import { alignTo } from "./align";
import { type Comparer, compareObject } from "./compare";
import { type Found, readServer, type Server, silentAmong } from "./read-server";
import { ALL, whereItIs } from "./spread";
import type { StoredObject } from "./state";
import { operationsOn } from "./unfinished";

/** How an object in the state compares with the server. */
export type DriftStatus = "in-sync" | "drifted" | "missing" | "not-compared";

/** One object in the state. */
export interface ObjectDrift {
  /** Qualified and quoted; the resource's name where the object's is unknown. */
  readonly name: string;
  readonly kind: ObjectKind;
  readonly urn: string;
  readonly status: DriftStatus;
  /** Part of it is secret: `changes` and `diff` contain nothing of its statement. */
  readonly secret: boolean;
  /** The differences, from declared to live. Empty where the kinds differ, and for secret objects. */
  readonly changes: readonly Change[];
  /** The kinds of difference (`column-retyped`), for secret objects too. */
  readonly differs: readonly string[];
  /** Unified diff of the two texts; absent for secret objects. */
  readonly diff?: string;
  /** Why it was not compared, or what the server has instead. */
  readonly reason?: string;
  /** The user may not see it: `reason` names the missing privilege. */
  readonly hidden?: true;
}

/** An object on the server that is missing from the state, in one of the state's databases. */
export interface Extra {
  /** See `sql/object-key.ts`. */
  readonly key: string;
  readonly name: string;
  /** `table`, `view`, `materializedView`, or a kind that this package does not manage: `dictionary`, … */
  readonly kind: string;
}

/** The result of {@link findDrift}. Both lists are sorted by name. */
export interface Drift {
  readonly objects: readonly ObjectDrift[];
  readonly unmanaged: readonly Extra[];
  /** Why there is no embedded engine although one was requested: objects are then compared as spelled. */
  readonly unchecked?: string;
  /** Hosts of the cluster that did not answer: what they have is unknown. */
  readonly silent: readonly string[];
}

/** Options of {@link findDrift}. */
export interface DriftSearch {
  /** Keys of everything in the state: anything else is unmanaged. Default: the keys of the objects. */
  readonly known?: ReadonlySet<string>;
  /** Opens the engine on which texts are compared. Default: an embedded one. */
  readonly scratch?: () => Promise<Connection>;
}

/**
 * Compares a state with the server, in the same way as `pulumi refresh`: a text that is unchanged since the last write is no drift; any
 * other is compared in the canonical form of an embedded engine. Costs five queries, whatever the number of objects, plus some for each
 * database that has seen a rebuild or a rename, plus two or four statements on the embedded engine for each object whose text changed.
 *
 * @throws {ConnectionError} when the server is unreachable.
 */
export async function findDrift(
  connection: Connection,
  objects: readonly StoredObject[],
  options: DriftSearch = {},
): Promise<Drift> {
  const { known = new Set(objects.flatMap(({ key }) => key ?? [])), scratch: openEngine = openScratch } = options;
  const alone = new Set(objects.flatMap(({ cluster, key }) => (cluster === undefined && key ? [key] : [])));
  const live = new ServerCatalog(
    async () => connection,
    (key) => alone.has(key),
  );
  const server = await readServer(connection, live, objects, alone);
  const stored = new Map(objects.map((object) => [object.key, object]));
  const lookUp = async (key: string): Promise<string | undefined> => {
    const found = server.found.get(key)?.statement ?? (await live.peek(key))?.statement;
    return found ?? stored.get(key)?.statement;
  };
  let unchecked: string | undefined;
  const open = async (): Promise<Connection> => {
    const engine = await openEngine().catch((error: unknown) => {
      unchecked = messageOf(error);
      throw error;
    });
    if (/^https?:/.test(connection.url)) await copyFeatureFlags(engine, connection);
    return engine;
  };
  const scratch = new ScratchEngine(open, lookUp, undefined, () => true);
  try {
    const comparer: Comparer = { config: { scratch: "embedded" }, scratch };
    const results: ObjectDrift[] = [];
    for (const object of objects)
      results.push(await certain(live, object, await spreadOf(comparer, server.found, object)));
    const explained = await explain(connection, objects, results);
    return {
      objects: explained.sort(byName),
      unmanaged: extras(server, objects, known),
      ...(unchecked && { unchecked }),
      silent: silentAmong(server),
    };
  } finally {
    await scratch.close();
  }
}

/** An object that the user may not see is not reported as missing. */
async function certain(live: ServerCatalog, { key = "" }: StoredObject, drift: ObjectDrift): Promise<ObjectDrift> {
  if (drift.status !== "missing") return drift;
  try {
    if ((await live.find(key)) === undefined) return drift;
    const reason = `${quotedName(key)}: exists, but the lists of the server did not show it. Run again; if that persists, a row policy hides its database`;
    return { ...drift, status: "not-compared", hidden: true, reason };
  } catch (error) {
    if (!(error instanceof HiddenError)) throw error;
    return { ...drift, status: "not-compared", hidden: true, reason: error.message };
  }
}

/** An unfinished operation explains a difference. */
async function explain(
  connection: Connection,
  objects: readonly StoredObject[],
  results: readonly ObjectDrift[],
): Promise<ObjectDrift[]> {
  const isOther = ({ status }: ObjectDrift): boolean => status === "drifted" || status === "missing";
  const others = objects.filter((_, index) => results.slice(index, index + 1).some(isOther));
  if (others.length === 0) return [...results];
  const databases = new Set(others.map(({ key = "" }) => keyParts(key).database));
  const operations = await operationsOn(connection, databases);
  return results.map((result, index) => {
    const operation = isOther(result) ? operations.get(objects[index]?.key ?? "") : undefined;
    if (operation === undefined) return result;
    return { ...result, reason: [result.reason, operation].filter(Boolean).join("; ") };
  });
}

/** On a cluster, what some hosts lack or have otherwise is drift as well. */
async function spreadOf(
  comparer: Comparer,
  server: ReadonlyMap<string, Found>,
  object: StoredObject,
): Promise<ObjectDrift> {
  const drift = await driftOf(comparer, server, object);
  const { spread } = server.get(object.key ?? "") ?? {};
  const isKnown = drift.status === "in-sync" || drift.status === "drifted";
  if (spread === undefined || object.statement === undefined || !isKnown) return drift;
  const hosts = await whereItIs(comparer, Definition.read(object.statement), { spread: { ...spread, silent: [] } });
  if (hosts === ALL) return drift;
  const reason = [drift.reason, hosts].filter(Boolean).join("; ");
  return { ...drift, status: "drifted", differs: [...drift.differs, "hosts"], reason };
}

async function driftOf(
  comparer: Comparer,
  server: ReadonlyMap<string, Found>,
  object: StoredObject,
): Promise<ObjectDrift> {
  const { urn, kind, key, statement, observed } = object;
  const name = key === undefined ? (urn.split("::").at(-1) ?? urn) : quotedName(key);
  const base = { name, kind, urn, secret: object.secret, changes: [], differs: [] };
  if (key === undefined) return { ...base, status: "not-compared", reason: object.secret ? ENCRYPTED : INCOMPLETE };
  const live = server.get(key);
  if (live === undefined) return { ...base, status: "missing" };
  if (observed === digest(live.statement)) return { ...base, status: "in-sync" };
  if (statement === undefined)
    return { ...base, status: "not-compared", reason: object.secret ? ENCRYPTED : INCOMPLETE };
  const compared = await compareObject(comparer, Definition.read(statement), live);
  if (compared.same) return { ...base, status: "in-sync" };
  if (!compared.asked && live.statement.includes("[HIDDEN]")) {
    return { ...base, status: "not-compared", reason: HIDDEN };
  }
  const { declared, live: existing } = compared;
  // Normally the engine hides secrets, but it has not been queried.
  const secret = object.secret || (!compared.asked && externalDependency(declared) !== undefined);
  const after = existing === undefined ? live.statement : renderCreate(existing);
  if (existing?.kind !== declared.kind) {
    const reason = `a ${live.foreign ?? wordOf(existing?.kind)} of this name exists there`;
    const diff = secret ? {} : { diff: textDiff(renderCreate(declared), after, "declared", "live") };
    return { ...base, secret, status: "drifted", differs: ["kind"], reason, ...diff };
  }
  const changes = diffObject(declared, existing);
  const differs = [...new Set(changes.map((change) => change.kind))];
  if (secret) return { ...base, secret, status: "drifted", differs };
  const text = renderCreate(alignTo(declared, existing, changes));
  return {
    ...base,
    status: "drifted",
    changes,
    differs,
    diff: textDiff(renderCreate(declared), text, "declared", "live"),
  };
}

const ENCRYPTED =
  "its statement is encrypted in the state; compare it with `pulumi stack export --show-secrets | clickhouse-schema drift --state -`";
const INCOMPLETE = "the state holds no statement of it; run `pulumi up` once";
const HIDDEN = "the server hides a secret of it, and there is no embedded engine (chdb) to compare it on";

function wordOf(kind: ObjectKind | undefined): string {
  return kind === undefined ? "thing of another kind" : kindOf(kind).word;
}

/** Only in databases that are in the state: others belong to somebody else. */
function extras(
  { objects: { managed, unmanaged } }: Server,
  objects: readonly StoredObject[],
  known: ReadonlySet<string>,
): Extra[] {
  const databases = new Set(
    objects.flatMap(({ kind, key }) => (kindOf(kind).scope === "itself" && key !== undefined ? [key] : [])),
  );
  const found = [...managed.map(({ key, spec }) => ({ key, kind: spec.kind as string })), ...unmanaged];
  return found
    .filter(({ key }) => !known.has(key) && keyParts(key).name !== undefined && databases.has(keyParts(key).database))
    .map(({ key, kind }) => ({ key, name: quotedName(key), kind }))
    .sort(byName);
}

/** By code units, so that every machine gives the same order. */
function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
