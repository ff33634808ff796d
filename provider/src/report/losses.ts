import { allowsDrop, parseAllowDrop } from "../declare/allow-drop";
import { kindOf } from "../kinds";
import { objectKey } from "../sql/object-key";
import type { Preview } from "./preview";
import { keepsRows, type ResourceChange } from "./resources";

/** Something that permanently removes rows or values. */
export interface Loss {
  readonly change: ResourceChange;
  /** What is lost, and what allows or stops it. Plain text. */
  readonly message: string;
  /** `up` refuses it while there are rows. */
  readonly refused: boolean;
}

/** Everything in a preview that drops data: planned statements, removed and replaced objects that keep rows. */
export function lossesOf(changes: readonly ResourceChange[], preview: Preview): Loss[] {
  const parsed = parseAllowDrop(String(preview.config["clickhouse:allowDrop"] ?? "false"));
  const allowDrop = "value" in parsed && parsed.value;
  return changes.flatMap((change) => {
    if (change.kept) return [];
    const { database, name } = change.from ?? { name: change.name };
    const isAllowed = allowsDrop(allowDrop, database === undefined ? objectKey(name) : objectKey(database, name));
    const planned = change.plan.flatMap(({ hazards }) => hazards).filter(({ kind }) => kind === "drops-data");
    const removed = removal(change, isAllowed).map((message) => ({ message, refused: !mayGo(change, isAllowed) }));
    return [...removed, ...planned.map(({ message }) => ({ message, refused: false }))].map((loss) => ({
      change,
      ...loss,
    }));
  });
}

/** Changes whose statements are unknown: secret, known only after the apply, or without a plan. */
export function unknownOf(changes: readonly ResourceChange[]): ResourceChange[] {
  return changes.filter(({ op, plan, secret, from, to }) => {
    if (op !== "update" || plan.length > 0) return false;
    return secret || to?.statement === undefined || from?.statement !== to.statement;
  });
}

function removal(change: ResourceChange, isAllowed: boolean): string[] {
  const { op, from, kind } = change;
  if ((op !== "delete" && op !== "replace") || !keepsRows(from, kind)) return [];
  const anew = op === "replace" ? "; it is recreated without them" : "";
  return [`${kindOf(kind).whatGoes}${anew} (${permission(change, isAllowed)})`];
}

/** What is refused, and how to allow it: stated once, below the changes it applies to. */
const REFUSED = "refused while it holds any";
export const HOW_TO_ALLOW =
  'Refused unless the resource says deletion: "drop" (applied before), or clickhouse:allowDrop names it.';

function mayGo({ from }: ResourceChange, isAllowed: boolean): boolean {
  return isAllowed || from?.deletion === "drop";
}

function permission({ from }: ResourceChange, isAllowed: boolean): string {
  if (from?.deletion === "drop") return 'allowed: deletion is "drop"';
  return isAllowed ? "allowed by clickhouse:allowDrop" : REFUSED;
}
