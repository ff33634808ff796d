import { splitArguments } from "../sql/fragments";
import { qualifiedName, quoteIdentifier, unquoteIdentifier, unquoteString } from "../sql/identifiers";
import { lex, type Token } from "../sql/lexer";

/** Functions whose result depends on the server's configuration, and their replacements here. */
const CONFIGURED: Readonly<Record<string, string>> = {
  getmacro: "materialize('')",
  getserverport: "materialize(toUInt16(0))",
};
/** Table functions that read from outside, including `file` in its other meaning; and those that depend on the configuration. */
const FUNCTIONS = new RegExp(
  "^(?:url|file|filesystem|s3|gcs|oss|cosn|hdfs|azureBlobStorage|iceberg\\w*|deltaLake\\w*|hudi|paimon\\w*|hive|ytsaurus|" +
    "arrowFlight|arrowStream|executable|getMacro|getServerPort|remote|remoteSecure|mysql|postgresql|mongodb|sqlite|redis|odbc|jdbc|\\w+Cluster|cluster|" +
    "clusterAllReplicas)$",
  "i",
);
/** Those of them that read a table of another server. */
const REMOTE = /^(?:remote|remoteSecure|cluster|clusterAllReplicas)$/i;
/** Those whose columns only the other server knows. */
const UNSTRUCTURED = /^(?:mysql|postgresql|sqlite|odbc|jdbc|filesystem)$/i;
/** `a UInt64, …`; no address or format has a space between two words. */
const STRUCTURE = /^\s*(?:[A-Za-z_]\w*|`[^`]+`|"[^"]+")\s+[A-Za-z]\w*/;

interface Call {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  /** Between the parentheses. */
  readonly inner: string;
}

/** The first table function in a query or statement that reads from outside. */
export function outsideFunction(query: string): string | undefined {
  return outsideCalls(query)[0]?.name;
}

/**
 * The query with each table function that reads from outside replaced by a local one with the same columns and no rows, or by the
 * local table of that name. Undefined if the columns of one are only known outside.
 */
export function localQuery(query: string): string | undefined {
  return replaceCalls(query, localCall);
}

/** The query without its table functions that read from outside; it cannot be run, but shows what else it reads. */
export function withoutCalls(query: string): string {
  return replaceCalls(query, () => "") ?? query;
}

function replaceCalls(query: string, replace: (call: Call) => string | undefined): string | undefined {
  let local = "";
  let from = 0;
  for (const call of outsideCalls(query)) {
    const replaced = replace(call);
    if (replaced === undefined) return undefined;
    local += query.slice(from, call.start) + replaced;
    from = call.end;
  }
  return local + query.slice(from);
}

/** Outermost calls, in order. */
function outsideCalls(sql: string): Call[] {
  const tokens = lex(sql).filter(({ kind }) => kind !== "comment");
  const found: Call[] = [];
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index];
    if (token === undefined || !isCall(tokens, index)) continue;
    const close = closing(tokens, index + 1);
    const last = tokens[close];
    const end = last?.end ?? sql.length;
    const name = unquoteIdentifier(token.text);
    found.push({ name, start: token.start, end, inner: sql.slice(tokens[index + 1]?.end, last?.start ?? end) });
    index = close === -1 ? tokens.length : close;
  }
  return found;
}

function isCall(tokens: readonly Token[], index: number): boolean {
  const token = tokens[index];
  if (token === undefined || (token.kind !== "word" && token.kind !== "quoted")) return false;
  if (tokens[index + 1]?.text !== "(" || tokens[index - 1]?.text === ".") return false;
  return FUNCTIONS.test(unquoteIdentifier(token.text));
}

/** Index of the parenthesis that closes the one at `open`; -1 if none does. */
function closing(tokens: readonly Token[], open: number): number {
  let depth = 0;
  return tokens.findIndex(({ kind }, index) => {
    if (index < open) return false;
    depth += kind === "open" ? 1 : kind === "close" ? -1 : 0;
    return depth === 0;
  });
}

function localCall({ name, inner }: Call): string | undefined {
  const configured = CONFIGURED[name.toLowerCase()];
  if (configured !== undefined) return configured;
  const args = splitArguments(inner);
  if (REMOTE.test(name)) return localSource(args.slice(1));
  if (UNSTRUCTURED.test(name)) return undefined;
  // The name `null` is a keyword, hence the backticks.
  return args.flatMap((arg) => structureOf(arg) ?? []).map((literal) => `\`null\`(${literal})`)[0];
}

/** What is read on the other server: `db.t`, `'db', 't'`, `db, t`, or a table function. */
function localSource([first, second]: readonly string[]): string | undefined {
  if (first === undefined) return undefined;
  const tokens = lex(first).filter(({ kind }) => kind !== "comment");
  if (tokens[1]?.text === "(") return givesDatabase(first, second) ? undefined : localQuery(first);
  if (tokens.length === 3 && tokens[1]?.text === ".") return first;
  const [database, ...rest] = nameOf(first)?.split(".") ?? [];
  // An empty name means the current database of that server.
  if (database === undefined || database === "") return undefined;
  if (rest.length > 0) return qualifiedName({ database, name: rest.join(".") });
  const table = second === undefined ? undefined : nameOf(second);
  return table === undefined ? quoteIdentifier(database) : qualifiedName({ database, name: table });
}

/** Whether a call is an expression for the database, followed by the table, not a table function, followed by a user as a string. */
function givesDatabase(call: string, next: string | undefined): boolean {
  const [name] = lex(call);
  const [following] = next === undefined ? [] : lex(next);
  return (
    /^(?:currentDatabase|concat)$/i.test(name?.text ?? "") || following?.kind === "word" || following?.kind === "quoted"
  );
}

function nameOf(argument: string): string | undefined {
  const [token, ...rest] = lex(argument).filter(({ kind }) => kind !== "comment");
  if (token === undefined || rest.length > 0) return undefined;
  if (token.kind === "string") return unquoteString(token.text);
  return token.kind === "word" || token.kind === "quoted" ? unquoteIdentifier(token.text) : undefined;
}

function structureOf(argument: string): string | undefined {
  const tokens = lex(argument).filter(({ kind }) => kind !== "comment");
  const [name, equals, value] = tokens.length === 3 ? tokens : [];
  const isNamed = name !== undefined && equals?.text === "=";
  const literal = isNamed
    ? name.text === "structure"
      ? value
      : undefined
    : tokens.length === 1
      ? tokens[0]
      : undefined;
  return literal?.kind === "string" && STRUCTURE.test(unquoteString(literal.text)) ? literal.text : undefined;
}
