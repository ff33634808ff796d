import { withoutAdditions, withoutBrackets } from "../canonical/normal-form";
import { isStored } from "../canonical/stand-in";
import type { World } from "../canonical/world";
import { diffObject } from "../diff";
import { parseCreate } from "../sql/parse";
import { renderCreate } from "../sql/render";
import type { ObjectSpec } from "../sql/spec";

/** What comparing needs: a scratch engine, or the word that there is none. */
export interface Comparer {
  readonly config: { readonly scratch: "embedded" | "off" };
  readonly world: Pick<World, "canonicalize">;
}

/** What stands on the server, in its own words. */
export interface Standing {
  readonly statement: string;
}

/** A declaration beside what stands on the server. */
export interface Comparison {
  /** They mean the same, however either is spelled. */
  readonly same: boolean;
  /** As the engine shows it, secrets hidden; as it is declared where the engine could not be asked. */
  readonly declared: ObjectSpec;
  /** Likewise; undefined where the server's words cannot be parsed. */
  readonly live: ObjectSpec | undefined;
  /** The engine was asked for the declaration: its secrets, if it has any, are hidden. */
  readonly asked: boolean;
}

/** Whether a live object is what `statement` says, however either is spelled. */
export async function sameObject(comparer: Comparer, statement: string, live: Standing): Promise<boolean> {
  return (await compareObject(comparer, statement, live)).same;
}

/**
 * Compares a declaration with what stands on the server: as the texts are, and where these differ in the canonical form of the
 * scratch engine. Costs nothing, or two statements there.
 *
 * @param statement a CREATE statement that can be parsed.
 */
export async function compareObject(comparer: Comparer, statement: string, live: Standing): Promise<Comparison> {
  const declared = parseCreate(statement);
  const standing = parseLive(live);
  if (standing === undefined || standing.kind !== declared.kind) {
    const shown = await canonicalShown(comparer, declared);
    return { same: false, declared: parsed(shown) ?? declared, live: standing, asked: shown !== undefined };
  }
  const plain = withoutBrackets(withoutAdditions(standing, declared));
  if (isSame(plain, declared)) return { same: true, declared, live: plain, asked: false };
  const shown = parsed(await canonicalShown(comparer, declared));
  if (shown === undefined) return { same: false, declared, live: plain, asked: false };
  if (isSame(plain, shown)) return { same: true, declared: shown, live: plain, asked: true };
  const canonical = parsed(await canonicalShown(comparer, plain));
  const same = canonical !== undefined && isSame(canonical, shown);
  return { same, declared: shown, live: canonical ?? plain, asked: true };
}

/** Not by text: ALTERs leave settings, indexes and the like in another order than CREATE. */
function isSame(live: ObjectSpec, declared: ObjectSpec): boolean {
  return diffObject(live, declared).length === 0;
}

function parsed(statement: string | undefined): ObjectSpec | undefined {
  return statement === undefined ? undefined : parseCreate(statement);
}

/**
 * The live object as a statement in the engine's canonical form, for inputs after drift.
 *
 * @param declared what the state says; what it leaves to the server is left out.
 */
export async function liveStatement(comparer: Comparer, declared: string, live: Standing): Promise<string> {
  const standing = parseLive(live);
  if (standing === undefined) return live.statement;
  const intended = parseCreate(declared);
  const plain = withoutBrackets(withoutAdditions(standing, intended));
  return renderCreate(await withSecrets(comparer, plain, intended));
}

/** The server hides secrets: where all else in the engine is as declared, what is declared stands for them. */
async function withSecrets(comparer: Comparer, plain: ObjectSpec, declared: ObjectSpec): Promise<ObjectSpec> {
  const shown = await canonicalShown(comparer, plain);
  const spec = shown === undefined ? plain : parseCreate(shown);
  if (!isStored(spec) || !isStored(declared) || !spec.storage?.engine?.includes("[HIDDEN]")) return spec;
  const hidden = await canonicalShown(comparer, declared);
  const own = hidden === undefined ? undefined : parseCreate(hidden);
  const same = own !== undefined && isStored(own) && own.storage?.engine === spec.storage.engine;
  const engine = declared.storage?.engine;
  return same && engine !== undefined ? { ...spec, storage: { ...spec.storage, engine } } : spec;
}

/** Undefined for what cannot be parsed. */
export function parseLive(live: Standing): ObjectSpec | undefined {
  try {
    return parseCreate(live.statement);
  } catch {
    return undefined;
  }
}

async function canonicalShown(comparer: Comparer, spec: ObjectSpec): Promise<string | undefined> {
  if (comparer.config.scratch === "off") return undefined;
  // What the scratch engine cannot host is compared as it is spelled.
  const canonical = await comparer.world.canonicalize(spec).catch(() => undefined);
  return canonical?.shown;
}
