import { engineName, isImmutableSetting, mergesByKey } from "../clickhouse/engines";
import type { StorageChange } from "../diff/changes";
import { keyElements } from "../diff/text";
import type { TableSpec } from "../sql/spec";
import { type Command, PHASE, type Phase } from "./alter";
import { columnsIn } from "./effects";
import { hazard } from "./hazards";
import type { Hazard } from "./plan";
import { BY_MERGES, deletesMore, pastProbe, reachesParts } from "./ttl";

/** What the commands for storage clauses need to know. */
export interface StorageContext {
  readonly table: string;
  readonly to: TableSpec;
  readonly phase: Phase;
  readonly materialize: boolean;
  /** Projections are added in the same plan. */
  readonly addsProjection: boolean;
}

/** Commands for a change in place, or the reason why there are none. */
export type Outcome = { readonly commands: readonly Command[] } | { readonly reason: string };

/** How one storage clause changes. */
export function planStorageChange(change: StorageChange, context: StorageContext): Outcome {
  const { phase } = context;
  switch (change.kind) {
    case "ttl":
      return inPlace(planTtl(change.from, change.to, context));
    case "sample-by":
      return inPlace({ sql: change.to === undefined ? "REMOVE SAMPLE BY" : `MODIFY SAMPLE BY ${change.to}`, phase });
    case "sorting-key":
      return planSortingKey(change, context);
    case "partition-key":
      return { reason: `PARTITION BY ${shown(change.from)} → ${shown(change.to)}` };
    case "primary-key":
      return { reason: `PRIMARY KEY ${shown(change.from)} → ${shown(change.to)}` };
    case "definition":
      return { reason: `${shown(change.from)} → ${shown(change.to)}` };
    case "setting":
      return planSetting(change, context);
    default:
      return unreachable(change);
  }
}

function planTtl(from: string | undefined, to: string | undefined, context: StorageContext): Command {
  if (to === undefined) return { sql: "REMOVE TTL", phase: context.phase };
  const { table, materialize, phase } = context;
  const isStricter = deletesMore(from, to);
  const atOnce = isStricter && materialize;
  const hazards: Hazard[] = [];
  if (isStricter) {
    const what = /\bGROUP BY\b/.test(to) ? "deleted or aggregated" : "deleted";
    const message = `rows of ${table} that are past ${to} are ${what}, ${atOnce ? "at once" : BY_MERGES}${byOneRow(to, context)}`;
    hazards.push(hazard("drops-data", message, { probe: pastProbe(from, to) }));
  }
  const message = atOnce
    ? `every part of ${table} is rewritten to apply the TTL`
    : `the columns that the TTL reads are rewritten in every part of ${table}, so that parts written before follow it`;
  hazards.push(hazard("rewrites-parts", message));
  return { sql: `MODIFY TTL ${to}`, hazards, takesList: true, phase, ...reachesParts(atOnce) };
}

/** Explains whose time counts if merges join several rows. */
function byOneRow(ttl: string, { to }: StorageContext): string {
  if (!mergesByKey(to.storage.engine)) return "";
  const key = columnsIn(to.storage.orderBy ?? "");
  const read = to.columns.filter(({ name }) => columnsIn(ttl).has(name) && !key.has(name)).map(({ name }) => name);
  if (read.length === 0) return "";
  const isSum = /(?:Summing|Aggregating|Coalescing|Graphite)MergeTree$/.test(engineName(to.storage.engine));
  const how = isSum
    ? "what several rows became goes by the value of one of them"
    : "the newest row of a key can go before an older one, which is then read";
  return `; ${read.join(", ")} is not in the sorting key, so ${how}`;
}

function planSortingKey(change: Extract<StorageChange, { kind: "sorting-key" }>, context: StorageContext): Outcome {
  const { to, table, phase } = context;
  const text = `ORDER BY ${shown(change.from)} → ${shown(change.to)}`;
  if (change.how === "other" || change.to === undefined) return { reason: `${text}${primaryKeyHint(change, to)}` };
  const sql = `MODIFY ORDER BY ${change.to}`;
  if (change.how === "extended" || !mergesByKey(to.storage.engine)) return inPlace({ sql, phase });
  const message = `rows of ${table} that differ in nothing of ${change.to} are one row for the engine from now on, and merge`;
  const probe = { kind: "unmerged" as const, key: keyElements(change.to).join(", ") };
  return inPlace({ sql, hazards: [hazard("drops-data", message, { probe })], phase });
}

/** A key that only grows could do so in place, if the sparse index stayed as it is. */
function primaryKeyHint({ from, to }: Extract<StorageChange, { kind: "sorting-key" }>, table: TableSpec): string {
  const [before, after] = [keyElements(from), keyElements(to)];
  const isPrefix = before.length > 0 && before.every((element, index) => element === after[index]);
  if (!isPrefix || before.length === after.length || table.storage.primaryKey !== undefined) return "";
  return ` (if what it grows by is a new column without a default, PRIMARY KEY ${shown(from)} beside it makes this a change in place)`;
}

function planSetting(change: Extract<StorageChange, { kind: "setting" }>, context: StorageContext): Outcome {
  const { name, from, to } = change;
  if (isImmutableSetting(name)) {
    return {
      reason: `setting ${name} ${from ?? "(default)"} → ${to ?? "(default)"}, which the engine fixes at creation`,
    };
  }
  // Whether a projection may be added is checked against the current table.
  const phase = context.addsProjection && name.includes("projection") ? PHASE.before : context.phase;
  const hazards = name === "storage_policy" || name === "disk" ? [policyHazard(name)] : [];
  const own = to === undefined ? "RESET SETTING" : "MODIFY SETTING";
  const sql = to === undefined ? `${own} ${name}` : `${own} ${name} = ${to}`;
  return inPlace({ sql, hazards, takesList: true, phase, own });
}

function policyHazard(name: string): Hazard {
  return hazard("may-fail", `the engine takes another ${name} only if it has all volumes and disks of the old one`);
}

function inPlace(...commands: Command[]): Outcome {
  return { commands };
}

function shown(text: string | undefined): string {
  return text ?? "(none)";
}

function unreachable(change: never): never {
  throw new Error(`No plan for ${JSON.stringify(change)}`);
}
