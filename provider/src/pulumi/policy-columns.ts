import { policyParts } from "../sql/access/row-policy";
import type { RowPolicySpec } from "../sql/access/spec";
import { backtick, unquoteIdentifier } from "../sql/identifiers";
import { lex } from "../sql/lexer";
import { objectKey } from "../sql/object-key";
import type { Context } from "./context";

/** A column with its new name. */
export interface Renamed {
  readonly name: string;
  readonly becomes?: string;
}

/** Names in a condition that may be columns: without those of functions. */
export function namesIn(text: string): ReadonlySet<string> {
  return new Set(namesAt(text).map(({ name }) => name));
}

function namesAt(text: string): { readonly name: string; readonly start: number; readonly end: number }[] {
  const tokens = lex(text).filter(({ kind }) => kind !== "comment");
  return tokens.flatMap(({ kind, text: word, start, end }, index) => {
    const isCall = tokens[index + 1]?.text === "(";
    return (kind === "word" || kind === "quoted") && !isCall ? [{ name: unquoteIdentifier(word), start, end }] : [];
  });
}

/** The condition with new names of columns. */
export function withNames(text: string, renamed: readonly Renamed[]): string {
  const names = new Map(renamed.map(({ name, becomes = name }) => [name, becomes]));
  let [result, position] = ["", 0];
  for (const { name, start, end } of namesAt(text)) {
    const becomes = names.get(name);
    if (becomes === undefined) continue;
    result += text.slice(position, start) + (/^[A-Za-z_]\w*$/.test(becomes) ? becomes : backtick(becomes));
    position = end;
  }
  return result + text.slice(position);
}

/** A policy once the columns of its table that this run renames have their names. */
export function withRenamedColumns(context: Context, spec: RowPolicySpec): RowPolicySpec {
  const { database, table } = policyParts(spec.name);
  const changes = table === undefined ? [] : (context.planned.get(objectKey(database, table))?.changes ?? []);
  const renamed = changes.flatMap((one): Renamed[] =>
    one.kind === "column-renamed" ? [{ name: one.from, becomes: one.to }] : [],
  );
  return renamed.length === 0 || spec.using === undefined ? spec : { ...spec, using: withNames(spec.using, renamed) };
}
