import { ServerError } from "../connection/errors";
import { backtick } from "../sql/identifiers";
import { quotedName } from "../sql/object-key";
import { parseCreate } from "../sql/parse";
import type { Row } from "../testing/test";
import { incrementalViews } from "./concerned";
import type { Sample } from "./read-sample";
import { type Said, saidBy } from "./said";
import type { Relation } from "./scene";
import type { Stage } from "./stage";

/** Most rows of one reader that are compared; of more, only the number is. */
const MOST_ROWS = 50_000;

/** What something returns on a stage. */
export interface Reading {
  readonly key: string;
  /** A refreshable view is read as its query; `written`: what an insert has written. */
  readonly what: "table" | "view" | "query" | "written";
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** Undefined where there are too many. */
  readonly rows?: readonly Row[];
  readonly count: number;
  /** What the engine says when it cannot be read. */
  readonly error?: Said;
}

/** An insert of a sample into a table, as clients send it today. */
export interface Inserted {
  readonly key: string;
  readonly rows: number;
  /** What the engine says when it is refused. */
  readonly error?: Said;
}

/** What a stage returns, and what becomes of an insert. */
export interface Observed {
  readonly readings: readonly Reading[];
  readonly inserts: readonly Inserted[];
  /** What the inserts have written, in empty tables. */
  readonly written: readonly Reading[];
}

/**
 * Reads everything that is of interest, then empties all tables and inserts the samples again, so that views are run by them.
 *
 * @param isWanted by key.
 * @param samples of the tables whose inserts run views.
 */
export async function observe(
  stage: Stage,
  isWanted: (key: string) => boolean,
  samples: ReadonlyMap<string, Sample>,
): Promise<Observed> {
  await stage.settle();
  const relations = (await stage.relations()).filter(({ key }) => isWanted(key));
  const readings: Reading[] = [];
  for (const relation of relations) readings.push(...(await readRelation(stage, relation)));
  await stage.empty();
  const inserts: Inserted[] = [];
  for (const [key, sample] of samples) inserts.push(await insertAgain(stage, key, sample));
  await stage.settle();
  const written: Reading[] = [];
  for (const { key } of await writtenByViews(stage)) {
    if (isWanted(key)) written.push(await read(stage, key, "written", `SELECT * FROM ${quotedName(key)}`, true));
  }
  return { readings, inserts, written };
}

async function readRelation(stage: Stage, { engine, key, statement }: Relation): Promise<Reading[]> {
  const from = `SELECT * FROM ${quotedName(key)}`;
  if (engine === "View") return hasParameters(statement) ? [] : [await read(stage, key, "view", from)];
  if (engine !== "MaterializedView") return [await read(stage, key, "table", from, true)];
  const spec = parseCreate(statement);
  if (spec.kind !== "materializedView") return [];
  const own = spec.to === undefined ? [await read(stage, key, "table", from, true)] : [];
  return spec.refresh === undefined ? own : [...own, await read(stage, key, "query", spec.query)];
}

/** `{name:Type}` outside of strings: it cannot be read without values. */
function hasParameters(statement: string): boolean {
  return /\{\s*\w+\s*:\s*\w/.test(statement.replace(/'(?:[^'\\]|\\.)*'/g, "''"));
}

async function read(
  stage: Stage,
  key: string,
  what: Reading["what"],
  query: string,
  isStored = false,
): Promise<Reading> {
  const base = { key, what, columns: [], count: 0 };
  try {
    // `*` leaves out what is computed.
    const own = isStored ? (await stage.columnsOf(key)).filter(({ kind }) => kind !== "EPHEMERAL") : [];
    const all =
      own.length === 0 ? query : `SELECT ${own.map(({ name }) => backtick(name)).join(", ")} FROM ${quotedName(key)}`;
    const columns = await stage.engine.query<{ name: string; type: string }>(`DESCRIBE (${all})`);
    const outputs = columns.map(({ name, type }) =>
      type.startsWith("AggregateFunction(")
        ? `finalizeAggregation(${backtick(name)}) AS ${backtick(name)}`
        : backtick(name),
    );
    const finished = `SELECT ${outputs.join(", ")} FROM (${all})`;
    const rows = await stage.engine.query<Row>(`${finished} LIMIT ${MOST_ROWS + 1}`);
    const plain = columns.map(({ name, type }) => ({ name, type }));
    if (rows.length <= MOST_ROWS) return { ...base, columns: plain, rows, count: rows.length };
    const [counted] = await stage.engine.query<{ n: string }>(`SELECT count() AS n FROM (${all})`);
    return { ...base, columns: plain, count: Number(counted?.n) };
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    return { ...base, error: saidBy(error) };
  }
}

/** With the columns that a client may give today. If it is refused, the values of columns that are still there are inserted. */
async function insertAgain(stage: Stage, key: string, sample: Sample): Promise<Inserted> {
  const given = sample.columns.filter(({ kind }) => kind !== "MATERIALIZED").map(({ name }) => name);
  const now = stage.keyNow(key);
  const base = { key, rows: sample.rows.length };
  try {
    await stage.insert(key, sample, given);
    return base;
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    const there = new Set(
      (await stage.columnsOf(now)).flatMap(({ kind, name }) =>
        kind === "MATERIALIZED" || kind === "ALIAS" ? [] : [name],
      ),
    );
    const left = given.filter((name) => there.has(name));
    if (now !== key || left.length < given.length) {
      await stage.empty();
      await stage.insert(now, sample, left).catch((again: unknown) => {
        if (!(again instanceof ServerError)) throw again;
      });
    }
    return { ...base, error: saidBy(error) };
  }
}

async function writtenByViews(stage: Stage): Promise<{ key: string }[]> {
  const relations = await stage.relations();
  const views = incrementalViews(
    relations.flatMap(({ engine, statement }) => (engine === "MaterializedView" ? [parseCreate(statement)] : [])),
  );
  const targets = new Set(views.map(({ target }) => target));
  return relations.filter(({ key }) => targets.has(key));
}
