import { ERROR_CODES } from "../clickhouse/error-codes";
import type { Connection } from "../connection/connection";
import { ServerError } from "../connection/errors";
import { isUnknownDatabase, isUnknownTable } from "../connection/server-message";
import { renderCreate } from "../sql/render";
import type { ObjectSpec } from "../sql/spec";
import { hostable } from "./hostable";
import { columnsUnknown, externalDependency, externalSources, type LocalEquivalent, localKinds } from "./outside";
import { isStored, standIns } from "./stand-in";
import { isAbout, isUnsupportedLocally, refuseTypo } from "./unsupported-locally";

/** How an object was created on the embedded engine. */
export interface Hosted {
  /** What was created in its place. */
  readonly standIn?: LocalEquivalent;
  readonly reason?: string;
  /** It was not created as written, so the engine has not hidden its secrets. */
  readonly isOutside?: boolean;
}

/**
 * Runs the CREATE; an object that this machine cannot host, or that would reach out, is replaced by its nearest local kind.
 *
 * @throws {ServerError} with the engine's words when it refuses.
 */
export async function hostOn(engine: Connection, spec: ObjectSpec, statement: string): Promise<Hosted> {
  const outside = externalDependency(spec);
  if (outside !== undefined) return hostOutside(engine, spec, statement, outside);
  try {
    await engine.command(hostable(spec, statement));
    return {};
  } catch (error) {
    if (!isUnsupportedLocally(error) || !isStored(spec)) throw error;
    await refuseTypo(engine, error);
    return hostNearest(engine, standIns(spec), error);
  }
}

async function hostOutside(engine: Connection, spec: ObjectSpec, statement: string, reason: string): Promise<Hosted> {
  const unknown = new ServerError(columnsUnknown(reason), ERROR_CODES.BAD_ARGUMENTS, statement);
  const kinds = localKinds(spec);
  if (kinds.length === 0) throw unknown;
  return { ...(await hostNearest(engine, kinds, unknown, externalSources(spec))), reason, isOutside: true };
}

/**
 * @param away keys of sources that may legitimately be missing here.
 * @throws {ServerError} `refusal` when this machine hosts none of them; any other error about one of them applies to the object itself.
 */
async function hostNearest(
  engine: Connection,
  kinds: readonly LocalEquivalent[],
  refusal: ServerError,
  away: readonly string[] = [],
): Promise<Hosted> {
  for (const standIn of kinds) {
    try {
      await engine.command(hostable(standIn, renderCreate(standIn)));
      return { standIn, reason: refusal.message };
    } catch (error) {
      if (isMissingSource(error) && away.some((name) => isAbout(error, name))) continue;
      if (!isUnsupportedLocally(error)) throw error;
      await refuseTypo(engine, error);
    }
  }
  throw refusal;
}

/** Whether the engine lacks an object that the statement names. */
export function isMissingSource(error: unknown): error is ServerError {
  return error instanceof ServerError && (isUnknownTable(error) || isUnknownDatabase(error));
}
