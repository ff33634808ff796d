import type { Connection } from "../connection/connection";
import { ServerError } from "../connection/errors";
import { quoteString } from "../sql/identifiers";

/**
 * Settings that change the type, the name or the text of what a statement gives. Tried on 26.7, one by one over a fixed set of statements,
 * as far as `flatten_nested` in the alphabet; those behind it are chosen by what they say. Those that begin with `allow_` or `enable_` are
 * taken over anyway. Not here: `data_type_default_nullable`, which this package sends itself, and what changes the answer of DESCRIBE alone.
 */
export const TYPE_SETTINGS: readonly string[] = [
  "aggregate_functions_null_for_empty",
  "any_join_distinct_right_table_keys",
  "asterisk_include_alias_columns",
  "asterisk_include_materialized_columns",
  "asterisk_include_virtual_columns",
  "cast_keep_nullable",
  "default_table_engine",
  "except_default_mode",
  "flatten_nested",
  "group_by_use_nulls",
  "intersect_default_mode",
  "join_default_strictness",
  "join_use_nulls",
  "session_timezone",
  "union_default_mode",
  "use_variant_as_common_type",
];

/** Names what of {@link TYPE_SETTINGS} a user's profile has changed. */
export function isTypeSetting(name: string): boolean {
  return TYPE_SETTINGS.includes(name);
}

/**
 * Makes the scratch engine allow what a server allows its user (suspicious codecs, deprecated syntax, experimental types and the like),
 * and give types as the server would. Costs one query on the server, and one statement on the engine for each such setting that was
 * changed there.
 *
 * @param engine with one session, for which the settings hold.
 */
export async function allowAs(engine: Connection, server: Connection): Promise<void> {
  const settings = await server.query<{ name: string; value: string }>(
    "SELECT name, value FROM system.settings WHERE changed AND (match(name, '^(allow|enable)_') OR name IN {names:Array(String)})",
    { names: [...TYPE_SETTINGS] },
  );
  for (const { name, value } of settings) {
    // A table of an engine that needs Keeper cannot stand here.
    if (name === "default_table_engine" && /^(?:Replicated|Shared|None)/.test(value)) continue;
    await engine.command(`SET ${name} = ${quoteString(value)}`).catch((error: unknown) => {
      // Another version may not know it.
      if (!(error instanceof ServerError)) throw error;
    });
  }
}
