import { keyOf, quotedName } from "../../sql/object-key";
import { aggregateOf, callsIn, type Select } from "../../sql/query";
import type { TableSpec } from "../../sql/spec";
import type { Report, Rule } from "../finding";
import { mergeDependence, passedOn, rolesOf } from "../merging";
import { engineOf, isMerging } from "../storage";
import type { Subject } from "../subject";

export const aggregateOfPartialRows: Rule = {
  id: "aggregate-of-partial-rows",
  severity: "warning",
  summary: "A view counts, averages or otherwise aggregates rows of a rollup that are only parts of their group.",
  why:
    "A Summing- or AggregatingMergeTree has one row of a key for each insert, until merges combine them. An incremental " +
    "view over it sees these parts as they come, any other view sees as many as are not merged yet: counting them, " +
    "averaging them, or adding up maxima gives a number that depends on how rows were cut into inserts.",
  *check(subject: Subject): Iterable<Report> {
    for (const { selects, table } of chains(subject)) {
      let roles = rolesOf(table);
      for (const select of selects) {
        for (const item of select.items) {
          for (const call of subject.callsOf(select, item.expression)) {
            const reason = mergeDependence(call, roles);
            if (reason === undefined) continue;
            const at = subject.at(item.expression);
            yield {
              message: `${call.name}() over ${quotedName(keyOf(table))} (${engineOf(table.storage).name}) ${reason}.`,
              why: subject.incremental
                ? "The view sees one row of a key for each insert into its source, so the result depends on how rows were cut into inserts."
                : "Until parts merge, a key has several rows, so the result changes with every merge.",
              fix: remedy(subject),
              ...(at && { at }),
            };
          }
        }
        if (isGrouped(select)) break;
        roles = passedOn(select, roles);
      }
    }
  },
};

function remedy({ incremental }: Subject): string {
  return incremental
    ? "Combine each column by its own function (sum of sums and counts, max of maxima, -Merge or -MergeState of states), or read the source of the rollup itself."
    : "Read FROM … FINAL, group by the key in a query within first, or combine each column by its own function (sum, max, -Merge).";
}

/** SELECTs that read a merging table, innermost first, each with the enclosing ones to which its rows are passed. */
function chains(subject: Subject): { selects: readonly Select[]; table: TableSpec }[] {
  if (subject.spec.kind !== "view" && subject.spec.kind !== "materializedView") return [];
  const innermost = subject.incremental ? subject.triggered.slice(-1) : subject.selects;
  return innermost.flatMap((select) => {
    const [source, ...joined] = select.from;
    const { database, name } = source?.table ?? {};
    if (source === undefined || joined.length > 0 || database === undefined || name === undefined) return [];
    const table = subject.find({ database, name });
    if (table?.kind !== "table" || !isMerging(table.storage)) return [];
    if (!subject.incremental && (source.final || /\bfinal\s*=\s*1\b/i.test(subject.statement))) return [];
    const isTriggered = select === subject.triggered.at(-1);
    return [{ selects: isTriggered ? [...subject.triggered].reverse() : [select], table }];
  });
}

function isGrouped({ groupBy, items, distinct }: Select): boolean {
  const aggregates = items.some(({ expression }) => callsIn(expression).some(({ name }) => aggregateOf(name)));
  return groupBy !== undefined || distinct || aggregates;
}
