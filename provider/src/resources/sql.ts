import * as pulumi from "@pulumi/pulumi";
import { quoteString } from "../sql/identifiers";
import { lex } from "../sql/lexer";
import type { Named } from "./args";
import { foreknown, foreknownText, foretell } from "./foreknown";
import { isRollup } from "./misplaced";

/**
 * SQL with resources in it: each becomes its quoted, qualified name, and a dependency.
 *
 * A value between single quotes is escaped, so that a password may contain quotes and backslashes; any other value becomes part of
 * the SQL as it is.
 *
 * @example
 * ```ts
 * sql`SELECT ServiceName, count() AS n FROM ${logs} GROUP BY ServiceName`
 * sql`MySQL('db:3306', 'shop', 'orders', 'reader', '${config.requireSecret("password")}')`
 * ```
 *
 * @throws {RunError} when a Rollup is put into it (it has several objects, of which `rollup.read` is the one to query), or a value is undefined.
 */
export function sql(
  strings: TemplateStringsArray,
  ...values: (pulumi.Input<string | number> | Named)[]
): pulumi.Output<string> {
  const written = values.map((value, index) => {
    if (isNamed(value)) return value.qualifiedName;
    refuseNothing(value, strings[index]);
    refuseRollup(value);
    if (!isInQuotes(strings.slice(0, index + 1).join("_"))) return value;
    if (typeof value === "string") return escaped(value);
    const later = pulumi.output(value).apply(escaped);
    const known = foreknown(value);
    if (typeof known === "string" || typeof known === "number") foretell(later, escaped(known));
    return later;
  });
  const text = pulumi.interpolate(strings, ...written);
  foretell(text, foreknownText(strings, written));
  return text;
}

/** Whether the text ends within a string literal: with an opened quotation mark, which the lexer calls unknown. */
function isInQuotes(text: string): boolean {
  return lex(text).find(({ kind, text }) => kind === "unknown" && OPENED.has(text))?.text === "'";
}

const OPENED: ReadonlySet<string> = new Set(["'", '"', "`", "/*"]);

function escaped(value: string | number): string | number {
  return typeof value === "string" ? quoteString(value).slice(1, -1) : value;
}

/** Most often a misspelled property. */
function refuseNothing(value: unknown, before = ""): void {
  if (value !== undefined && value !== null) return;
  throw new pulumi.RunError(`sql: the value after \`${before.trim().slice(-60)}\` is ${value}`);
}

/** Types forbid it, but JavaScript does not. */
function refuseRollup(value: unknown): void {
  if (!isRollup(value)) return;
  throw new pulumi.RunError(
    "sql: a Rollup was put into the SQL. It has several objects: write ${rollup.read} for the view to query, or ${rollup.target} for the table that holds its rows",
  );
}

/** The name of an object that is given as a resource or a name. */
export function nameIn(value: pulumi.Input<string> | Named): pulumi.Input<string> {
  return isNamed(value) ? value.qualifiedName : value;
}

export function isNamed(value: unknown): value is Named {
  return typeof value === "object" && value !== null && pulumi.Resource.isInstance(value) && "qualifiedName" in value;
}
