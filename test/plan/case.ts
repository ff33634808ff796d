import type { HazardKind } from "../../provider/src/plan";

/** One change of one object: what it takes on the engine, and what it costs. */
export interface PlanCase {
  readonly name: string;
  /** Statements that create what the object reads and writes. */
  readonly setup?: readonly string[];
  /** CREATE statements before and after. */
  readonly from: string;
  readonly to: string;
  readonly renamedColumns?: Readonly<Record<string, string>>;
  readonly materialize?: boolean;
  readonly targetColumns?: readonly string[];
  /** Kinds, in the order in which the plan names them first. */
  readonly hazards: readonly HazardKind[];
  /** What the plan as it is shown says, among other things. */
  readonly says?: readonly string[];
  /** Statements with single spaces; a step of another kind as `kind: reason; reason`. */
  readonly sql: readonly string[];
}

/** A MergeTree table ordered by `a`, with further clauses. */
export function table(columns: string, tail = ""): string {
  return stored(columns, `MergeTree ORDER BY a${tail === "" ? "" : ` ${tail}`}`);
}

/** A table of any engine. */
export function stored(columns: string, engine: string): string {
  return `CREATE TABLE p.t (${columns}) ENGINE = ${engine}`;
}

/** A column of another type, which takes one MODIFY COLUMN unless said otherwise. */
export function retype(from: string, to: string, hazards: readonly HazardKind[], sql?: readonly string[]): PlanCase {
  return {
    name: `${from} → ${to}`,
    from: table(`a UInt64, b ${from}`),
    to: table(`a UInt64, b ${to}`),
    hazards,
    sql: sql ?? [`ALTER TABLE p.t MODIFY COLUMN \`b\` ${to}`],
  };
}

/** A source and two targets for views. */
export const SOURCES: readonly string[] = [
  "CREATE TABLE p.s (a UInt64, b String) ENGINE = MergeTree ORDER BY a",
  "CREATE TABLE p.g (a UInt64, b String) ENGINE = MergeTree ORDER BY a",
  "CREATE TABLE p.g2 (a UInt64, b String) ENGINE = MergeTree ORDER BY a",
];
