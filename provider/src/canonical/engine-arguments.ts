import { parseMergeTree } from "../sql/engine";
import { splitArguments } from "../sql/fragments";
import { quoteString, unquoteString } from "../sql/identifiers";
import { lex } from "../sql/lexer";

/** What the server writes out when a table is created; it keeps every other macro as it is. `{uuid}` was written out by older servers. */
const EXPANDED: Readonly<Record<string, string>> = {
  database: "[^/]+",
  table: "[^/]+",
  uuid: "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
};
/** In a database's arguments some versions show every macro written out. */
const ANY = "[^/]*";
/** What `Replicated('/path')` means. */
const DATABASE_DEFAULTS = ["'{shard}'", "'{replica}'"];

/**
 * Whether two engine clauses of a table mean the same where Keeper or a cloud has a part in it. A path and a replica's name that are not
 * written are the server's to choose (`default_replica_path`), which writes them out; a cloud makes every table of the family a `Shared…`.
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

/** Engines that keep a word among their arguments, a format or a table, as the text of that word: `File(CSV)` is shown as `File('CSV')`. */
const TEXT_ARGUMENTS = /^\s*(File|URL|HDFS|ODBC|JDBC|Executable|Merge|Buffer)\s*\(/;

/** An engine with the words among its arguments as every server shows them; a named collection stays a word. */
export function withTextArguments(engine: string): string {
  const name = TEXT_ARGUMENTS.exec(engine)?.[1];
  if (name === undefined) return engine;
  const [open, close] = [engine.indexOf("("), engine.lastIndexOf(")")];
  const args = splitArguments(engine.slice(open + 1, close));
  if (args.some((arg) => /^\w+\s*=/.test(arg))) return engine;
  const isText = (arg: string, index: number): boolean => {
    if (!/^[A-Za-z_]\w*$/.test(arg)) return false;
    // Formats begin with a capital.
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

/** Arguments of `Replicated(…)` as texts, those that may be left out included. */
function databaseArguments(engine: string): string[] | undefined {
  const match = /^Replicated\s*\(([\s\S]*)\)$/.exec(engine.trim());
  if (!match) return undefined;
  const args = splitArguments(match[1] ?? "");
  return [...args, ...DATABASE_DEFAULTS.slice(Math.max(0, args.length - 1))].map((text) =>
    text.startsWith("'") ? unquoteString(text) : text,
  );
}

/**
 * Whether `shown` is what the server makes of `declared`. A macro that comes twice stands for the same text.
 *
 * @param other what stands for a macro that tables keep as it is.
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
