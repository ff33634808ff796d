import { SchemaError } from "../errors";
import { keyOf, quotedName } from "../sql/object-key";
import { orderOfSets } from "../sql/query";
import type { ObjectSpec } from "../sql/spec";

/**
 * The engine loses parentheses around set operations of a view: its answers are right until it parses the view again from its own
 * statement, after a restart or on another replica.
 *
 * @param shown the view, as the engine shows it.
 * @throws {SchemaError} if that means something else than the declaration.
 */
export function refuseOtherOrder(declared: ObjectSpec, shown: ObjectSpec): void {
  if (!("query" in declared) || !("query" in shown)) return;
  if (orderOfSets(declared.query) === orderOfSets(shown.query)) return;
  throw new SchemaError(
    "meaning-changes",
    `${quotedName(keyOf(declared))}: ClickHouse would keep its query without the parentheses around set operations, and answer differently ` +
      "once it has read it again: `(a EXCEPT b) UNION ALL (c EXCEPT d)` becomes `a EXCEPT b UNION ALL c EXCEPT d`, from left to right. " +
      "Write what is in parentheses as separate queries: `SELECT * FROM (a EXCEPT b) UNION ALL SELECT * FROM (c EXCEPT d)`",
  );
}
