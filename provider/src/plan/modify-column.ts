import type { ColumnChange } from "../diff/changes";
import { namesIn } from "../diff/text";
import { backtick, quoteString } from "../sql/identifiers";
import { decimal, nullableInner } from "../sql/query/types";
import { joinParts, renderSettings } from "../sql/render/columns";
import type { ColumnSpec } from "../sql/spec";
import { type Command, PHASE, type Phase } from "./alter";
import { defaultHazards, movedHazard, stores, ttlHazards } from "./column-hazards";
import { commentColumn, place, renderDefault, typeDefault } from "./column-text";
import type { ColumnContext } from "./columns";
import { hazard, removalHazard } from "./hazards";
import type { Hazard } from "./plan";
import { defaultOf, leavesNull, retypeHazards } from "./retype-hazards";
import { deletesMore, reachesParts } from "./ttl";
import { withProbe } from "./younger";

type Of<Kind extends ColumnChange["kind"]> = Extract<ColumnChange, { kind: Kind }>;
type Default = NonNullable<ColumnSpec["default"]>;
type Found = { readonly [Kind in ColumnChange["kind"]]?: Of<Kind> };

/** All changes of one column that stays. */
export function modifyColumn(column: ColumnSpec, changes: readonly ColumnChange[], context: ColumnContext): Command[] {
  const found: Found = Object.fromEntries(changes.map((change) => [change.kind, change]));
  const stage = stageDefault(column, found, context);
  const commands = [
    // An alias takes no codec and no TTL, so they are removed first. The default is removed last: MODIFY COLUMN with a type
    // gives the column the default that it had before the ALTER, whatever comes in between.
    ...removeClauses(column, found, context),
    ...modifyNow(column, found, stage, context),
    ...modifyLater(column, found, stage, context),
    ...comment(column, found, context),
    ...statistics(column, found, stage.starts ? { ...context, phase: PHASE.after } : context),
  ];
  return withProbe(commands, column.name, context.absent.get(column.name));
}

/** How a column gets its default, if that takes more than one ALTER. */
interface Stage {
  /** From alias or ephemeral to stored, which accepts only a default; other clauses come after. */
  readonly starts: boolean;
  /** From stored to alias or ephemeral, which keeps the type; a new type comes after. */
  readonly stops: boolean;
  /** The old default, if it is removed before anything else. */
  readonly first?: Default;
  /** Set with the column's other changes. */
  readonly now?: Default;
  /** Set or removed after them. */
  readonly later?: Default | "remove";
  readonly laterPhase: Phase;
}

function stageDefault(column: ColumnSpec, found: Found, context: ColumnContext): Stage {
  const { to, phase, rounds } = context;
  const [change, retype] = [found["column-default"], found["column-retyped"]];
  const starts = change !== undefined && !stores(change.from) && stores(change.to);
  const stops = change !== undefined && stores(change.from) && !stores(change.to);
  const round = rounds.get(column.name) ?? 0;
  const common = { starts, stops, laterPhase: PHASE.after + Math.max(0, round - 1) };
  const declared = column.default;
  if (stops && retype !== undefined && declared !== undefined) {
    // The expression need not fit the old type, which the column keeps until the second ALTER.
    const { expression } = standIn({ ...column, type: retype.from });
    return { ...common, now: { ...declared, ...(expression !== undefined && { expression }) } };
  }
  if (starts && (declared === undefined || round > 0)) {
    return { ...common, now: standIn(column), later: declared ?? "remove" };
  }
  if (retype !== undefined && stores(declared) && leavesNull(retype)) {
    // In the mutation the engine cannot read another column to fill a NULL, and the table would become unreadable.
    const isConstant =
      declared?.kind === "DEFAULT" && !readsColumn(declared, to.columns) && fitsScale(declared, column.type ?? "");
    return isConstant ? { ...common, now: declared } : { ...common, now: standIn(column), later: declared ?? "remove" };
  }
  // The engine converts the default that goes to a new type, which it need not fit: it goes before.
  const removal = retype === undefined ? phase : PHASE.before;
  if (change?.to === undefined) return { ...common, ...(change && { later: "remove" }), laterPhase: removal };
  if (round === 0) return { ...common, now: change.to };
  // Until then the column would have its old default, which need not fit the new types.
  const isInTheWay = change.from !== undefined && (retype !== undefined || readsRetyped(change.from, context));
  if (isInTheWay && !stores(change.from) && !stores(change.to)) {
    const { expression } = standIn({ ...column, ...(retype && { type: retype.from }) });
    const now = { ...change.to, ...(expression !== undefined && { expression }) };
    return { ...common, stops: true, now, ...(retype === undefined && { later: change.to }) };
  }
  return { ...common, later: change.to, ...(isInTheWay && { first: change.from }) };
}

