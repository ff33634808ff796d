import { dropServerDefaults, normalizeShown } from "../canonical/normal-form";
import type { ScratchEngine } from "../canonical/scratch-engine";
import { isStored } from "../canonical/stand-in";
import { diffObject } from "../kinds/object";
import { partHeld } from "../sql/access/grant-part";
import type { CollectionEntry, NamedCollectionSpec } from "../sql/access/named-collection";
import { Definition } from "../sql/definition";
import { withoutPasswords } from "../sql/dictionary-source";
import { parseCreate } from "../sql/parse";
import type { Lattice } from "../sql/rights/lattice";
import type { ObjectSpec } from "../sql/spec";
import { spelledAs } from "./spelling";

/** What comparing needs: an embedded engine, or the setting that there is none. */
export interface Comparer {
  readonly config: { readonly scratch: "embedded" | "off" };
  readonly scratch: Pick<ScratchEngine, "canonicalize" | "ask">;
}

/** An object on the server, as the server prints it. */
export interface LiveDefinition {
  readonly statement: string;
  /** See `LiveObject`. */
  readonly privileges?: Lattice;
}

/** A declaration beside the object on the server. */
export interface Comparison {
  /** Both mean the same, however they are spelled. */
  readonly same: boolean;
  /** As the engine prints it, secrets hidden; as declared where the engine could not be queried. */
  readonly declared: ObjectSpec;
  /** Likewise; undefined where the server's statement cannot be parsed. */
  readonly live: ObjectSpec | undefined;
  /** The engine was queried for the declaration: secrets in it, if any, are hidden. */
  readonly asked: boolean;
}

/** Whether a live object is what is declared, however either is spelled. */
export async function sameObject(comparer: Comparer, declared: Definition, live: LiveDefinition): Promise<boolean> {
  return (await compareObject(comparer, declared, live)).same;
}

/**
 * Compares a declaration with the object on the server: by their texts and, where these differ, in the canonical form of the scratch
 * engine. Costs nothing, or two statements there.
 */
export async function compareObject(
  comparer: Comparer,
  { spec: declared }: Definition,
  live: LiveDefinition,
): Promise<Comparison> {
  const existing = concerning(declared, live);
  if (existing === undefined || existing.kind !== declared.kind) {
    const shown = await canonicalShown(comparer, declared);
    return { same: false, declared: shown ?? declared, live: existing, asked: shown !== undefined };
  }
  const plain = normalizeShown(dropServerDefaults(existing, declared));
  if (isSame(plain, declared)) return { same: true, declared, live: plain, asked: false };
  const shown = await canonicalShown(comparer, declared);
  if (shown === undefined) return { same: false, declared, live: plain, asked: false };
  if (isSame(plain, shown)) return { same: true, declared: shown, live: plain, asked: true };
  const canonical = await canonicalShown(comparer, plain);
  const spelled = await spelledAs((sql) => comparer.scratch.ask(sql), canonical ?? plain, shown);
  return { same: isSame(spelled, shown), declared: shown, live: spelled, asked: true };
}

/** Not by text: after ALTERs, settings, indexes and the like have another order than after CREATE. */
function isSame(live: ObjectSpec, declared: ObjectSpec): boolean {
  return diffObject(live, declared).length === 0;
}

/**
 * The live object in the engine's canonical form, for inputs after drift. As the server prints it where that cannot be parsed.
 *
 * @param declared as in the state; what it leaves to the server is omitted.
 */
export async function liveDefinition(
  comparer: Comparer,
  { spec: declared }: Definition,
  live: LiveDefinition,
): Promise<Definition> {
  const existing = concerning(declared, live);
  if (existing === undefined) return Definition.read(live.statement);
  const plain = normalizeShown(dropServerDefaults(existing, declared));
  return Definition.of(await withSecrets(comparer, plain, declared));
}

/** The server hides secrets: if everything else in the engine clause is as declared, the declared clause replaces it. */
async function withSecrets(comparer: Comparer, plain: ObjectSpec, declared: ObjectSpec): Promise<ObjectSpec> {
  if ("entries" in plain) return "entries" in declared ? withDeclaredValues(plain, declared) : plain;
  const shown = await canonicalShown(comparer, plain);
  const spec = shown ?? plain;
  if ("attributes" in spec && "attributes" in declared) {
    const same = withoutPasswords(declared.source) === spec.source;
    return same ? { ...spec, source: declared.source } : spec;
  }
  if (!isStored(spec) || !isStored(declared) || !spec.storage?.engine?.includes("[HIDDEN]")) return spec;
  const own = await canonicalShown(comparer, declared);
  const same = own !== undefined && isStored(own) && own.storage?.engine === spec.storage.engine;
  const engine = declared.storage?.engine;
  return same && engine !== undefined ? { ...spec, storage: { ...spec.storage, engine } } : spec;
}

/** Values of a collection are never read, nor are its flags where the server does not show them. */
function withDeclaredValues(plain: NamedCollectionSpec, declared: NamedCollectionSpec): NamedCollectionSpec {
  const known = new Map(declared.entries.map((entry) => [entry.key, entry]));
  const entries = plain.entries.map(({ key, overridable: shown }): CollectionEntry => {
    const { value, overridable: own } = known.get(key) ?? {};
    const overridable = shown === "unknown" ? own : shown;
    return { key, ...(value !== undefined && { value }), ...(overridable !== undefined && { overridable }) };
  });
  return { ...plain, entries };
}

/** What a declaration is about: of all that a grantee has, a grant is about what it grants itself. */
function concerning(declared: ObjectSpec, live: LiveDefinition): ObjectSpec | undefined {
  const existing = parseLive(live);
  const { privileges } = live;
  if (existing?.kind !== "grant" || declared.kind !== "grant" || privileges === undefined) return existing;
  return { ...partHeld(privileges, existing, declared), name: existing.name };
}

/** Undefined if it cannot be parsed. */
export function parseLive(live: LiveDefinition): ObjectSpec | undefined {
  try {
    return parseCreate(live.statement);
  } catch {
    return undefined;
  }
}

async function canonicalShown(comparer: Comparer, spec: ObjectSpec): Promise<ObjectSpec | undefined> {
  if (comparer.config.scratch === "off") return undefined;
  // What the embedded engine cannot host is compared as spelled.
  const canonical = await comparer.scratch.canonicalize(spec).catch(() => undefined);
  return canonical?.shown.spec;
}
