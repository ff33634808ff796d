import type { Connection } from "../connection/connection";
import { isAccessDenied, isUnknownTable } from "../connection/server-message";
import { kindOf } from "../kinds";
import { mentionedFunctions, mentionedNames } from "../lineage/mentions";
import { quoteIdentifier, unquoteString } from "../sql/identifiers";
import { lex } from "../sql/lexer";
import { keyParts, quotedName } from "../sql/object-key";
import { parseHeader } from "../sql/parse";
import type { SqlFunctionSpec } from "../sql/spec";
import type { LiveObject } from "./live-object";
import type { ServerCatalog } from "./server-catalog";

/** Something on the server that calls a function by its name, at each use. */
export interface Caller {
  /** Undefined for a row policy. */
  readonly key?: string;
  /** For people: `row policy p on shop.orders`. */
  readonly label: string;
}

/**
 * What calls a function by its name: other functions, row policies, and dictionaries' queries. Without the function, each of them fails.
 * Tables and views are not among them: they keep its expression. For a dictionary: everything that asks it, also views and defaults. Row policies that the user may not see are missing.
 */
export async function callersOf(connection: Connection, catalog: ServerCatalog, key: string): Promise<Caller[]> {
  const isCalled = (sql: string): boolean =>
    keyParts(key).database !== ""
      ? mentionedNames(sql).has(key)
      : mentionedFunctions(sql).some((one) => one.key === key && one.isCalled) || isPassedOn(sql, key);
  const functions = [...(await catalog.allFunctions()).values()]
    .filter((one) => one.key !== key && isCalled(one.statement))
    .map((one) => ({ key: one.key, label: `function ${quotedName(one.key)}` }));
  const policies = (await readPolicies(connection))
    .filter(({ filter }) => isCalled(filter))
    .map(({ name, place }) => ({ label: `row policy ${quoteIdentifier(name)} on ${place}` }));
  const dictionaries = (await catalog.allReaders())
    .filter(
      (one) => one.key !== key && (keyParts(key).database === "" ? asksByName(one, isCalled) : isCalled(one.statement)),
    )
    .map((one) => ({ key: one.key, label: `${kindOfStatement(one.statement)} ${quotedName(one.key)}` }));
  return [...functions, ...policies, ...dictionaries];
}

/** A dictionary's query is a string in its definition. */
function asksByName({ engine, statement }: LiveObject, isCalled: (sql: string) => boolean): boolean {
  return engine === "Dictionary" && stringsIn(statement).some(isCalled);
}

function kindOfStatement(statement: string): string {
  try {
    return kindOf(parseHeader(statement).kind).word;
  } catch {
    return "object";
  }
}

/** `arrayMap(f, x)` takes a function by its bare name. */
function isPassedOn(sql: string, key: string): boolean {
  const name = keyParts(key).name ?? "";
  return new RegExp(`[(,]\\s*\`?${name.replace(/[^\w]/g, "\\$&")}\`?\\s*,`).test(sql);
}

function stringsIn(statement: string): string[] {
  return lex(statement).flatMap(({ kind, text }) => (kind === "string" ? [unquoteString(text)] : []));
}

interface PolicyRow {
  readonly name: string;
  readonly place: string;
  readonly filter: string;
}

async function readPolicies(connection: Connection): Promise<PolicyRow[]> {
  if (connection.url.startsWith("chdb:")) return [];
  try {
    return await connection.query<PolicyRow>(
      "SELECT short_name AS name, concat(database, '.', table) AS place, ifNull(select_filter, '') AS filter FROM system.row_policies ORDER BY name",
    );
  } catch (error) {
    if (isAccessDenied(error) || isUnknownTable(error)) return [];
    throw error;
  }
}

/**
 * Tables and views on the server whose text holds the expression of a function with some arguments, so that they were probably created
 * with a call of it. The server does not record such calls.
 *
 * @returns their keys, sorted.
 */
export async function inlinedIn(connection: Connection, spec: SqlFunctionSpec): Promise<string[]> {
  const pattern = patternOf(spec);
  if (pattern === undefined) return [];
  const rows = await connection.query<{ key: string; statement: string }>(
    `SELECT concat(database, char(0), name) AS key, create_table_query AS statement FROM system.tables
WHERE database NOT IN ('system', 'information_schema', 'INFORMATION_SCHEMA') AND NOT is_temporary AND NOT startsWith(name, '.inner') ORDER BY key`,
  );
  return rows.flatMap(({ key, statement }) => (pattern.test(wordsOf(statement)) ? [key] : []));
}

/** Undefined for an expression that says nothing: a parameter alone, or one value. */
function patternOf({ parameters, expression }: SqlFunctionSpec): RegExp | undefined {
  const words = wordsOf(expression).split(" ");
  const names = new Set(parameters.flatMap((name) => [name, quoteIdentifier(name)]));
  if (words.filter((word) => !names.has(word)).length < 2) return undefined;
  const parts = words.map((word) =>
    names.has(word) ? "\\S+(?: \\S+){0,20}?" : word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"),
  );
  return new RegExp(`(?:^| )${parts.join(" ")}(?= |$)`);
}

/** The tokens without brackets, which depend on what surrounds an expression. */
function wordsOf(sql: string): string {
  return lex(sql)
    .filter(({ kind }) => kind !== "comment" && kind !== "open" && kind !== "close")
    .map(({ text }) => text)
    .join(" ");
}
