import { quoteString } from "../sql/identifiers";

/** A setting that enables what newer servers enable by default. */
export interface Gate {
  readonly setting: string;
  /** What it enables, as the subject of a sentence. */
  readonly what: string;
  /** Finds in a statement what it enables. */
  readonly needed: RegExp;
  /** The first release that needs no setting. */
  readonly since: string;
}

/** What the embedded engine accepts by default, and older servers call experimental. */
export const GATES: readonly Gate[] = [
  { setting: "allow_experimental_statistics", what: "STATISTICS", needed: /\bSTATISTICS\b/, since: "26.3" },
  {
    setting: "allow_experimental_refreshable_materialized_view",
    what: "a refreshable materialized view",
    needed: /^CREATE [^(]*\bREFRESH\b/,
    since: "24.10",
  },
  { setting: "allow_experimental_json_type", what: "the type JSON", needed: /\bJSON\b/, since: "25.3" },
  { setting: "allow_experimental_dynamic_type", what: "the type Dynamic", needed: /\bDynamic\b/, since: "25.3" },
  { setting: "allow_experimental_variant_type", what: "the type Variant", needed: /\bVariant\(/, since: "25.3" },
  { setting: "allow_experimental_bfloat16_type", what: "the type BFloat16", needed: /\bBFloat16\b/, since: "25.3" },
  {
    setting: "enable_time_time64_type",
    what: "the types Time and Time64",
    needed: /\bTime(?:64\(|\b)/,
    since: "26.3",
  },
  { setting: "enable_qbit_type", what: "the type QBit", needed: /\bQBit\(/, since: "26.3" },
  {
    setting: "allow_experimental_vector_similarity_index",
    what: "an index of type vector_similarity",
    needed: /\bTYPE vector_similarity\b/,
    since: "25.8",
  },
];

/** Name, value, and `1` if this user may not change it. All as strings. */
export type SettingRow = readonly [string, string, string];

/** The settings of {@link GATES} that a server has and that are off. */
export interface OpenGates {
  /** Those that this user may switch on: sent with each statement that changes something. */
  readonly sent: readonly string[];
  /** Those that this user may not switch on. */
  readonly closed: readonly string[];
}

/** A subquery for {@link SettingRow}s. Every user may read this system table. */
export const SETTINGS_QUESTION = `(SELECT groupArray([name, value, toString(readonly)]) FROM system.settings WHERE name IN (${GATES.map(({ setting }) => quoteString(setting)).join(", ")}))`;

/** Sorts a server's answer about its settings. */
export function openGates(settings: readonly SettingRow[]): OpenGates {
  const off = settings.filter(([, value]) => value === "0" || value === "false");
  const names = (readonly: boolean): string[] =>
    off.filter(([, , fixed]) => (fixed === "1") === readonly).map(([name]) => name);
  return { sent: names(false), closed: names(true) };
}
