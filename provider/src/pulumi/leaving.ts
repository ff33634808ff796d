import { refuseDrop } from "../apply/drop";
import { counted, rowsHeld } from "../apply/rows-held";
import { liveDefinition, parseLive } from "../drift/compare";
import { SchemaError } from "../errors";
import type { LiveObject } from "../introspect/live-object";
import { diffObject } from "../kinds/object";
import { policyOn } from "../sql/access/references";
import type { Definition } from "../sql/definition";
import { isInNoDatabase, keyOf, quotedName } from "../sql/object-key";
import type { ObjectSpec } from "../sql/spec";
import type { Context } from "./context";
import { keyOfStored } from "./current-state";
import { dropOptions } from "./removal";
import { whatItsDropMeans } from "./row-policies";
import { type Request, readLeaving, readStored } from "./state";

/**
 * Reports at preview, on each one's row, what its removal would do: be refused, or drop how many rows. Changes nothing.
 *
 * @param request the objects of the state that the program no longer declares, as the program sends them.
 */
export async function previewRemovals(context: Context, request: unknown): Promise<void> {
  const leaving = readLeaving(request).filter((one) => !context.checked.has(keyOfStored(one)));
  const keys = new Set(leaving.map(keyOfStored));
  for (const one of leaving) {
    const key = keyOfStored(one);
    const options = dropOptions(context, readStored({ ...one }));
    try {
      const live = await context.reachableLive(one.urn, key);
      if (live === undefined) continue;
      const connection = await context.connection();
      const ends = (other: string): boolean => keys.has(other) || context.checked.has(other);
      await refuseDrop(connection, context.live, key, options, ends);
      const policy = parseLive(live);
      if (policy?.kind === "rowPolicy" && !keys.has(policyOn(policy)))
        await context.log.warn(
          one.urn,
          `${quotedName(key)}: will be dropped. ${await whatItsDropMeans(connection, policy)}.`,
        );
      await tellOfPolicies(context, one.urn, key, keys);
      const rows = await rowsHeld(connection, live);
      if (rows !== 0)
        await context.log.warn(
          one.urn,
          `${quotedName(key)}: will be dropped with ${rowsText(rows, live)}, as allowed.`,
        );
    } catch (error) {
      if (!(error instanceof SchemaError)) throw error;
      await context.log.warn(one.urn, `\`pulumi up\` will refuse this removal. ${error.message}`);
    }
  }
}

/** Policies are bound to a name: a new table that gets it is filtered by them. */
async function tellOfPolicies(context: Context, urn: string, key: string, leaving: ReadonlySet<string>): Promise<void> {
  if (isInNoDatabase(key)) return;
  const left = [...(await context.live.allEntities("rowPolicy").catch(() => new Map<string, LiveObject>())).values()]
    .filter((one) => !leaving.has(one.key))
    .flatMap((one) => {
      const spec = parseLive(one);
      return spec?.kind === "rowPolicy" && policyOn(spec) === key ? [spec.name] : [];
    });
  if (left.length === 0) return;
  await context.log.warn(
    urn,
    `${quotedName(key)}: row policies stay on the server, and would filter a new table of this name: ${left.join(", ")}. ` +
      `Drop them afterwards: ${left.map((name) => `DROP ROW POLICY ${name}`).join("; ")}.`,
  );
}

/**
 * A table under a new resource name is a new table: existing rows would stay in the old one, and later ones go to the new one.
 *
 * @throws {SchemaError} when an object that leaves the program has rows and the columns of this new one.
 */
export async function refuseSplit(context: Context, declared: Definition, request: Request): Promise<void> {
  const { spec: to } = declared;
  if (to.kind !== "table" && !(to.kind === "materializedView" && to.to === undefined)) return;
  for (const one of request.leaving) {
    const key = keyOfStored(one);
    const live = context.checked.has(key) ? undefined : await context.reachableLive(request.urn, key);
    if (live === undefined || !(await isAlike(context, declared, live))) continue;
    const rows = await rowsHeld(await context.connection(), live);
    if (rows === 0) continue;
    const problem =
      `${quotedName(keyOf(to))}: is new, and ${quotedName(key)}, which has the same columns and holds ${rowsText(rows, live)}, leaves the program: ` +
      "the rows would stay in the old table. If it is the same table under another name, say so in the options of the resource, and it is renamed " +
      `with its rows: ${aliasOf(one.urn, request.urn)}. If it is another table, add it and remove the old one in two runs`;
    if (!dropOptions(context, readStored({ ...one })).allowed) throw new SchemaError("resource-renamed", problem);
    await context.log.warn(request.urn, problem);
  }
}

/** Whether the live object is one of this kind with these columns. */
async function isAlike(context: Context, declared: Definition, live: LiveObject): Promise<boolean> {
  try {
    const { spec: to } = declared;
    const { spec: from } = await liveDefinition(context, declared, live);
    if (from.kind !== to.kind || !("database" in to)) return false;
    const { database, name } = to;
    const changes = diffObject({ ...from, database, name } as ObjectSpec, to);
    return !changes.some(({ kind }) => kind.startsWith("column-") || kind === "query");
  } catch {
    // A statement that this package cannot parse is not one of its tables.
    return false;
  }
}

/** The alias: just the name, if the rest of the URN is the same. */
function aliasOf(old: string, now = ""): string {
  const parts = (urn: string): [string, string] => {
    const [, scope = "", name = ""] = /^(.*?::.*?::.*?)::(.*)$/s.exec(urn) ?? [];
    return [scope, name];
  };
  const [[scope, name], [other]] = [parts(old), parts(now)];
  return `aliases: [${scope === other ? `{ name: ${JSON.stringify(name)} }` : JSON.stringify(old)}]`;
}

function rowsText(rows: number | undefined, live: LiveObject): string {
  if (rows === undefined) return "rows, perhaps (its engine does not count them)";
  return rows === 1 ? "1 row" : `${counted(rows, live)} rows`;
}
