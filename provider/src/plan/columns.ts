import { engineName, isInMemory, isMergeTreeFamily, isReplicated } from "../clickhouse/engines";
import type { ColumnChange } from "../diff/changes";
import { namesIn } from "../diff/text";
import { backtick } from "../sql/identifiers";
import { renderColumn, renderSettings } from "../sql/render/columns";
import type { TableSpec } from "../sql/spec";
import { type Command, PHASE, type Phase } from "./alter";
import { dropHazard, initialHazard, stores } from "./column-hazards";
import { place, writtenDefault } from "./column-text";
import { hazard } from "./hazards";
import type { AbsentProbe } from "./plan";

/** What the commands for columns need to know about their table. */
export interface ColumnContext {
  /** Quoted, qualified name. */
  readonly table: string;
  readonly from: TableSpec;
  readonly to: TableSpec;
  /** When columns are added and changed: after the renames, if a renamed one changes. */
  readonly phase: Phase;
  readonly materialize: boolean;
  /** Columns whose new default comes in a later ALTER, with its number from 1. */
  readonly rounds: ReadonlyMap<string, number>;
  /** New name → old name of columns whose statistics block their new type. */
  readonly underStatistics: ReadonlyMap<string, string>;
  /** By new name, the query on the rows of parts that are older than a column. */
  readonly absent: ReadonlyMap<string, AbsentProbe>;
  /** New name → old name of columns that are renamed. */
  readonly oldNames: ReadonlyMap<string, string>;
}

type Of<Kind extends ColumnChange["kind"]> = Extract<ColumnChange, { kind: Kind }>;

/** DROP COLUMN, each after the dropped ones that are computed from it. */
export function dropColumns(drops: readonly Of<"column-dropped">[], context: ColumnContext): Command[] {
  const { table, to } = context;
  const reused = new Set(to.columns.map(({ name }) => name));
  const phase = dropPhase(drops, context);
  const late = phase === context.phase ? [] : drops.filter(({ column }) => column.ttl !== undefined);
  const withoutTtl = late.map(({ column }) => ({
    // By then, what it reads may no longer be stored.
    sql: `MODIFY COLUMN ${backtick(column.name)} REMOVE TTL`,
    phase: context.phase,
  }));
  const dropped = dependentsFirst(drops).map(({ column, looksLike }) => ({
    sql: `DROP COLUMN ${backtick(column.name)}`,
    hazards: [dropHazard(column, table, looksLike)],
    mutation: true,
    dropsColumn: true,
    // If a renamed column takes its name, it has to go at once.
    phase: reused.has(column.name) ? PHASE.main : phase,
  }));
  return [...withoutTtl, ...dropped];
}

/**
 * Together with the column changes; but the engine checks the old defaults, so if a column that stays reads a dropped one, all drops
 * come after its change: they may read each other too.
 */
function dropPhase(drops: readonly Of<"column-dropped">[], { from, phase, rounds }: ColumnContext): Phase {
  const gone = new Set(drops.map(({ column }) => column.name));
  const read = namesIn(...from.columns.filter(({ name }) => !gone.has(name)).map((one) => one.default?.expression));
  return [...gone].some((name) => read.has(name)) ? PHASE.after + Math.max(0, ...rounds.values()) : phase;
}

/** RENAME COLUMN. */
export function renameColumn({ from, to }: Of<"column-renamed">, { from: { storage }, table }: ColumnContext): Command {
  const message =
    `what reads or writes ${table} by the column name ${from} fails from now on, views included: an insert into a table whose ` +
    "view reads the old name is refused. Change those views in the same run";
  const gated = isMergeTreeFamily(storage.engine);
  const elsewhere = isReplicated(engineName(storage.engine))
    ? ", and one on another replica, which is not awaited, still does"
    : "";
  const refused = `inserts are refused for a moment (error 469: clients should retry): one under way would lose the column's values${elsewhere}`;
  return {
    sql: `RENAME COLUMN ${backtick(from)} TO ${backtick(to)}`,
    hazards: [hazard("breaks-reader", message), ...(gated ? [hazard("breaks-reader", refused)] : [])],
    mutation: true,
    ...(gated && { gated }),
  };
}

/** ADD COLUMN, and what it forgets: the engine parses STATISTICS and SETTINGS there and ignores them. */
export function addColumn({ column, after }: Of<"column-added">, { from, phase, table }: ColumnContext): Command[] {
  const { statistics, settings, ...bare } = column;
  const rest = bare.default === undefined ? bare : { ...bare, default: writtenDefault(bare.default, column) };
  const name = backtick(column.name);
  const hazards =
    isInMemory(from.storage.engine) && stores(column.default) && column.default !== undefined
      ? [initialHazard(column, table)]
      : [];
  const commands: Command[] = [{ sql: `ADD COLUMN ${renderColumn(rest)}${place(after)}`, hazards, phase }];
  if (settings !== undefined) {
    // MODIFY SETTING, because MODIFY COLUMN with a type removes the default of a column that is new in the same ALTER.
    const sql = `MODIFY COLUMN ${name} MODIFY SETTING ${renderSettings(settings)}`;
    commands.push({ sql, takesList: true, phase });
  }
  if (statistics !== undefined) {
    commands.push({ sql: `ADD STATISTICS ${name} TYPE ${statistics}`, takesList: true, phase });
  }
  return commands;
}

/** Orders drops so that each column goes before those it is computed from. */
function dependentsFirst(drops: readonly Of<"column-dropped">[]): Of<"column-dropped">[] {
  const left = new Map(drops.map((drop) => [drop.column.name, drop]));
  const ordered: Of<"column-dropped">[] = [];
  while (left.size > 0) {
    const read = namesIn(...[...left.values()].map(({ column }) => column.default?.expression));
    const free = [...left.values()].filter(({ column }) => !read.has(column.name));
    // There cannot be a cycle; if ambiguous names make one, any order will do.
    for (const drop of free.length > 0 ? free : left.values()) {
      ordered.push(drop);
      left.delete(drop.column.name);
    }
  }
  return ordered;
}
