import { quotedName } from "../../sql/object-key";
import type { Report, Rule } from "../finding";
import { atRight, keyOfTarget, rightsOf } from "../rights";
import type { Subject } from "../subject";

/** Whoever has one of these may be about to create it. */
const CREATING = /^(?:CREATE|ALL|ALTER|DROP|SHOW)\b/i;

/** Databases of the server's own. */
const OF_SERVER = /^(?:system|information_schema)(?:\0|$)/i;

export const grantOnMissingTable: Rule = {
  id: "grant-on-missing-table",
  severity: "warning",
  summary: "A right is about a table or a database that does not exist.",
  why:
    "The server takes any name. With a slip of the pen the grantee gets nothing, and who later creates something of that name opens it without " +
    "knowing.",
  *check(subject: Subject): Iterable<Report> {
    const rights = rightsOf(subject);
    const seen = new Set(rights.filter(({ privilege }) => CREATING.test(privilege)).map(keyOfTarget));
    for (const right of rights) {
      const key = keyOfTarget(right);
      if (key === undefined || seen.has(key)) continue;
      if (OF_SERVER.test(key) || subject.catalog.stands?.(key) !== false) continue;
      seen.add(key);
      const at = atRight(subject, right);
      yield {
        message: `There is no ${quotedName(key)}, and none is declared before it.`,
        why: "The right means nothing, until something gets that name.",
        fix: "Write the resource instead of its name (sql`SELECT ON ${orders}`), or correct the name.",
        ...(at && { at }),
      };
    }
  },
};
