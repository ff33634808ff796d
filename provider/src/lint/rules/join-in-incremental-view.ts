import { objectKey, quotedName } from "../../sql/object-key";
import type { Source } from "../../sql/query";
import type { Report, Rule } from "../finding";
import { engineOf } from "../storage";
import type { Subject } from "../subject";

/** Engines made for lookups in a join. */
const LOOKUPS = new Set(["Join", "Dictionary", "Set", "EmbeddedRocksDB", "KeeperMap"]);

export const joinInIncrementalView: Rule = {
  id: "join-in-incremental-view",
  severity: "warning",
  summary:
    "An incremental view joins: only inserts into the left table trigger it, and a self-join sees one insert at " +
    "a time.",
  why:
    "Rows that arrive later in a joined table are never joined to what the view has stored, and the joined " +
    "table is read again for every insert. In a " +
    "self-join both sides are the inserted block alone, so pairs whose rows arrive in different inserts are lost.",
  *check(subject: Subject): Iterable<Report> {
    const { incremental, trigger } = subject;
    if (!incremental || !trigger) return;
    for (const select of subject.selects) {
      for (const source of select.from.slice(1)) {
        const table = joinedTable(source);
        if (source.join === undefined || (table === undefined && source.query === undefined)) continue;
        if (table && isLookup(subject, table)) continue;
        const isSelf = table?.database === trigger.database && table.name === trigger.name;
        const name = table ? quotedName(objectKey(table.database, table.name)) : "a query";
        const at = subject.at({ start: source.start, text: table ? name : "(" });
        yield {
          ...(isSelf ? selfJoin(name) : join(name, quotedName(objectKey(trigger.database, trigger.name)))),
          ...(at && { at }),
        };
      }
    }
  },
};

function selfJoin(name: string): Report {
  return {
    message: `The view is incremental and joins ${name} with itself.`,
    why:
      "Both sides are only the rows of the insert at hand: right where rows that belong together always arrive in " +
      "one insert, else pairs are lost silently.",
    fix: "Make it a refreshable view (REFRESH EVERY … APPEND TO a ReplacingMergeTree) over a window that is closed.",
  };
}

function join(name: string, trigger: string): Report {
  return {
    message: `The view is incremental and joins ${name}.`,
    why:
      `Only inserts into ${trigger} trigger it: a row that reaches ${name} later is never joined, and each insert ` +
      `reads ${name} again.`,
    fix: "Join when reading, look the value up in a dictionary (dictGet), or make it a refreshable view.",
  };
}

/** The joined table, also if it is the only one in a query in parentheses. */
function joinedTable({ table, query }: Source): { database: string; name: string } | undefined {
  if (table?.database !== undefined) return { database: table.database, name: table.name };
  const [select, ...others] = query?.selects ?? [];
  const [inner, ...joined] = select?.from ?? [];
  return inner === undefined || others.length > 0 || joined.length > 0 ? undefined : joinedTable(inner);
}

function isLookup(subject: Subject, table: { database: string; name: string }): boolean {
  const spec = subject.find(table);
  return spec?.kind === "table" && LOOKUPS.has(engineOf(spec.storage).name);
}
