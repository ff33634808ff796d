import { ServerError } from "../connection/errors";
import { diffObject } from "../kinds/object";
import { nullQuery, probeQueries } from "../plan";
import { backtick } from "../sql/identifiers";
import { keyOf, quotedName } from "../sql/object-key";
import { nullableInner } from "../sql/query/types";
import type { Act } from "./acts";
import { type Said, saidBy } from "./said";
import type { Stage } from "./stage";

/** What becomes of a column's values in the sample when it gets another type. */
export interface Fit {
  /** Quoted name of the table. */
  readonly object: string;
  readonly column: string;
  readonly from: string;
  readonly to: string;
  /** Values in the sample, without NULLs. */
  readonly values: number;
  /** Cannot be converted; undefined where the engine only fails on the first. */
  readonly unfit?: number;
  /** Are converted, and are then another value. */
  readonly changed?: number;
  /** NULLs, which the new type does not have. */
  readonly nulls?: number;
  /** One of them, before and after. */
  readonly example?: string;
  /** What the engine says where there is no conversion, or where it fails and the number is not known. */
  readonly error?: Said;
}

/** Whether all values stay what they are. */
export function fits({ changed = 0, error, nulls = 0, unfit = 0 }: Fit): boolean {
  return error === undefined && changed + nulls + unfit === 0;
}

/** Asks of each column that gets another type whether the values of the sample fit it, before anything is changed. */
export async function fitsOf(stage: Stage, acts: readonly Act[]): Promise<Fit[]> {
  const found: Fit[] = [];
  for (const { from, name, op, to } of acts) {
    if (op !== "update" || from?.kind !== "table" || to?.kind !== "table") continue;
    const types = new Map((await stage.columnsOf(keyOf(from))).map((column) => [column.name, column]));
    for (const change of diffObject(from, to)) {
      if (change.kind !== "column-retyped") continue;
      const now = types.get(change.name);
      // What is computed has no values of its own.
      if (now === undefined || now.kind === "ALIAS" || now.kind === "EPHEMERAL") continue;
      const base = { object: name, column: change.name, from: now.type, to: change.to };
      found.push({ ...base, ...(await fitOf(stage, keyOf(from), base)) });
    }
  }
  return found;
}

type Found = Omit<Fit, "object" | "column" | "from" | "to">;

async function fitOf(stage: Stage, key: string, column: Pick<Fit, "column" | "from" | "to">): Promise<Found> {
  const table = quotedName(key);
  const probe = { ...column, otherwise: "metadata-only" } as const;
  const queries = probeQueries(table, { kind: "values", ...probe });
  const losesNulls = nullableInner(column.from) !== undefined && nullableInner(column.to) === undefined;
  const nulls = losesNulls ? { nulls: await countOf(stage, nullQuery(table, { kind: "nulls", ...column })) } : {};
  const example = (text: string): Pick<Fit, "example"> => (text === "" ? {} : { example: text });
  try {
    const [row] = await stage.engine.query<{ rows: string; changed: string; example: string }>(queries.changes);
    return {
      values: Number(row?.rows),
      changed: Number(row?.changed),
      unfit: 0,
      ...nulls,
      ...example(row?.example ?? ""),
    };
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    const values = await countOf(
      stage,
      `SELECT toString(count()) AS rows FROM ${table} WHERE NOT isNull(${backtick(column.column)})`,
    );
    const [row] =
      queries.misfits === undefined
        ? []
        : await stage.engine.query<{ failing: string; example: string }>(queries.misfits).catch(() => []);
    const failing = Number(row?.failing ?? 0);
    if (failing > 0) return { values, unfit: failing, ...nulls, ...example(row?.example ?? "") };
    return { values, ...nulls, error: saidBy(error) };
  }
}

async function countOf(stage: Stage, sql: string): Promise<number> {
  const [row] = await stage.engine.query<{ rows: string }>(sql);
  return Number(row?.rows ?? 0);
}
