import { quotedName } from "../sql/object-key";
import type { ObjectKind } from "../sql/spec";
import type { Estimate } from "./estimate";
import type { Outcome } from "./play";
import type { ReaderComparison } from "./readers";
import { differs } from "./readers";
import type { Said } from "./said";
import { type Fit, fits } from "./values";

/** What a rehearsal has found. */
export interface Rehearsal {
  /** Address of the server, without credentials. */
  readonly server: string;
  readonly version: string;
  /** Release of the embedded engine; absent if nothing was played. */
  readonly engine?: string;
  /** Rows that were read from the server. */
  readonly samples: readonly SampleReport[];
  readonly statements: readonly Outcome[];
  readonly values: readonly Fit[];
  readonly inserts: readonly InsertReport[];
  readonly readers: readonly ReaderReport[];
  /** For what rewrites or copies rows. */
  readonly estimates: readonly Estimate[];
  /** What is different here, and changes nothing that is found. */
  readonly notes: readonly Remark[];
  /** What was not rehearsed, and why. */
  readonly gaps: readonly Remark[];
  readonly seconds: number;
}

/** Rows of a table that were read. */
export interface SampleReport {
  readonly object: string;
  readonly rows: number;
  /** Rows of the table; undefined where the server does not count them. */
  readonly total?: number;
}

/** An insert of the sample, with the columns that clients may give today. */
export interface InsertReport {
  readonly object: string;
  readonly rows: number;
  /** What the engine says where it is refused, before and after the preview. */
  readonly before?: Said;
  readonly after?: Said;
}

/** What a reader returns before and after, by its name. */
export interface ReaderReport extends Omit<ReaderComparison, "key"> {
  /** Quoted name before the preview. */
  readonly object: string;
  readonly kind?: ObjectKind;
  /** The preview changes it, or a view that writes to it. */
  readonly changed: boolean;
}

/** About one object. */
export interface Remark {
  readonly object: string;
  readonly message: string;
}

/** `found`: something fails, does not fit, or returns something else although the preview does not change it. */
export type Verdict = "fine" | "found" | "incomplete";

export function verdictOf({
  gaps,
  inserts,
  readers,
  statements,
  values,
}: Pick<Rehearsal, "gaps" | "inserts" | "readers" | "statements" | "values">): Verdict {
  const isFound =
    statements.some(({ status }) => status === "fails") ||
    values.some((fit) => !fits(fit)) ||
    inserts.some(isBroken) ||
    readers.some(isFinding);
  if (isFound) return "found";
  return gaps.length > 0 || statements.some(({ status }) => status === "not-played") ? "incomplete" : "fine";
}

/** Whether an insert was taken before, and is not any more. */
export function isBroken({ after, before }: InsertReport): boolean {
  return after !== undefined && before === undefined;
}

/** Whether a reader fails, or returns something else although the preview does not change it. */
export function isFinding(reader: ReaderReport): boolean {
  if (reader.status === "fails") return true;
  return differs({ ...reader, key: "" }) && !reader.changed;
}

/** Remarks by quoted name, in order. */
export function remarks(found: readonly { readonly key: string; readonly reason: string }[]): Remark[] {
  return found.map(({ key, reason }) => ({ object: quotedName(key), message: reason }));
}