function readsRetyped({ expression }: Default, { from, to, oldNames }: ColumnContext): boolean {
  const types = new Map(to.columns.map(({ name, type }) => [oldNames.get(name) ?? name, type]));
  const names = namesIn(expression);
  return from.columns.some(({ name, type }) => names.has(name) && types.has(name) && types.get(name) !== type);
}

/** MODIFY COLUMN with the clauses that get a new value. Clauses that it omits stay. */
function modifyNow(column: ColumnSpec, found: Found, stage: Stage, context: ColumnContext): Command[] {
  const [retype, ttl] = [found["column-retyped"], found["column-ttl"]];
  const { starts, stops, now } = stage;
  const type = stops && retype ? retype.from : column.type;
  const clauses = starts ? {} : found;
  if (!((retype && !stops) || now || found["column-moved"] || hasClauses(clauses))) return [];
  const hazards = modifyHazards(column, found, stage, context);
  if (isPlainAlias(found, now)) return [];
  return [
    {
      sql: `${modifySql({ ...column, ...(type !== undefined && { type }) }, now, clauses)}${move(found)}`,
      hazards,
      ...(retype && !stops && { mutation: true }),
      ...(!starts && ttlExtras(ttl, context)),
      phase: context.phase,
    },
  ];
}

function modifyLater(column: ColumnSpec, found: Found, stage: Stage, context: ColumnContext): Command[] {
  const { starts, stops, first, now, later: next, laterPhase } = stage;
  const [change, retype, ttl] = [found["column-default"], found["column-retyped"], found["column-ttl"]];
  const name = backtick(column.name);
  const hazards = change ? defaultHazards(change, column, context) : [];
  if (isPlainAlias(found, now)) return [{ sql: `MODIFY COLUMN ${name} REMOVE ALIAS`, hazards, phase: context.phase }];
  const commands: Command[] = [];
  if (first !== undefined) {
    const current = backtick(context.oldNames.get(column.name) ?? column.name);
    commands.push({ sql: `MODIFY COLUMN ${current} REMOVE ${first.kind}`, phase: PHASE.before });
  }
  const value = next === "remove" ? undefined : next;
  if (value || (starts && hasClauses(found))) {
    const sql = modifySql(column, value, starts ? found : {});
    const extras = starts ? ttlExtras(ttl, context) : {};
    commands.push({ sql, ...(now === undefined && { hazards }), phase: laterPhase, ...extras });
  }
  if (next === "remove") {
    const kind = now?.kind ?? change?.from?.kind ?? "DEFAULT";
    const current = laterPhase === PHASE.before ? (context.oldNames.get(column.name) ?? column.name) : column.name;
    commands.push({
      sql: `MODIFY COLUMN ${backtick(current)} REMOVE ${kind}`,
      ...(!now && { hazards }),
      phase: laterPhase,
    });
  }
  if (stops && retype) {
    commands.push({ sql: modifySql(column, column.default, {}), phase: laterPhase });
  }
  return commands;
}

/** An alias that becomes a stored column without other changes needs no temporary default. */
function isPlainAlias(found: Found, now: Default | undefined): boolean {
  const [change, ...others] = Object.values(found).filter(({ kind }) => !BESIDE.has(kind));
  return (
    change?.kind === "column-default" && change.from?.kind === "ALIAS" && !change.to && !!now && others.length === 0
  );
}

/** Changes with separate commands. */
const BESIDE: ReadonlySet<ColumnChange["kind"]> = new Set(["column-comment", "column-statistics"]);

function readsColumn({ expression }: Default, columns: readonly ColumnSpec[]): boolean {
  const names = namesIn(expression);
  return columns.some(({ name }) => names.has(name));
}

function modifySql(column: ColumnSpec, value: Default | undefined, found: Found): string {
  const [codec, ttl, settings] = [found["column-codec"], found["column-ttl"], found["column-settings"]];
  return joinParts([
    `MODIFY COLUMN ${backtick(column.name)}`,
    column.type,
    value && renderDefault(value, column),
    codec?.to !== undefined && `CODEC(${codec.to})`,
    ttl?.to !== undefined && `TTL ${ttl.to}`,
    settings && settings.to.length > 0 && `SETTINGS (${renderSettings(settings.to)})`,
  ]);
}

function move(found: Found): string {
  const moved = found["column-moved"];
  return moved ? place(moved.after) : "";
}

