import { parseMergeTree } from "../sql/engine";
import { splitArguments } from "../sql/fragments";
import { quoteString, unquoteString } from "../sql/identifiers";
import { lex } from "../sql/lexer";

/** Macros that the server expands when a table is created; it keeps every other macro. Older servers expanded `{uuid}`. */
const EXPANDED: Readonly<Record<string, string>> = {
  database: "[^/]+",
  table: "[^/]+",
  uuid: "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
};
/** In a database's arguments, some versions show every macro expanded. */
const ANY = "[^/]*";
/** What `Replicated('/path')` means. */
const DATABASE_DEFAULTS = ["'{shard}'", "'{replica}'"];

/**
 * Whether two engine clauses of a table mean the same if Keeper or a cloud is involved. The server chooses an omitted path and replica name
 * (`default_replica_path`) and writes them out; a cloud turns every table of the family into a `Shared…`.
 *
 * @param shown as the server shows it.
 */
export function sameTableEngine(shown: string | undefined, declared: string | undefined): boolean {
  if (shown === declared) return true;
  const [live, wanted] = [parseMergeTree(shown), parseMergeTree(declared)];
  if (live === undefined || wanted === undefined) return false;
  if (live.prefix !== wanted.prefix && live.prefix !== "Shared") return false;
  if (live.prefix === undefined || live.family !== wanted.family || words(live.args) !== words(wanted.args))
    return false;
  if (live.keeper === undefined || wanted.keeper === undefined) return true;
  return fits(live.keeper.path, wanted.keeper.path) && fits(live.keeper.replica, wanted.keeper.replica);
}

/** Engines that store a word among their arguments, a format or a table, as a string: `File(CSV)` is shown as `File('CSV')`. */
const TEXT_ARGUMENTS = /^\s*(File|URL|HDFS|ODBC|JDBC|Executable|Merge|Buffer)\s*\(/;

/** An engine with the words among its arguments as every server shows them: as strings; a named collection stays a word. */
export function withTextArguments(engine: string): string {
  const name = TEXT_ARGUMENTS.exec(engine)?.[1];
  if (name === undefined) return engine;
  const [open, close] = [engine.indexOf("("), engine.lastIndexOf(")")];
  const args = splitArguments(engine.slice(open + 1, close));
  if (args.some((arg) => /^\w+\s*=/.test(arg))) return engine;
  const isText = (arg: string, index: number): boolean => {
    if (!/^[A-Za-z_]\w*$/.test(arg)) return false;
    // Formats start with a capital letter.
    return index > 0 || name === "Merge" || name === "Buffer" || (name === "File" && /^[A-Z]/.test(arg));
  };
  if (!args.some(isText)) return engine;
  const texts = args.map((arg, index) => (isText(arg, index) ? quoteString(arg) : arg));
  return `${engine.slice(0, open)}(${texts.join(", ")}${engine.slice(close)}`;
}

/** The same for the engine of a database. */
export function sameDatabaseEngine(shown: string, declared: string): boolean {
  if (shown === declared) return true;
  if (/^Shared\b/.test(shown)) return /^(?:Atomic|Replicated|Shared)\b/.test(declared);
  const [live, wanted] = [databaseArguments(shown), databaseArguments(declared)];
  if (live === undefined || wanted === undefined || live.length !== wanted.length) return false;
  return wanted.every((text, index) => fits(live[index] ?? "", text, ANY));
}

/** Arguments of `Replicated(…)` as strings, including those that may be omitted. */
function databaseArguments(engine: string): string[] | undefined {
  const match = /^Replicated\s*\(([\s\S]*)\)$/.exec(engine.trim());
  if (!match) return undefined;
  const args = splitArguments(match[1] ?? "");
  return [...args, ...DATABASE_DEFAULTS.slice(Math.max(0, args.length - 1))].map((text) =>
    text.startsWith("'") ? unquoteString(text) : text,
  );
}

/**
 * Whether `shown` is how the server shows `declared`. A macro that occurs twice has the same value.
 *
 * @param other pattern for macros that tables keep unexpanded.
 */
function fits(shown: string, declared: string, other?: string): boolean {
  if (shown === declared) return true;
  const seen = new Map<string, string>();
  const pattern = declared.split(/(\{\w+\})/).map((part) => {
    const macro = /^\{(\w+)\}$/.exec(part)?.[1];
    const value = macro === undefined ? undefined : (EXPANDED[macro] ?? other);
    if (macro === undefined || value === undefined) return escapeRegExp(part);
    const before = seen.get(macro);
    if (before !== undefined) return `\\k<${before}>`;
    const name = `m${seen.size}`;
    seen.set(macro, name);
    return `(?<${name}>${value}|${escapeRegExp(part)})`;
  });
  return new RegExp(`^${pattern.join("")}$`).test(shown);
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

function words(args: readonly string[]): string {
  return args
    .map((arg) =>
      lex(arg)
        .map(({ text }) => text)
        .join(" "),
    )
    .join(", ");
}
