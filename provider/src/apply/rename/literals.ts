import { quoteString, unquoteIdentifier, unquoteString } from "../../sql/identifiers";
import type { Token } from "../../sql/lexer";
import { isName, wordAt } from "./clauses";
import { renamedTo } from "./names";
import { type Rewritten, replace, type Scan } from "./scan";

const LOCAL_HOST = /^(?:localhost|127\.0\.0\.1|::1)$/;

/** `SOURCE(CLICKHOUSE(DB 'd' TABLE 't' QUERY '…'))` of a dictionary. */
export function sourceClause(scan: Scan, inner: (sql: string) => Rewritten): void {
  const { tokens, contexts, renaming, refused } = scan;
  const open = tokens.findIndex(
    (_, index) => wordAt(tokens, index) === "CLICKHOUSE" && /^SOURCE$/i.test(contexts[index]?.caller ?? ""),
  );
  if (open < 0) return;
  const fields = new Map<string, number>();
  for (let index = open + 2; contexts[index]?.first === open + 2 && tokens[index]?.text !== ")"; index += 1) {
    const word = wordAt(tokens, index);
    if (tokens[index + 1]?.kind === "string") fields.set(word, index + 1);
  }
  const value = (field: string): string | undefined => {
    const index = fields.get(field);
    return index === undefined ? undefined : unquoteString(tokens[index]?.text ?? "''");
  };
  const edits: (() => void)[] = [];
  const [database, name] = [value("DB"), value("TABLE")];
  const to = database !== undefined && name !== undefined ? renamedTo(renaming, { database, name }) : undefined;
  if (to !== undefined) {
    edits.push(() => put(scan, fields.get("DB"), to.database));
    edits.push(() => put(scan, fields.get("TABLE"), to.name));
  } else if (
    database !== undefined &&
    name === undefined &&
    !("name" in renaming.from) &&
    database === renaming.from.database
  ) {
    edits.push(() => put(scan, fields.get("DB"), renaming.to.database));
  }
  for (const field of ["QUERY", "INVALIDATE_QUERY", "WHERE", "UPDATE_FIELD"]) {
    const sql = value(field);
    if (sql === undefined) continue;
    const { text, refused: more } = inner(sql);
    for (const one of more) refused.add(one);
    if (text !== sql) edits.push(() => put(scan, fields.get(field), text));
  }
  if (edits.length === 0) return;
  const host = value("HOST");
  if (host !== undefined && !LOCAL_HOST.test(host)) {
    refused.add(`the dictionary's source on host ${quoteString(host)}, which may be this server or another one`);
  } else for (const edit of edits) edit();
}

/** `merge('d', 'pattern')` and `ENGINE = Merge('d', 'pattern')`. */
export function mergePattern(scan: Scan): void {
  for (const { index, caller, values } of calls(scan, /^merge$/i)) {
    const { from, to } = scan.renaming;
    const [database, pattern] = values;
    if (database === undefined || pattern === undefined) continue;
    const meant = `${caller}(${quoteString(database)}, ${quoteString(pattern)})`;
    if (database !== from.database) {
      const byPattern = /^REGEXP$/i.test(scan.tokens[index]?.text ?? "");
      if (byPattern) scan.refused.add(`${caller}, which selects databases by a pattern`);
    } else if (!("name" in from)) put(scan, index, to.database);
    else {
      const [old, now] = [matches(pattern, from.name), "name" in to && matches(pattern, to.name)];
      const stays = to.database === from.database;
      if (old === undefined || now === undefined || old !== (stays && now)) scan.refused.add(meant);
    }
  }
}

/** Tables that are named for another server, or through a buffer: the object that names them can only be recreated. */
export function remoteTable(scan: Scan): void {
  const { renaming } = scan;
  for (const { caller, values, index } of calls(scan, /^(?!merge$|loop$|dictionary$)/i)) {
    values.forEach((database, place) => {
      const name = values[place + 1];
      const named = name !== undefined && renamedTo(renaming, { database: database ?? "", name }) !== undefined;
      if (!named || database === undefined) return;
      const what = scan.contexts[index]?.callerIsTable && isEngine(scan, index) ? "the engine " : "";
      scan.refused.add(`${what}${caller}(… ${quoteString(database)}, ${quoteString(name)} …)`);
    });
  }
}

interface Call {
  readonly caller: string;
  /** Index of the first argument. */
  readonly index: number;
  /** Names and strings among the arguments; `d.t` counts as two. */
  readonly values: readonly (string | undefined)[];
}

/** Calls of table functions and engines. */
function calls({ tokens, contexts }: Scan, pattern: RegExp): Call[] {
  const starts = new Map<number, number[]>();
  contexts.forEach(({ callerIsTable, caller, first }, index) => {
    if (callerIsTable && pattern.test(caller)) starts.set(first, [...(starts.get(first) ?? []), index]);
  });
  return [...starts].map(([first, indexes]) => {
    const plain = indexes.map((index) => tokens[index]).filter((token) => token !== undefined);
    const values = plain.filter((token) => token.text !== "," && token.text !== ".").map(meaningOf);
    return { caller: contexts[first]?.caller ?? "", index: first, values };
  });
}

function meaningOf(token: Token): string | undefined {
  if (token.kind === "string") return unquoteString(token.text);
  return isName(token) ? unquoteIdentifier(token.text) : undefined;
}

function isEngine({ tokens }: Scan, first: number): boolean {
  return wordAt(tokens, first - 4) === "ENGINE";
}

/** Whether the server would include the table; undefined where its pattern syntax may differ from ours. */
function matches(pattern: string, name: string): boolean | undefined {
  try {
    return new RegExp(pattern, "u").test(name);
  } catch {
    return undefined;
  }
}

/** Replaces a string, or a bare name, by another string. */
function put(scan: Scan, index: number | undefined, value: string): void {
  if (index !== undefined) replace(scan, index, index, quoteString(value));
}
