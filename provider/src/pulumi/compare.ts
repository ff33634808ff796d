import { withoutAdditions, withoutBrackets } from "../canonical/normal-form";
import { isStored } from "../canonical/stand-in";
import { diffObject } from "../diff";
import type { LiveObject } from "../introspect/live";
import { parseCreate } from "../sql/parse";
import { renderCreate } from "../sql/render";
import type { ObjectSpec } from "../sql/spec";
import type { Context } from "./context";

/** Whether a live object is what `statement` says, however either is spelled. */
export async function sameObject(context: Context, statement: string, live: LiveObject): Promise<boolean> {
  const declared = parseCreate(statement);
  const standing = parseLive(live);
  if (standing === undefined || standing.kind !== declared.kind) return false;
  const plain = withoutBrackets(withoutAdditions(standing, declared));
  if (isSame(plain, declared)) return true;
  const shown = parsed(await canonicalShown(context, declared));
  if (shown === undefined) return false;
  if (isSame(plain, shown)) return true;
  const canonical = parsed(await canonicalShown(context, plain));
  return canonical !== undefined && isSame(canonical, shown);
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
export async function liveStatement(context: Context, declared: string, live: LiveObject): Promise<string> {
  const standing = parseLive(live);
  if (standing === undefined) return live.statement;
  const intended = parseCreate(declared);
  const plain = withoutBrackets(withoutAdditions(standing, intended));
  return renderCreate(await withSecrets(context, plain, intended));
}

/** The server hides secrets: where all else in the engine is as declared, what is declared stands for them. */
async function withSecrets(context: Context, plain: ObjectSpec, declared: ObjectSpec): Promise<ObjectSpec> {
  const shown = await canonicalShown(context, plain);
  const spec = shown === undefined ? plain : parseCreate(shown);
  if (!isStored(spec) || !isStored(declared) || !spec.storage?.engine?.includes("[HIDDEN]")) return spec;
  const hidden = await canonicalShown(context, declared);
  const own = hidden === undefined ? undefined : parseCreate(hidden);
  const same = own !== undefined && isStored(own) && own.storage?.engine === spec.storage.engine;
  const engine = declared.storage?.engine;
  return same && engine !== undefined ? { ...spec, storage: { ...spec.storage, engine } } : spec;
}

function parseLive(live: LiveObject): ObjectSpec | undefined {
  try {
    return parseCreate(live.statement);
  } catch {
    return undefined;
  }
}

async function canonicalShown(context: Context, spec: ObjectSpec): Promise<string | undefined> {
  if (context.config.scratch === "off") return undefined;
  // What the scratch engine cannot host is compared as it is spelled.
  const canonical = await context.world.canonicalize(spec).catch(() => undefined);
  return canonical?.shown;
}
