import { SchemaError } from "../errors";
import { keyOf, quotedName } from "../sql/object-key";
import { orderOfSets } from "../sql/query";
import type { ObjectSpec } from "../sql/spec";

/**
 * The engine forgets brackets around set operations of a view: it answers rightly until it reads the view again from its own text,
 * after a restart or on another replica.
 *
 * @param shown what the engine made of it.
 * @throws {SchemaError} where its text means something else than what is declared.
 */
export function refuseOtherOrder(declared: ObjectSpec, shown: ObjectSpec): void {
  if (!("query" in declared) || !("query" in shown)) return;
  if (orderOfSets(declared.query) === orderOfSets(shown.query)) return;
  throw new SchemaError(
    `${quotedName(keyOf(declared))}: ClickHouse would keep its query without the brackets around set operations, and answer otherwise ` +
      "once it has read it again: `(a EXCEPT b) UNION ALL (c EXCEPT d)` becomes `a EXCEPT b UNION ALL c EXCEPT d`, from left to right. " +
      "Write what stands in brackets as queries of their own: `SELECT * FROM (a EXCEPT b) UNION ALL SELECT * FROM (c EXCEPT d)`",
  );
}
