import { objectKey, quotedName } from "../../sql/object-key";
import type { Select } from "../../sql/query";
import type { Report, Rule } from "../finding";
import type { Subject } from "../subject";

export const multiSourceIncrementalView: Rule = {
  id: "multi-source-incremental-view",
  severity: "error",
  summary: "An incremental view combines several SELECTs with UNION.",
  why:
    "Only inserts into the first table of the query trigger the view, and of a UNION only the first SELECT is " +
    "computed. Inside of FROM (… UNION …) " +
    "the other tables are read as a whole at every insert, so their rows are counted again each time.",
  *check(subject: Subject): Iterable<Report> {
    const { incremental, query } = subject;
    if (!incremental || !query) return;
    const [first, second] = query.selects;
    if (first && second) {
      yield {
        message: `The query is a UNION of ${query.selects.length} SELECTs, and the view is incremental.`,
        why:
          "Only the first SELECT is computed, at inserts into its table; what the others should give is missing, " +
          "without an error.",
        fix: "Write one view for each SELECT, all TO the same target.",
        ...place(subject, second),
      };
    }
    for (const [nested, other] of query.selects.flatMap((select) => otherSources(select))) {
      yield {
        message: `The view is incremental and reads a UNION in FROM, with ${other} beside the table that triggers it.`,
        why:
          `Every insert into the first table counts all rows of ${other} again, and inserts into that one are ` +
          "never counted.",
        fix: "Write one view for each source, all TO the same target.",
        ...place(subject, nested),
      };
    }
  },
};

/** SELECTs of a UNION in FROM that read a different table than the first one. */
function otherSources(select: Select): [Select, string][] {
  return select.from.flatMap(({ query }) => {
    if (query === undefined || query.selects.length < 2) return query?.selects.flatMap(otherSources) ?? [];
    const [first, ...others] = query.selects;
    const own = first && tableOf(first);
    return others.flatMap((other): [Select, string][] => {
      const table = tableOf(other);
      return table === undefined || own === undefined || table === own ? [] : [[other, table]];
    });
  });
}

function tableOf(select: Select): string | undefined {
  const table = select.from[0]?.table;
  return table?.database === undefined ? undefined : quotedName(objectKey(table.database, table.name));
}

function place(subject: Subject, select: Select): Pick<Report, "at"> {
  const name = tableOf(select);
  const [source] = select.from;
  const at =
    source && name !== undefined ? { start: source.start, text: name } : { start: select.start, text: "SELECT" };
  const found = subject.at(at);
  return found ? { at: found } : {};
}
