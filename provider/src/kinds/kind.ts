import type { ValueMap } from "../code/value";
import type { Raw } from "../declare/fields";
import type { OptionName } from "../declare/options";
import type { Change, DiffOptions, ObjectName } from "../diff/changes";
import type { PlanOptions, Step } from "../plan/plan";
import type { Right } from "../sql/grants";
import type { SqlKind } from "../sql/kinds/kind";
import type { ObjectKind, QualifiedName, SpecOf } from "../sql/spec";

/** Fill, border and text of a box. */
export interface Colors {
  readonly fill: string;
  readonly stroke: string;
  readonly text: string;
}

/** How a box is painted: dark on light, so that it is readable on a light and on a dark page. */
export interface Paint extends Colors {
  /** The same, light on dark, for pages that follow the reader's system. */
  readonly dark: Colors;
  readonly dashed?: boolean;
}

/** How an object is drawn in a lineage. */
export interface Drawing {
  /** Brackets of its node in Mermaid. */
  readonly mermaid: readonly [string, string];
  /** Shape of its node in Graphviz. */
  readonly dot: string;
  readonly paint: Paint;
  /** Radius of its corners on a page, in pixels. Default: 6. */
  readonly radius?: number;
  /** A bar at either side, on a page. */
  readonly bars?: boolean;
}

/**
 * One kind of object: everything that a stage asks of it. Data and pure functions; the class that users see is in `resources/`. Outside of
 * `kinds/`, nothing compares a kind with a word to find out what such objects can do.
 */
export interface Kind<K extends ObjectKind = ObjectKind> extends SqlKind<K> {
  /** The export of the provider's entry point, in every state: a wire format. */
  readonly id: K;
  /** The class, and the type name behind `clickhouse:` in every URN: a wire format. */
  readonly type: string;
  /** For people: `materialized view`. */
  readonly word: string;
  /** Word of DROP, RENAME and SHOW CREATE. */
  readonly dropWord: string;
  /** Rank in a program: what others usually need comes first. */
  readonly rank: number;
  readonly options: readonly OptionName[];
  /** Its statement belongs on the engine that checks declarations, for what is declared later. */
  readonly isOnScratch: boolean;
  /** @throws {SchemaError} naming every wrong argument. */
  readonly declare: (name: QualifiedName, args: Raw) => SpecOf<K>;
  /** @throws {SchemaError} for what plain SQL can say and a declaration cannot. */
  readonly refuseSql?: (spec: SpecOf<K>) => void;
  /** The arguments that declare it: the inverse of `declare`. @param listed see {@link codeOf}. */
  readonly code: (spec: SpecOf<K>, listed: boolean) => ValueMap;
  /** Differences besides name and comment. */
  readonly diff: (from: SpecOf<K>, to: SpecOf<K>, options: DiffOptions) => Change[];
  /** Steps for all changes but the name. */
  readonly plan: (from: SpecOf<K>, to: SpecOf<K>, changes: readonly Change[], options: PlanOptions) => Step[];
  /**
   * Steps that give it another name. Default: RENAME, after which everything that names it is re-pointed.
   *
   * @param alone whether nothing else changes; otherwise `plan` may do both.
   */
  readonly rename?: (to: SpecOf<K>, before: ObjectName, after: ObjectName, alone: boolean) => Step[];
  /** The CREATE statement to send, where that is not the canonical text: with placeholders for secrets. */
  readonly runnable?: (spec: SpecOf<K>) => string;
  /** Privileges for its CREATE statement, without those on what it reads. */
  readonly rightsToCreate: (spec: SpecOf<K>) => Right[];
  /** Privileges for a statement of its plan. */
  readonly rightsToRun: (sql: string, spec: SpecOf<K>) => Right[];
  /** Whether rows are dropped with it; with `undefined`, whether there may be some. */
  readonly keepsRows: (spec: SpecOf<K> | undefined) => boolean;
  /** What goes with it when it is dropped. */
  readonly whatGoes: string;
  /** Whether its text contains a secret, which then has to be given as a Pulumi secret. */
  readonly holdsSecret?: (spec: SpecOf<K>) => boolean;
  /** A statement of its with secrets in place of `[HIDDEN]`. @throws {Error} for a secret that is not given. */
  readonly withSecrets?: (sql: string, secrets: Readonly<Record<string, string>>) => string;
  /** Whose part it is, if it has no statement of its own to create and drop it: it exists as soon as that does. */
  readonly isOf?: string;
  /** What is run instead of a DROP. */
  readonly dropStatements?: (spec: SpecOf<K>) => string[];
  /** What is wrong with the secrets that are given, by name; nothing quotes them. */
  readonly refuseSecrets?: (spec: SpecOf<K>, secrets: Readonly<Record<string, string>>) => string[];
  /** In the lineage; absent: not drawn. */
  readonly drawn?: Drawing;
}
