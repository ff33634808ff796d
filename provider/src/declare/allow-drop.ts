import { quoteIdentifier, unquoteIdentifier } from "../sql/identifiers";
import { lex, type Token } from "../sql/lexer";
import { keyParts, quotedName } from "../sql/object-key";

/** What may be dropped with its rows: everything, or the named: `shop.events`, `shop.*`, `shop` for a database with its contents. */
export type AllowDrop = boolean | readonly string[];

/**
 * Parses the value of `clickhouse:allowDrop`: `true`, `false`, or comma-separated qualified names, also as JSON.
 *
 * @returns the value, or what is wrong with it.
 */
export function parseAllowDrop(text = "false"): { value: AllowDrop } | { wrong: string } {
  if (["true", "1"].includes(text)) return { value: true };
  if (["false", "0"].includes(text)) return { value: false };
  const items: Token[][] = [[]];
  for (const token of lex(listText(text))) {
    if (token.text === ",") items.push([]);
    else items.at(-1)?.push(token);
  }
  const names = items.map(nameIn);
  const wrong = names.indexOf(undefined);
  if (wrong < 0) return { value: names.filter((name) => name !== undefined) };
  return { wrong: items[wrong]?.map((token) => token.text).join("") || text };
}

/** `shop`, `shop.events` or `shop.*`, quoted if necessary; undefined for anything else. */
function nameIn([database, dot, name, ...rest]: readonly Token[]): string | undefined {
  if (database === undefined || !isName(database) || rest.length > 0) return undefined;
  const first = quoteIdentifier(unquoteIdentifier(database.text));
  if (dot === undefined) return first;
  if (dot.text !== "." || name === undefined) return undefined;
  if (name.text === "*") return `${first}.*`;
  return isName(name) ? `${first}.${quoteIdentifier(unquoteIdentifier(name.text))}` : undefined;
}

function isName({ kind }: Token): boolean {
  return kind === "word" || kind === "quoted";
}

/** `["a","b"]`, as `pulumi config set --path` writes it, without the JSON syntax. */
function listText(text: string): string {
  try {
    const parsed: unknown = JSON.parse(text);
    return Array.isArray(parsed) ? parsed.join(",") : text;
  } catch {
    return text;
  }
}

/** Whether the object may be dropped with its rows. */
export function allowsDrop(allowed: AllowDrop, key: string): boolean {
  if (typeof allowed === "boolean") return allowed;
  const { database, name } = keyParts(key);
  return (
    allowed.includes(quotedName(key)) || (name !== undefined && allowed.includes(`${quoteIdentifier(database)}.*`))
  );
}

/** The value that also allows the object. */
export function withAllowed(allowed: AllowDrop, key: string): string {
  return [...(typeof allowed === "boolean" ? [] : allowed), quotedName(key)].join(",");
}
