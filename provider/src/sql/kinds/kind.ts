import type { Cursor } from "../cursor";
import type { Words } from "../render/clauses";
import type { ObjectKind, QualifiedName, SpecOf } from "../spec";

/** Where a name has to be unique: a database is its own place. */
export type Scope = "itself" | "database" | "server";

/** What the text of a kind of object looks like. */
export interface SqlKind<Kind extends ObjectKind> {
  /** The words behind CREATE. */
  readonly words: readonly string[];
  readonly scope: Scope;
  /** What is in no database has its names to itself within this; see `object-key.ts`. Default: that of functions. */
  readonly space?: string;
  /** Takes what else belongs to the name, and returns all of it as SQL. Default: the name is one word, which is quoted where needed. */
  readonly takeName?: (cursor: Cursor, first: string) => string;
  /** Reads what follows the name. @param name its database is empty if the kind has none. */
  readonly parse: (cursor: Cursor, name: QualifiedName) => SpecOf<Kind>;
  /** The CREATE statement in the engine's layout. */
  readonly render: (spec: SpecOf<Kind>, words: Words) => string;
}

/** What the text of every kind looks like. */
export type SqlKinds = { readonly [Kind in ObjectKind]: SqlKind<Kind> };
