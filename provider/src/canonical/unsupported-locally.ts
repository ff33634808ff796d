import { codesOf, ERROR_CODES } from "../clickhouse/error-codes";
import type { Connection } from "../connection/connection";
import { ServerError } from "../connection/errors";
import { isUnknownDatabase, isUnknownSetting } from "../connection/server-message";
import { keyParts } from "../sql/object-key";
import { didYouMean } from "../util/near";

/** Codes that mean "not on this machine" rather than "wrong". */
const NOT_HERE = codesOf(
  "UNKNOWN_STORAGE",
  // E.g. one of a managed service.
  "UNKNOWN_SETTING",
  // E.g. no <zookeeper>.
  "NO_ELEMENTS_IN_CONFIG",
  "NO_ZOOKEEPER",
  "UNKNOWN_POLICY",
  "UNKNOWN_DISK",
  "CLUSTER_DOESNT_EXIST",
  "KEEPER_EXCEPTION",
);
/** A limit of the server's configuration, e.g. of its pools, which has no error code of its own. */
const CONFIGURED = /\bconfig\.xml\b/;

/** A name that is close to one this engine knows is a typo, not another server's engine or setting. */
export function isUnsupportedLocally(error: unknown): error is ServerError {
  if (!(error instanceof ServerError)) return false;
  if (error.code === ERROR_CODES.BAD_ARGUMENTS) return CONFIGURED.test(error.message);
  return NOT_HERE.has(error.code) && !error.message.includes("Maybe you meant");
}

/**
 * A setting that this engine does not know may be another version's or service's, unless it is close to one that it does know.
 *
 * @throws {ServerError} with what was probably meant.
 */
export async function refuseTypo(engine: Connection, error: ServerError): Promise<void> {
  const setting = isUnknownSetting(error) ? /Unknown setting '(\w+)'/.exec(error.message)?.[1] : undefined;
  if (setting === undefined) return;
  const known = await engine.query<{ name: string }>("SELECT name FROM system.merge_tree_settings");
  const hint = didYouMean(
    setting,
    known.map(({ name }) => name),
  );
  if (hint !== "") throw new ServerError(`${error.message}${hint}`, error.code, error.sql, { cause: error });
}

/** Whether it is this object or its database that the engine lacks. */
export function isAbout(error: ServerError, key: string): boolean {
  const { database, name = database } = keyParts(key);
  const names: string[] = error.message.match(/[\p{L}\p{N}_]+/gu) ?? [];
  return names.includes(isUnknownDatabase(error) ? database : name);
}
