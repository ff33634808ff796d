import { declareMaterializedView, refusePopulate } from "../declare/materialized-view";
import { diffMaterializedView } from "../diff/materialized-view";
import { planMaterializedView } from "../plan/materialized-view";
import { rightsToAlter, rightsToCreateMaterializedView } from "../plan/rights";
import { SQL_KINDS } from "../sql/kinds";
import { materializedViewArguments } from "./arguments";
import type { Kind } from "./kind";

export const materializedView: Kind<"materializedView"> = {
  ...SQL_KINDS.materializedView,
  id: "materializedView",
  type: "MaterializedView",
  word: "materialized view",
  dropWord: "VIEW",
  rank: 2,
  options: ["adopt", "allow", "cluster", "backfill", "lint", "keepOld"],
  isOnScratch: true,
  declare: declareMaterializedView,
  refuseSql: refusePopulate,
  code: materializedViewArguments,
  diff: diffMaterializedView,
  plan: planMaterializedView,
  rightsToCreate: rightsToCreateMaterializedView,
  rightsToRun: rightsToAlter,
  keepsRows: (spec) => spec === undefined || spec.to === undefined,
  whatGoes: "goes with its inner table and all rows in it",
  drawn: {
    mermaid: ["[[", "]]"],
    dot: "component",
    bars: true,
    paint: {
      fill: "#fff1dc",
      stroke: "#bc6c00",
      text: "#4a2a00",
      dark: { fill: "#38260d", stroke: "#db8b2b", text: "#ffe0b5" },
    },
  },
};
