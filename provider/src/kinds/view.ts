import { declareView } from "../declare/view";
import { diffView } from "../diff/view";
import { rightsToAlter, rightsToCreateView } from "../plan/rights";
import { planView } from "../plan/view";
import { SQL_KINDS } from "../sql/kinds";
import { viewArguments } from "./arguments";
import type { Kind } from "./kind";

export const view: Kind<"view"> = {
  ...SQL_KINDS.view,
  id: "view",
  type: "View",
  word: "view",
  dropWord: "VIEW",
  rank: 2,
  options: ["adopt", "allow", "cluster", "lint"],
  isOnScratch: true,
  declare: declareView,
  code: viewArguments,
  diff: diffView,
  plan: planView,
  rightsToCreate: rightsToCreateView,
  rightsToRun: rightsToAlter,
  keepsRows: () => false,
  whatGoes: "goes",
  drawn: {
    mermaid: ["([", "])"],
    dot: "note",
    paint: {
      fill: "#e3f7ea",
      stroke: "#1a7f37",
      text: "#0b3d1c",
      dark: { fill: "#12301c", stroke: "#3fb950", text: "#c6f6d0" },
    },
    radius: 16,
  },
};
