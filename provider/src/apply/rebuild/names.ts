import type { QualifiedName } from "../../sql/spec";

/** Names of the tables that a rebuild makes, derived from the table and the operation, so that any runner finds them. */
export interface HelperNames {
  /** The table under its own name. */
  readonly table: QualifiedName;
  /** The new storage before the exchange, the old one after it. */
  readonly shadow: QualifiedName;
  /** What came to the old storage while the tables were exchanged. */
  readonly delta: QualifiedName;
  /** The old table when all is done. */
  readonly retired: QualifiedName;
  readonly chunk: (index: number) => QualifiedName;
}

/** The helper names of an operation on a table. */
export function helperNames({ database, name }: QualifiedName, operation: string): HelperNames {
  const helper = (kind: string): QualifiedName => ({ database, name: `${name}__${kind}_${operation}` });
  return {
    table: { database, name },
    shadow: helper("new"),
    delta: helper("delta"),
    retired: helper("old"),
    chunk: (index) => helper(`c${index}`),
  };
}