function modifyHazards(column: ColumnSpec, found: Found, { now }: Stage, context: ColumnContext): Hazard[] {
  const [retype, byDefault, ttl] = [found["column-retyped"], found["column-default"], found["column-ttl"]];
  return [
    ...(retype && stores(byDefault ? byDefault.from : column.default)
      ? retypeHazards(retype, column, whatNullBecomes(column, now), context)
      : []),
    ...(byDefault?.to || (byDefault && !stores(byDefault.from)) ? defaultHazards(byDefault, column, context) : []),
    ...(ttl?.to === undefined ? [] : ttlHazards(ttl, context)),
    ...(found["column-codec"]?.to === undefined ? [] : [codecHazard(column)]),
    ...(found["column-moved"] ? [movedHazard(context.table)] : []),
  ];
}

/** What the mutation replaces NULL by: the default that the column has while it runs, which is not always the declared one. */
function whatNullBecomes(column: ColumnSpec, now: Default | undefined): string {
  const isOwn = now !== undefined && now.expression === column.default?.expression;
  return isOwn ? (now.expression ?? "") : defaultOf(column);
}

function removeClauses(column: ColumnSpec, found: Found, { phase }: ColumnContext): Command[] {
  const name = backtick(column.name);
  const [codec, ttl, settings] = [found["column-codec"], found["column-ttl"], found["column-settings"]];
  const commands: Command[] = [];
  if (codec && codec.to === undefined) {
    commands.push({ sql: `MODIFY COLUMN ${name} REMOVE CODEC`, hazards: [codecHazard(column)], phase });
  }
  if (ttl && ttl.to === undefined) commands.push({ sql: `MODIFY COLUMN ${name} REMOVE TTL`, phase });
  if (settings && settings.to.length === 0) commands.push({ sql: `MODIFY COLUMN ${name} REMOVE SETTINGS`, phase });
  return commands;
}

function comment(column: ColumnSpec, found: Found, { phase }: ColumnContext): Command[] {
  const change = found["column-comment"];
  return change ? [{ ...commentColumn(column.name, change.to), phase }] : [];
}

function statistics(column: ColumnSpec, found: Found, context: ColumnContext): Command[] {
  const { table, phase, underStatistics } = context;
  const old = underStatistics.get(column.name);
  if (old !== undefined) {
    const again = column.statistics === undefined ? [] : setStatistics("ADD", column.name, column.statistics, context);
    return [{ ...dropStatistics(old, table), phase: PHASE.before }, ...again];
  }
  const change = found["column-statistics"];
  if (!change) return [];
  if (change.to === undefined) return [{ ...dropStatistics(column.name, table), phase }];
  return setStatistics(change.from === undefined ? "ADD" : "MODIFY", column.name, change.to, context);
}

function dropStatistics(column: string, table: string): Command {
  const hazards = [removalHazard(`statistics of ${column}`, table)];
  return { sql: `DROP STATISTICS ${backtick(column)}`, takesList: true, hazards, mutation: true };
}

function setStatistics(
  verb: "ADD" | "MODIFY",
  column: string,
  kinds: string,
  { table, phase, materialize }: ColumnContext,
): Command[] {
  const name = backtick(column);
  const later = `parts written before have none of it; ALTER TABLE ${table} MATERIALIZE STATISTICS ${name} builds them`;
  const hazards = materialize ? [] : [hazard("metadata-only", `statistics of ${column}: ${later}`)];
  return [{ sql: `${verb} STATISTICS ${name} TYPE ${kinds}`, takesList: true, hazards, phase }];
}

/** How a new column TTL reaches existing parts. */
function ttlExtras(ttl: Of<"column-ttl"> | undefined, { materialize }: ColumnContext): Partial<Command> {
  return ttl?.to === undefined ? {} : reachesParts(materialize && deletesMore(ttl.from, ttl.to));
}

/** Whether MODIFY COLUMN has to set a clause. */
function hasClauses(found: Found): boolean {
  const settings = found["column-settings"];
  return (
    Boolean(found["column-codec"]?.to ?? found["column-ttl"]?.to) || (settings !== undefined && settings.to.length > 0)
  );
}

/** A temporary DEFAULT: only with one does the engine make a column not Nullable, or stored. */
function standIn(column: ColumnSpec): Default {
  // A plain NULL would be substituted into the defaults that read the column, and refused where they return no NULL.
  const isNullable = nullableInner(column.type ?? "") !== undefined;
  const zero = decimal(column.type ?? "") === undefined ? typeDefault(column) : "0";
  const expression = isNullable ? `CAST(materialize(NULL), ${quoteString(column.type ?? "")})` : zero;
  return { kind: "DEFAULT", expression };
}

/** Two Decimals of different scales in the mutation are an error that blocks it. Measured on 26.7; not so on 24.8 and 26.9. */
function fitsScale({ expression = "" }: Default, type: string): boolean {
  return decimal(type) === undefined || /^-?\d+$/.test(expression);
}

function codecHazard({ name }: ColumnSpec): Hazard {
  return hazard("metadata-only", `stored parts keep the old codec of ${name} until they merge`);
}
