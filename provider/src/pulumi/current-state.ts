import { sameTableEngine } from "../canonical/engine-arguments";
import { dropServerDefaults } from "../canonical/normal-form";
import { isStored } from "../canonical/stand-in";
import { liveDefinition, parseLive } from "../drift/compare";
import { SchemaError } from "../errors";
import type { LiveObject } from "../introspect/live-object";
import { kindOf, kindOfUrn } from "../kinds";
import { diffObject } from "../kinds/object";
import { Definition } from "../sql/definition";
import { isInNoDatabase, keyNamed, keyOf, keyParts, objectKey, quotedName } from "../sql/object-key";
import { parseHeader } from "../sql/parse";
import type { ObjectKind, ObjectSpec } from "../sql/spec";
import type { Context } from "./context";
import { isSameGrantee } from "./grants";
import type { Outs } from "./state";

/** What a change starts from. */
export interface CurrentState {
  readonly spec: ObjectSpec;
  /** Undefined if the server could not be reached; the state is used instead. */
  readonly live: LiveObject | undefined;
}

/** How to look for an object: `asked` is false if the server could not be reached. */
export type Look = (key: string) => Promise<{ readonly asked: boolean; readonly live?: LiveObject | undefined }>;

/**
 * The existing object: on the server under its old name or, if a rename was already done, the new one.
 *
 * @throws {SchemaError} when it is gone, or something else has the new name.
 */
export async function readCurrent(
  context: Context,
  look: Look,
  stored: Partial<Outs> & { statement: string },
  to: ObjectSpec,
): Promise<CurrentState> {
  const [oldKey, newKey] = [keyOfStored(stored), keyOf(to)];
  const [old, renamed] = [await look(oldKey), oldKey === newKey ? undefined : await look(newKey)];
  const known = Definition.read(stored.statement);
  if (!old.asked || renamed?.asked === false) return { spec: known.spec, live: undefined };
  const isOne = isSameGrantee(oldKey, newKey) || (renamed?.live !== undefined && isHalfMoved(renamed.live, to));
  if (old.live !== undefined && renamed?.live !== undefined && !isOne) {
    if (kindOf(to.kind).isOf !== undefined)
      throw new SchemaError(
        "name-taken",
        `${quotedName(oldKey)}: its grants cannot become those of ${quotedName(newKey)}, because both exist. Declare them for ${quotedName(newKey)} in a ` +
          "resource of another name, and remove or change this one",
      );
    throw new SchemaError(
      "name-taken",
      `${quotedName(oldKey)}: cannot become ${quotedName(newKey)}, because something of that name exists on the server. ` +
        "Rename or drop it, or choose another name",
    );
  }
  const live = old.live ?? renamed?.live;
  if (live === undefined) {
    throw new SchemaError(
      "object-missing",
      `${quotedName(oldKey)}: is in the state but gone from the server. Run \`pulumi refresh\`; the next \`pulumi up\` creates it again`,
    );
  }
  // Without an embedded engine, statements are as the user spelled them, so they only compare with what the user wrote before.
  if (context.config.scratch === "off") return { spec: asSpelled(known.spec, to), live };
  // Secrets that the server hides are taken from the state; what the declaration leaves open is left out.
  const spec = withLiveEngine((await liveDefinition(context, known, live)).spec, parseLive(live));
  return { spec: dropServerDefaults(spec, to), live };
}

/** A row policy moves to another table as a new one, and then the old one is dropped: an earlier run got no further than the first. */
function isHalfMoved(live: LiveObject, to: ObjectSpec): boolean {
  const spec = to.kind === "rowPolicy" ? parseLive(live) : undefined;
  return spec !== undefined && diffObject(spec, to).length === 0;
}

/** The new declaration may name an engine that the state leaves to the server: then the server's counts. */
function withLiveEngine(spec: ObjectSpec, live: ObjectSpec | undefined): ObjectSpec {
  if (live === undefined || !isStored(spec) || !isStored(live) || spec.storage === undefined) return spec;
  const engine = live.storage?.engine;
  const isOwn = engine !== undefined && sameTableEngine(engine, spec.storage.engine);
  return isOwn ? { ...spec, storage: { ...spec.storage, engine } } : spec;
}

/** Leaves out what an earlier embedded engine added to every table. */
function asSpelled(stored: ObjectSpec, to: ObjectSpec): ObjectSpec {
  if (stored.kind !== "table" || to.kind !== "table") return stored;
  const name = "index_granularity";
  if (to.storage.settings.some((setting) => setting.name === name)) return stored;
  const settings = stored.storage.settings.filter((one) => one.name !== name || one.value !== "8192");
  return { ...stored, storage: { ...stored.storage, settings } };
}

/** The key of a stored object. */
export function keyOfStored({
  database,
  name = "",
  statement,
  urn,
}: Partial<Outs> & { readonly urn?: string }): string {
  if (database !== undefined) return objectKey(database, name);
  const kind = urn === undefined ? kindOfStatement(statement) : kindOfUrn(urn);
  return kind === undefined ? objectKey(name) : keyNamed(kind, undefined, name);
}

function kindOfStatement(statement: string | undefined): ObjectKind | undefined {
  return statement?.startsWith("CREATE ") ? parseHeader(statement).kind : undefined;
}

/** The qualified name of an object within a database; undefined for a database. */
export function tableOf(key: string): { database: string; name: string } | undefined {
  const { database, name } = keyParts(key);
  return name === undefined || isInNoDatabase(key) ? undefined : { database, name };
}
