import type { Connection } from "../connection/connection";
import { ServerError } from "../connection/errors";
import { quoteString } from "../sql/identifiers";

/**
 * Settings that change the type, the name or the text of what a statement returns, found by a test over all of `system.settings`
 * (`test/canonical/type-settings.test.ts`, which also says what is left out and why). Those that begin with `allow_` or `enable_` are
 * copied anyway.
 */
export const TYPE_SETTINGS: readonly string[] = [
  "aggregate_functions_null_for_empty",
  "analyzer_compatibility_join_using_top_level_identifier",
  "any_join_distinct_right_table_keys",
  "asterisk_include_alias_columns",
  "asterisk_include_materialized_columns",
  "asterisk_include_virtual_columns",
  "cast_keep_nullable",
  "default_table_engine",
  "except_default_mode",
  "flatten_nested",
  "function_date_trunc_return_type_behavior",
  "function_json_value_return_type_allow_nullable",
  "group_by_use_nulls",
  "input_format_json_infer_array_of_dynamic_from_array_of_different_types",
  "input_format_json_named_tuples_as_objects",
  "input_format_json_try_infer_named_tuples_from_objects",
  "input_format_json_try_infer_numbers_from_strings",
  "input_format_try_infer_dates",
  "input_format_try_infer_integers",
  "input_format_try_infer_variants",
  "intersect_default_mode",
  "join_default_strictness",
  "join_use_nulls",
  "prefer_column_name_to_alias",
  "schema_inference_make_columns_nullable",
  "session_timezone",
  "single_join_prefer_left_table",
  "union_default_mode",
  "use_variant_as_common_type",
];

/** Whether a setting is one of {@link TYPE_SETTINGS}, which a user's profile may have changed. */
export function isTypeSetting(name: string): boolean {
  return TYPE_SETTINGS.includes(name);
}

/**
 * Makes the embedded engine allow what a server allows its user (suspicious codecs, deprecated syntax, experimental types and the like),
 * and infer types as the server does. Costs one query on the server, and one statement on the engine for each such setting that was
 * changed there.
 *
 * @param engine with a single session, for which the settings hold.
 */
export async function copyFeatureFlags(engine: Connection, server: Connection): Promise<void> {
  const settings = await server.query<{ name: string; value: string }>(
    "SELECT name, value FROM system.settings WHERE changed AND (match(name, '^(allow|enable)_') OR name IN {names:Array(String)})",
    { names: [...TYPE_SETTINGS] },
  );
  for (const { name, value } of settings) {
    // A table of an engine that needs Keeper cannot be created here.
    if (name === "default_table_engine" && /^(?:Replicated|Shared|None)/.test(value)) continue;
    await engine.command(`SET ${name} = ${quoteString(value)}`).catch((error: unknown) => {
      // Another version may not know it.
      if (!(error instanceof ServerError)) throw error;
    });
  }
}
