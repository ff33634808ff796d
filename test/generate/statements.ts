import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { splitStatements } from "../../provider/src/sql/fragments";

/** Real DDL of public projects; see its README. It is not part of the repository. */
export const CORPUS = process.env["CORPUS_DIR"] ?? resolve(__dirname, "../../../shared/corpus");
/** Statements of our own that cover the language, which are. */
const OWN = join(__dirname, "statements");

/** Statements that are run one after the other on one empty server. */
export interface Group {
  readonly name: string;
  /** Settings that the server's users have: what it takes to be allowed to make such objects. */
  readonly gates: Readonly<Record<string, string>>;
  readonly statements: readonly Statement[];
}

/** One statement, with what it takes to run it. */
export interface Statement {
  readonly sql: string;
  /** The current database; made before. */
  readonly database?: string;
  /** Settings and parameters of this statement alone. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Statements around it, which may fail. */
  readonly before?: readonly string[];
  readonly after?: readonly string[];
}

/** What allows all that the statements make. */
export const GATES: readonly string[] = [
  "allow_suspicious_codecs",
  "allow_deprecated_syntax_for_merge_tree",
  "allow_suspicious_low_cardinality_types",
  "allow_suspicious_ttl_expressions",
  "allow_suspicious_fixed_string_types",
  "allow_suspicious_variant_types",
  "allow_experimental_time_series_table",
  "allow_experimental_time_series_aggregate_functions",
  "enable_time_time64_type",
];

interface CorpusLine {
  readonly kind: string;
  readonly showCreate?: string;
  readonly finalCreate?: string;
  readonly gone?: boolean;
  readonly database: string;
  readonly currentDatabase?: string;
  readonly settings?: Readonly<Record<string, string>>;
  readonly setup?: readonly string[];
  readonly sql: string;
  readonly standin?: string;
  readonly runnable: boolean;
  readonly after?: readonly string[];
}

/** A few projects with every kind of object. */
const PART = ["langfuse", "otel-clickhouse-exporter", "trigger.dev", "umami"];

/** Objects that a session with other settings than the users' made, and that any session can make again from the code. */
const OF_SESSIONS: Group = {
  name: "sessions",
  gates: {},
  statements: [
    { sql: "CREATE DATABASE sessions" },
    {
      sql: "CREATE TABLE sessions.whole (n Nested(a UInt8, b Nested(c String, d Array(UInt8))), o UInt8) ENGINE = MergeTree ORDER BY o",
      settings: { flatten_nested: "0" },
    },
    {
      sql: "CREATE MATERIALIZED VIEW sessions.inner_whole (n Nested(a UInt8, b String)) ENGINE = MergeTree ORDER BY () AS SELECT [(1, 'x')] AS n",
      settings: { flatten_nested: "0" },
    },
    { sql: "CREATE TABLE sessions.nullable (a Nullable(UInt8), b String) ENGINE = MergeTree ORDER BY b", settings: {} },
    {
      sql: "CREATE TABLE sessions.by_default (a UInt8, b String)",
      settings: { data_type_default_nullable: "1", default_table_engine: "Log" },
    },
  ],
};

/** The statements of this repository, a group a file. The first line may say `-- settings: name = value, …`. */
export function ownGroups(): Group[] {
  const files = readdirSync(OWN)
    .sort()
    .map((file) => {
      const text = readFileSync(join(OWN, file), "utf8");
      const [, settings = ""] = /^-- settings: (.*)$/m.exec(text) ?? [];
      const gates = settings.split(",").flatMap((one) => {
        const [name = "", value = ""] = one.split("=").map((part) => part.trim());
        return name === "" ? [] : [[name, value] as const];
      });
      const statements = splitStatements(text).map(({ sql }) => ({ sql }));
      return { name: file.replace(/\.sql$/, ""), gates: Object.fromEntries(gates), statements };
    });
  return [...files, OF_SESSIONS];
}

/**
 * The statements of the corpus; none where it is not there.
 *
 * @param all whether all of it, or a few projects.
 */
export function corpusGroups(all: boolean): Group[] {
  return filesOf(all).flatMap(groupsOf);
}

/** Tables and views of the corpus as the engine showed them at the end. */
export function finalStatements(all: boolean): string[] {
  const kinds = ["table", "view", "materialized_view"];
  return filesOf(all).flatMap((file) =>
    linesOf(file).flatMap(({ kind, showCreate, finalCreate, gone }) => {
      const text = finalCreate ?? showCreate;
      return text === undefined || gone === true || !kinds.includes(kind) ? [] : [text];
    }),
  );
}

function filesOf(all: boolean): string[] {
  if (!existsSync(CORPUS)) return [];
  const projects = readdirSync(join(CORPUS, "projects"))
    .filter((file) => all || PART.includes(file.replace(".jsonl", "")))
    .sort();
  return [...(all ? ["stateless.jsonl"] : []), ...projects.map((file) => join("projects", file))];
}

function linesOf(file: string): CorpusLine[] {
  return readFileSync(join(CORPUS, file), "utf8")
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => JSON.parse(line) as CorpusLine);
}

function groupsOf(file: string): Group[] {
  const lines = linesOf(file);
  const name = file.replace(/^.*\/|\.jsonl$/g, "");
  const groups = new Map<string, CorpusLine[]>();
  for (const line of lines) {
    const own = GATES.filter((gate) => line.sql.includes(gate)).map((gate) => [gate, "1"]);
    const gates = JSON.stringify({ ...partOf(line.settings, true), ...Object.fromEntries(own) });
    groups.set(gates, [...(groups.get(gates) ?? []), line]);
  }
  return [...groups].map(([gates, group]) => ({
    name: gates === "{}" ? name : `${name} with ${Object.keys(JSON.parse(gates)).join(", ")}`,
    gates: JSON.parse(gates) as Record<string, string>,
    statements: group.flatMap(statementsOf),
  }));
}

function statementsOf(line: CorpusLine): Statement[] {
  const { currentDatabase: database = line.database, setup: before = [], after = [], sql, standin, runnable } = line;
  const settings = partOf(line.settings, false);
  const around = { database, settings, before, after };
  if (runnable) return [{ ...around, sql }];
  // What does not run here may still be what others read.
  return [{ ...around, sql: standin ?? "SELECT 1" }];
}

/** The settings that allow something, or the others. */
function partOf(settings: CorpusLine["settings"] = {}, gates: boolean): Record<string, string> {
  const isGate = (name: string): boolean => /^(?:allow|enable|compatibility)_/.test(name);
  return Object.fromEntries(Object.entries(settings).filter(([name]) => isGate(name) === gates));
}
