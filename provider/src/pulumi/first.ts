import type { LiveObject } from "../introspect/live-object";
import type { Plan, ShownStep } from "../plan";
import type { ColumnSpec } from "../sql/spec";
import type { Context } from "./context";
import type { Change, Planned } from "./planning";
import type { Concerned } from "./reader-changes";
import type { toldDeclaration } from "./told";

/** A reader on the server that would fail, or return less than before. */
export interface Broken {
  readonly reader: LiveObject;
  readonly columns: readonly Concerned[];
  /** The engine's words. */
  readonly reason: string | undefined;
  /** It is a materialized view that writes these columns, which would reach none of the table's. */
  readonly writes?: boolean;
  /** What to do instead; no permission helps. */
  readonly instead?: string;
}

/** A reader that this run changes too, and that is changed before the columns which it reads are dropped or renamed. */
export interface First {
  readonly key: string;
  /** Of a table itself: the column that it gets for its readers. */
  readonly column?: string;
  readonly adds?: ColumnSpec;
  /** It is not as declared afterwards: its own row has something left to do. */
  readonly isInterim?: boolean;
  /** Of a table: what its plan changes. */
  readonly changes?: Planned["changes"];
  /** Inserts under way are awaited before it: they may have gone through other views as these were. */
  readonly waits?: boolean;
  /** As it is on the server; undefined if that does not matter. */
  readonly from: string | undefined;
  /** Whether another resource of this run has changed it by now. */
  readonly isDone: (live: LiveObject) => Promise<boolean>;
  /** Whether it is as another resource of this run leaves it meanwhile. */
  readonly isOurs?: (live: LiveObject) => boolean;
  /** Whether an error means that it already refuses inserts, so that nothing can go wrong with them. */
  readonly isHarmless?: (error: unknown) => boolean;
  readonly plan: Plan;
  readonly shown: readonly ShownStep[];
}

/** What the program declares, by key. */
export type Declared = ReadonlyMap<string, ReturnType<typeof toldDeclaration>>;

/** Finds the readers that a change would break. */
export type FindBroken = (context: Context, planned: Planned, change: Change) => Promise<Broken[]>;

/** What the ways of changing readers need. */
export interface Tools {
  readonly told: Declared;
  /** Keys of what the program no longer declares, as far as it has run. */
  readonly leaving: ReadonlySet<string>;
  readonly find: FindBroken;
  /** Keys of views that wait for this one. */
  readonly path: readonly string[];
  /** Of another change, what its own readers and the views along its chain need, and readers that would stay broken. */
  readonly resolve: (
    planned: Planned,
    change: Change,
    path?: readonly string[],
  ) => Promise<{ readonly first: readonly First[]; readonly left: readonly Broken[] }>;
}
