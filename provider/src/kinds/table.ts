import { holdsRows } from "../clickhouse/engines";
import { declareTable, refuseFilled } from "../declare/table";
import { diffTable } from "../diff/table";
import { rightsToAlter, rightsToCreateTable } from "../plan/rights";
import { planTable } from "../plan/table";
import { SQL_KINDS } from "../sql/kinds";
import { tableArguments } from "./arguments";
import type { Kind } from "./kind";

export const table: Kind<"table"> = {
  ...SQL_KINDS.table,
  id: "table",
  type: "Table",
  word: "table",
  dropWord: "TABLE",
  rank: 1,
  options: ["adopt", "allow", "cluster", "lint", "rebuild", "keepOld", "materialize", "renamedColumns"],
  isOnScratch: true,
  declare: declareTable,
  refuseSql: refuseFilled,
  code: tableArguments,
  diff: diffTable,
  plan: planTable,
  rightsToCreate: rightsToCreateTable,
  rightsToRun: rightsToAlter,
  keepsRows: (spec) => spec === undefined || holdsRows(spec.storage.engine),
  whatGoes: "goes with all its rows",
  drawn: {
    mermaid: ["[(", ")]"],
    dot: "cylinder",
    paint: {
      fill: "#ddf0ff",
      stroke: "#0969da",
      text: "#06294f",
      dark: { fill: "#11294a", stroke: "#4493f8", text: "#cfe5ff" },
    },
  },
};
