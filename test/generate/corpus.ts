import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { compareViews } from "../../provider/dist/cli/import/views";
import type { Connection } from "../../provider/dist/connection/connection";
import { openScratch } from "../../provider/dist/connection/scratch";
import { diffObject } from "../../provider/dist/diff";
import { messageOf } from "../../provider/dist/errors";
import { generateProgram, type PlacedResource } from "../../provider/dist/generate";
import { normalOf } from "../../provider/dist/generate/declared";
import { type FoundObject, introspectServer, type ServerObjects } from "../../provider/dist/introspect/server";
import { quotedName } from "../../provider/dist/sql/object-key";
import { renderCreate } from "../../provider/dist/sql/render";

/** Real DDL of public projects; see its README. It is not part of the repository. */
export const CORPUS = process.env["CORPUS_DIR"] ?? resolve(__dirname, "../../../shared/corpus");

/** What became of one object on its way: created, imported, declared, created elsewhere, compared. */
export interface Journey {
  readonly name: string;
  /** Kind, and the engine of a table. */
  readonly sort: string;
  /** It is declared in plain SQL, for this reason. */
  readonly plain: string | undefined;
  /** What went wrong; undefined where the object that came out is the one that went in. */
  readonly problem: string | undefined;
}

interface Statement {
  readonly database: string;
  readonly currentDatabase?: string;
  readonly settings?: Readonly<Record<string, string>>;
  readonly setup?: readonly string[];
  readonly sql: string;
  readonly standin?: string;
  readonly runnable: boolean;
  readonly after?: readonly string[];
}

/** What is run without being asked for more: a few projects with every kind of object. */
const PART = ["langfuse", "otel-clickhouse-exporter", "trigger.dev", "umami"];

/** Files of the corpus, all with `CORPUS=all`; none where it is not there. */
export function corpusFiles(): string[] {
  if (!existsSync(CORPUS)) return [];
  const files = readdirSync(join(CORPUS, "projects")).map((file) => join("projects", file));
  if (process.env["CORPUS"] === "all") return ["stateless.jsonl", ...files.sort()];
  return PART.map((project) => join("projects", `${project}.jsonl`)).filter((file) => files.includes(file));
}

/** Sends everything in a file on its way. */
export async function journeysOf(file: string): Promise<Journey[]> {
  const statements = readFileSync(join(CORPUS, file), "utf8")
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => JSON.parse(line) as Statement);
  const [origin, copy] = await Promise.all([openScratch(), openScratch()]);
  try {
    await make(origin, statements);
    const from = await introspectServer(origin);
    const specs = from.managed.map(({ spec }) => spec);
    const { plain } = await compareViews(origin, generateProgram(specs), from);
    const { resources } = generateProgram(specs, { plain });
    const refused = await recreate(copy, statements, resources, from);
    const to = new Map((await introspectServer(copy)).managed.map((object) => [object.key, object]));
    return resources.map((resource) => ({
      name: quotedName(resource.key),
      sort: sortOf(resource),
      plain: resource.plain,
      problem: refused.get(resource.key) ?? difference(resource, to.get(resource.key)),
    }));
  } finally {
    await Promise.all([origin.close(), copy.close()]);
  }
}

/** Runs a file as its README says; what does not run on this engine stays away. */
async function make(engine: Connection, statements: readonly Statement[]): Promise<void> {
  for (const {
    database,
    currentDatabase = database,
    settings,
    setup = [],
    sql,
    standin,
    runnable,
    after = [],
  } of statements) {
    await attempt(engine, `CREATE DATABASE IF NOT EXISTS \`${currentDatabase}\``);
    await attempt(engine, `USE \`${currentDatabase}\``);
    await set(engine, settings);
    for (const one of setup) await attempt(engine, one);
    if (runnable || standin !== undefined) await attempt(engine, runnable ? sql : (standin ?? ""));
    for (const one of after) await attempt(engine, one);
  }
}

/** Declares everything on an empty engine; what is not managed is made by hand when its turn has come. */
async function recreate(
  engine: Connection,
  statements: readonly Statement[],
  resources: readonly PlacedResource[],
  { unmanaged }: ServerObjects,
): Promise<Map<string, string>> {
  for (const { settings } of statements) await set(engine, settings);
  // Decides what a type means that says neither NULL nor NOT NULL; the engine's own texts say neither.
  await set(engine, { data_type_default_nullable: "0", allow_experimental_time_series_table: "1" });
  let open = [
    ...resources.map(({ key, declared }) => ({ key, sql: renderCreate(declared) })),
    ...unmanaged.map(({ key, statement }) => ({ key, sql: statement })),
  ];
  for (;;) {
    const refused = new Map<string, string>();
    for (const { key, sql } of open) {
      const problem = await attempt(engine, sql);
      if (problem !== undefined) refused.set(key, problem);
    }
    if (refused.size === open.length || refused.size === 0) return refused;
    open = open.filter(({ key }) => refused.has(key));
  }
}

async function set(engine: Connection, settings: Statement["settings"]): Promise<void> {
  for (const [name, value] of Object.entries(settings ?? {})) await attempt(engine, `SET ${name} = '${value}'`);
}

async function attempt(engine: Connection, sql: string): Promise<string | undefined> {
  try {
    await engine.command(sql);
    return undefined;
  } catch (error) {
    return messageOf(error).split("\n", 1)[0];
  }
}

function difference({ live, declared }: PlacedResource, made: FoundObject | undefined): string | undefined {
  if (made === undefined) return "is not there";
  const [from, to] = [normalOf(live, declared), normalOf(made.spec, declared)];
  const changes = diffObject(from, to);
  if (changes.length > 0) return `differs: ${JSON.stringify(changes[0])}`;
  const columns = (spec: typeof from): string => ("query" in spec ? JSON.stringify(spec.columns) : "");
  return columns(from) === columns(to) ? undefined : `differs in columns: ${columns(from)} and ${columns(to)}`;
}

function sortOf({ live }: PlacedResource): string {
  return live.kind === "table" ? `table ${/\w+/.exec(live.storage.engine ?? "function")?.[0]}` : live.kind;
}
