import { keyOf, quotedName } from "../../sql/object-key";
import type { TableSpec } from "../../sql/spec";
import type { Report, Rule } from "../finding";
import { countsRemovedRows, removesRows } from "../merging";
import { engineOf } from "../storage";
import type { Subject } from "../subject";

export const countsReplacedRows: Rule = {
  id: "counts-replaced-rows",
  severity: "warning",
  summary: "A view counts or adds up the rows of a Replacing- or CollapsingMergeTree, replaced ones included.",
  why:
    "Merges take replaced and cancelled rows away, later. An incremental view has counted each version of a row when it " +
    "was inserted, and never takes it back; any other view without FINAL counts what is not merged yet.",
  *check(subject: Subject): Iterable<Report> {
    const { spec } = subject;
    if (spec.kind !== "view" && spec.kind !== "materializedView") return;
    for (const select of subject.incremental ? subject.triggered.slice(-1) : subject.selects) {
      const [source] = select.from;
      const { database, name } = source?.table ?? {};
      const table = database === undefined || name === undefined ? undefined : subject.find({ database, name });
      if (source === undefined || table?.kind !== "table" || !removesRows(table)) continue;
      if (!subject.incremental && (source.final || /\bfinal\s*=\s*1\b/i.test(subject.statement))) continue;
      for (const { expression } of select.items) {
        const call = subject.callsOf(select, expression).find((one) => countsRemovedRows(one, table));
        if (call === undefined) continue;
        const at = subject.at(expression);
        yield { ...report(subject, call.name, table), ...(at && { at }) };
        break;
      }
    }
  },
};

function report({ incremental }: Subject, call: string, table: TableSpec): Report {
  const { name, args } = engineOf(table.storage);
  const collapses = name.endsWith("CollapsingMergeTree");
  return {
    message: `${call}() over the rows of ${quotedName(keyOf(table))} (${name}).`,
    why: incremental
      ? `Each ${collapses ? "row that is cancelled later" : "version of a row"} is counted when it is inserted, and nothing takes it back.`
      : "Rows that merges have not taken away yet are counted as well.",
    fix: collapses
      ? `Multiply by the sign: sum(${args[0] ?? "sign"}) for count(), sum(x * ${args[0] ?? "sign"}) for sum(x).`
      : incremental
        ? "Make it a refreshable view that reads FROM … FINAL, or keep the latest version by argMaxState(x, version) for each id."
        : "Read FROM … FINAL, or take argMax(x, version) for each id first.",
  };
}
