import type { QueryParams } from "./connection";

const ESCAPES: Readonly<Record<string, string>> = { "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0" };

/** The name under which the engine accepts the value of `{name:Type}`, in a URL and in SET. */
export function parameterName(name: string): string {
  if (!/^\w+$/.test(name)) throw new Error(`query parameter "${name}": expected letters, digits and _ only`);
  return `param_${name}`;
}

/**
 * A parameter's value as the engine parses it: escaped as in TSV, strings in arrays quoted, identifiers unchanged.
 *
 * Not left to the client, which escapes identifiers too.
 */
export function parameterText(sql: string, name: string, value: QueryParams[string]): string {
  if (typeof value === "object") return `[${value.map((item) => `'${escaped(item)}'`).join(",")}]`;
  if (typeof value !== "string" || sql.includes(`{${name}:Identifier}`)) return String(value);
  return value.replace(/[\\\n\t\r\0]/g, escapeOf);
}

/** The inside of a single-quoted literal. */
export function escaped(text: string): string {
  return text.replace(/[\\'\n\t\r\0]/g, escapeOf);
}

function escapeOf(char: string): string {
  return ESCAPES[char] ?? `\\${char}`;
}
