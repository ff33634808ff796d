import { quoteString, unquoteString } from "../sql/identifiers";
import type { SettingSpec } from "../sql/spec";
import { sql } from "./text";
import { HIDDEN, type Value, type ValueMap } from "./value";

/** The settings whose values are numbers, booleans or strings; others are left out. */
export function settingArguments(settings: readonly SettingSpec[]): ValueMap | undefined {
  const entries = settings.flatMap(({ name, value }) => {
    const plain = plainValue(value);
    return plain === undefined ? [] : [[name, plain] as const];
  });
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

function plainValue(text: string): Value | undefined {
  if (text === "true" || text === "false") return text === "true";
  if (/^-?\d/.test(text) && String(Number(text)) === text) return Number(text);
  if (!text.startsWith("'")) return undefined;
  const value = unquoteString(text);
  if (quoteString(value) !== text) return undefined;
  return value.includes(HIDDEN) ? sql(value) : value;
}
