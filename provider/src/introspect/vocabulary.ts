import { isMergeTreeFamily } from "../clickhouse/engines";
import { quoteString } from "../sql/identifiers";
import { lex } from "../sql/lexer";
import type { ObjectSpec, SettingSpec } from "../sql/spec";

/** What a {@link Word} may name, and the tables where an engine lists the names it knows. Every user may read these tables. */
const LISTS = {
  call: ["functions", "table_functions", "data_type_families"],
  // An older server may use today's name for another type: Geometry was MySQL's word for String, Time for Int64.
  type: ["data_type_families WHERE alias_to = ''"],
  engine: ["table_engines"],
  "MergeTree setting": ["merge_tree_settings"],
  setting: ["settings"],
} as const;

type WordKind = keyof typeof LISTS;

/** A name in a definition that not every release knows. */
export interface Word {
  readonly kind: WordKind;
  readonly name: string;
}

/** Queries an engine; returns one row. */
export type Asking = (sql: string) => Promise<readonly { readonly unknown: readonly (readonly string[])[] }[]>;

/** Suffixes of an aggregate function's name, which no list combines with it. */
const COMBINATOR = /^(.+?)(?:If|Array|Map|State|Merge|ForEach|Distinct|OrDefault|OrNull|Resample|ArgMin|ArgMax|Null)$/;
const KINDS = Object.keys(LISTS) as WordKind[];

/** Functions, table functions, engines and settings of an object and of the statements that change it. */
export function wordsOf(spec: ObjectSpec, statements: readonly string[]): Word[] {
  const words = [
    ...statements.flatMap(callsIn).map((name): Word => ({ kind: "call", name })),
    ...("query" in spec ? settingsIn(spec.query) : []).map((name): Word => ({ kind: "setting", name })),
  ];
  if ("columns" in spec) words.push(...spec.columns.flatMap(({ type = "" }) => typesIn(type)));
  if (!("indexes" in spec)) return distinct(words);
  const engine = /^`?(\w+)/.exec(spec.storage?.engine ?? "")?.[1];
  if (engine === undefined) return distinct(words);
  words.push({ kind: "engine", name: engine });
  const settings: SettingSpec[] = [
    ...(isMergeTreeFamily(engine) ? (spec.storage?.settings ?? []) : []),
    ...spec.columns.flatMap((column) => column.settings ?? []),
  ];
  return distinct([...words, ...settings.map(({ name }): Word => ({ kind: "MergeTree setting", name }))]);
}

/**
 * SQL for those names from {@link wordsOf} that an engine does not know, one array per kind.
 *
 * @param own counts only the engine's own functions, without user-defined ones.
 */
export function unknownIn(words: readonly Word[], own = false): string {
  return `[${KINDS.map((kind) => unknownOf(kind, words, own)).join(", ")}]`;
}

function unknownOf(kind: WordKind, words: readonly Word[], own: boolean): string {
  const names = words.filter((word) => word.kind === kind).flatMap(spellings);
  if (names.length === 0) return "emptyArrayString()";
  // Type names are case-sensitive: spelled in another case, a name may be an alias of another type.
  const [column, name] = kind === "type" ? ["name", "word"] : ["lower(name)", "lower(word)"];
  const only = (list: string): string => (own && list === "functions" ? " WHERE origin = 'System'" : "");
  const known = LISTS[kind].map((list) => `SELECT ${column} FROM system.${list}${only(list)}`).join(" UNION ALL ");
  const array = [...new Set(names)].map(quoteString).join(", ");
  return `(SELECT groupArray(word) FROM (SELECT arrayJoin([${array}]) AS word) WHERE ${name} NOT IN (${known}))`;
}

/**
 * Words that one engine knows and another does not. Words that neither knows do not name anything: keywords before a parenthesis.
 *
 * @param unknown the result of {@link unknownIn} on the engine that knows less.
 * @param ask queries the engine that may know more; called only if there is something to ask.
 */
export async function knownElsewhere(
  words: readonly Word[],
  unknown: readonly (readonly string[])[],
  ask: Asking,
): Promise<Word[]> {
  const isUnknown = ({ kind }: Word, name: string, answer: typeof unknown): boolean =>
    answer[KINDS.indexOf(kind)]?.includes(name) === true;
  const asked = words.filter((word) => isUnknown(word, word.name, unknown));
  if (asked.length === 0) return [];
  const [row] = await ask(`SELECT ${unknownIn(asked, true)} AS unknown`);
  if (row === undefined) return [];
  return asked.flatMap((word) => {
    const name = spellings(word).find((spelling) => !isUnknown(word, spelling, row.unknown));
    return name !== undefined && isUnknown(word, name, unknown) ? [{ ...word, name }] : [];
  });
}

/** In words: `function arrayRemove, setting x`. */
export function namesOf(words: readonly Word[]): string {
  return words.map(({ kind, name }) => `${kind === "call" ? "function" : kind} ${name}`).join(", ");
}

/** A name, and those of the aggregate functions that it may be derived from, longest first. */
function spellings({ kind, name }: Word): string[] {
  const shorter = kind === "call" ? COMBINATOR.exec(name)?.[1] : undefined;
  return shorter === undefined ? [name] : [name, ...spellings({ kind, name: shorter })];
}

/** Every word that may be a type's name; names of elements and functions appear in no list of types. */
function typesIn(type: string): Word[] {
  return lex(type).flatMap(({ kind, text }) => (kind === "word" ? [{ kind: "type", name: text } as const] : []));
}

function callsIn(sql: string): string[] {
  const tokens = lex(sql).filter(({ kind }) => kind !== "comment");
  return tokens.flatMap(({ kind, text }, index) => (kind === "word" && tokens[index + 1]?.text === "(" ? [text] : []));
}

/** Names after SETTINGS, anywhere in a query. */
function settingsIn(query: string): string[] {
  const tokens = lex(query).filter(({ kind }) => kind !== "comment");
  return tokens.flatMap(({ kind, text }, start) => {
    if (kind !== "word" || text.toUpperCase() !== "SETTINGS") return [];
    const found: string[] = [];
    for (let at = start + 1; tokens[at + 1]?.text === "="; at += 4) {
      found.push(tokens[at]?.text ?? "");
      if (tokens[at + 3]?.text !== ",") break;
    }
    return found;
  });
}

function distinct(words: readonly Word[]): Word[] {
  return [...new Map(words.map((word) => [`${word.kind} ${word.name}`, word])).values()];
}
