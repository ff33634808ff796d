import { randomBytes } from "node:crypto";
import type { QualifiedName } from "../sql/spec";
import { JOURNAL_TABLE } from "./journal";

/** Prefix of the tables on which a server is tested. */
export const SELF_TEST_PREFIX = "_schema_selftest_";
/** Separates an object's name from the operation's: rebuilds and changes of views make such names. */
const HELPER = /__(?:new|old|delta|snap|idle|gate|c\d+)_([A-Za-z0-9_]+)$/;
/** See {@link newOperation}. */
const OPERATION = /^[a-f][0-9a-f]{7}$/;

/** Names of the tables that a rebuild creates, derived from the table and the operation, so that any runner finds them. */
export interface HelperNames {
  /** The table under its own name. */
  readonly table: QualifiedName;
  /** The new storage before the exchange, the old one after it. */
  readonly shadow: QualifiedName;
  /** Rows that reached the old storage while the tables were exchanged. */
  readonly delta: QualifiedName;
  /** The old table after everything is done. */
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

/**
 * Prefix of the tables of one test: unique, and it contains the time at which the test began. @param now by the server's clock, in
 * milliseconds.
 */
export function selfTestPrefix(now: number): string {
  return `${SELF_TEST_PREFIX}${now}_${newOperation()}_`;
}

/** When the test that a table belongs to began, in milliseconds; 0 for a table of an older version, whose name had no time. */
export function selfTestTime(name: string): number {
  return Number(/^\d+(?=_)/.exec(name.slice(SELF_TEST_PREFIX.length))?.[0] ?? 0);
}

/**
 * Name of a new operation, which becomes part of the names of its helper tables: 8 lower-case hexadecimal digits that begin with a letter,
 * so that no date or number in a user's table name (`events__old_20240131`) looks like one.
 */
export function newOperation(): string {
  const text = randomBytes(4).toString("hex");
  return OPERATION.test(text) ? text : newOperation();
}

/**
 * Whether a table is one of this package's own: the journal, a table of a server test, or a helper of an operation. Such tables are not the
 * user's: they are neither introspected nor dropped for being undeclared.
 *
 * @param name without its database.
 * @param operations names of the operations in the database's journal. Without them, anything that looks like a result of
 *   {@link newOperation} counts as one.
 */
export function isWorkingTable(name: string, operations?: ReadonlySet<string>): boolean {
  if (name === JOURNAL_TABLE || name.startsWith(SELF_TEST_PREFIX)) return true;
  const operation = HELPER.exec(name)?.[1];
  if (operation === undefined) return false;
  return operations === undefined ? OPERATION.test(operation) : operations.has(operation);
}
