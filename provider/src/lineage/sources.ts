import { tablesOfSource } from "../sql/dictionary-source";
import { splitArguments } from "../sql/fragments";
import { unquoteIdentifier, unquoteString } from "../sql/identifiers";
import { lex, type Token } from "../sql/lexer";
import { objectKey } from "../sql/object-key";
import type { DictionarySpec, OwnedSpec, TableSpec } from "../sql/spec";
import { mentionedNames } from "./mentions";

/** Databases of the server itself. */
const OWN = new Set(["system", "information_schema", "INFORMATION_SCHEMA"]);

/** Functions whose first argument names an object, as a string. */
const NAMING_FUNCTION = /^(?:dict(?:Get|Has|IsIn)\w*|joinGet(?:OrNull)?)$/;

/**
 * Keys of what an object reads: declared objects wherever they are mentioned, others where they follow FROM, JOIN or IN, or are in
 * a dictionary function.
 */
export function sourcesOf(spec: OwnedSpec, declared: ReadonlySet<string>): ReadonlySet<string> {
  if ("attributes" in spec) return readByDictionary(spec);
  const text = spec.kind === "table" ? tableText(spec) : spec.query;
  const self = objectKey(spec.database, spec.name);
  const mentioned = [...mentionedNames(text)].filter((key) => declared.has(key));
  const found = new Set([...mentioned, ...readNames(text), ...(spec.kind === "table" ? distributed(spec) : [])]);
  found.delete(self);
  return found;
}

/** The table of its source, or what its query names, which is a string in it. */
function readByDictionary({ source }: DictionarySpec): ReadonlySet<string> {
  const queries = lex(source).flatMap(({ kind, text }) => (kind === "string" ? readNames(unquoteString(text)) : []));
  return new Set([...tablesOfSource(source), ...queries]);
}

/** Keys of what an object writes: a materialized view its target, a Buffer table what it is flushed into. */
export function targetsOf(spec: OwnedSpec): string[] {
  if (spec.kind === "materializedView" && spec.to) return [objectKey(spec.to.database, spec.to.name)];
  return spec.kind === "table" ? namedByEngine(spec, "Buffer", 0) : [];
}

/** Keys of the tables that receive the rows inserted into a table that passes them on. */
export function passesOn(spec: TableSpec): string[] {
  return [...namedByEngine(spec, "Buffer", 0), ...distributed(spec)];
}

/** The expressions of a table that can read another: a comment that holds a name reads nothing. */
function tableText({ columns, as }: TableSpec): string {
  return [as?.text, ...columns.map((column) => column.default?.expression)].filter(Boolean).join("\n");
}

function distributed(table: TableSpec): string[] {
  return namedByEngine(table, "Distributed", 1);
}

/** The table in `Engine(…, database, table, …)`, with the database as argument number `at`. */
function namedByEngine({ storage }: TableSpec, engine: string, at: number): string[] {
  const [, body] = new RegExp(`^${engine}\\s*\\(([\\s\\S]*)\\)$`).exec(storage.engine ?? "") ?? [];
  const [database, name] = splitArguments(body ?? "").slice(at);
  if (database === undefined || name === undefined) return [];
  return [objectKey(plain(database), plain(name))];
}

function plain(argument: string): string {
  return argument.startsWith("'") ? unquoteString(argument) : unquoteIdentifier(argument);
}

function readNames(sql: string): string[] {
  const tokens = lex(sql).filter((token) => token.kind !== "comment");
  const found: string[] = [];
  tokens.forEach((token, index) => {
    const [database, dot, name] = tokens.slice(index + 1, index + 4);
    if (isWord(token, /^(?:FROM|JOIN|IN)$/i) && isName(database) && dot?.text === "." && isName(name)) {
      found.push(objectKey(unquoteIdentifier(database.text), unquoteIdentifier(name.text)));
    }
    if (isWord(token, NAMING_FUNCTION) && database?.text === "(" && dot?.kind === "string") {
      const parts = unquoteString(dot.text).split(".");
      if (parts.length === 2 && parts[0] && parts[1]) found.push(objectKey(parts[0], parts[1]));
    }
  });
  return found.filter((key) => !OWN.has(key.split("\0")[0] ?? ""));
}

function isWord(token: Token, pattern: RegExp): boolean {
  return token.kind === "word" && pattern.test(token.text);
}

function isName(token: Token | undefined): token is Token {
  return token?.kind === "word" || token?.kind === "quoted";
}
