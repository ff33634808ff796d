import { codesOf } from "../clickhouse/error-codes";
import type { Connection } from "../connection/connection";
import { ServerError } from "../connection/errors";
import { SchemaError } from "../errors";
import { literalOf, plainValue } from "../sql/access/limits";
import type { AccessSpec, LimitSpec } from "../sql/access/spec";
import { Definition } from "../sql/definition";
import { quoteIdentifier, quoteString } from "../sql/identifiers";
import { didYouMean } from "../util/near";
import type { Canonical } from "./canonical";

/** Names that no list of settings has: of MergeTree tables, and of users' own settings, whose prefix is up to the server. */
const ELSEWHERE = /^(?:merge_tree_|replicated_merge_tree_|SQL_|custom_)/;
/** No such setting, or the value cannot be its. Other errors come from running under it: a limit of one row, a timeout. */
const REFUSED = codesOf(
  "UNKNOWN_SETTING",
  "CANNOT_PARSE_INPUT_ASSERTION_FAILED",
  "BAD_ARGUMENTS",
  "TYPE_MISMATCH",
  "CANNOT_CONVERT_TYPE",
);

/**
 * Users, roles and the like are compared as data, and no engine of ours can create them: only values of settings have a spelling of the
 * engine's, which is asked for one after the other.
 *
 * @throws {ServerError} for a setting or a value that the engine does not know.
 */
export async function canonicalAccess(engine: Connection, spec: AccessSpec): Promise<Canonical> {
  const limits: LimitSpec[] = [];
  for (const one of "limits" in spec ? spec.limits : []) limits.push(await spelled(engine, one));
  const definition = Definition.of("limits" in spec ? { ...spec, limits } : spec);
  return { definition, shown: definition, fromServer: [] };
}

async function spelled(engine: Connection, limit: LimitSpec): Promise<LimitSpec> {
  const { name, value, min, max } = limit;
  if (ELSEWHERE.test(name)) return limit;
  const isText = await holdsText(engine, name);
  const spell = async (literal: string): Promise<string> => literalOf(await spellingOf(engine, name, literal), isText);
  return {
    ...limit,
    ...(value !== undefined && { value: await spell(value) }),
    ...(min !== undefined && { min: await spell(min) }),
    ...(max !== undefined && { max: await spell(max) }),
  };
}

async function holdsText(engine: Connection, name: string): Promise<boolean> {
  const [row] = await engine.query<{ type: string }>(
    `SELECT type FROM system.settings WHERE name = ${quoteString(name)}`,
  );
  if (row !== undefined) return row.type === "String";
  const known = await engine.query<{ name: string }>("SELECT name FROM system.settings");
  const near = didYouMean(
    name,
    known.map((one) => one.name),
  );
  throw new SchemaError(
    "engine-refuses",
    `settings.${name}: is no setting that ClickHouse ${engine.version} knows${near}`,
  );
}

/** The engine sets it for one query, and reads it there. */
async function spellingOf(engine: Connection, name: string, literal: string): Promise<string> {
  const set = `SETTINGS ${quoteIdentifier(name)} = ${literal}`;
  const questions = [
    `SELECT value FROM system.settings WHERE name = ${quoteString(name)} ${set}`,
    `SELECT toString(getSetting(${quoteString(name)})) AS value ${set}`,
  ];
  for (const question of questions) {
    try {
      const [row] = await engine.query<{ value: string }>(question);
      if (row !== undefined) return String(row.value);
    } catch (error) {
      if (!(error instanceof ServerError) || REFUSED.has(error.code)) throw error;
    }
  }
  return plainValue(literal);
}

/** A filter applies to what its own condition reads, so that never ends: the server refuses every SELECT (162). */
export function readsItself(name: string): SchemaError {
  return new SchemaError(
    "argument-invalid",
    `using: expected a condition that does not read the table that it filters, found one in ${name}. Read the rows that decide it from another table`,
  );
}
