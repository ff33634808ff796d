import { sql } from "../code/text";
import { declareSqlFunction } from "../declare/sql-function";
import { diffSqlFunction } from "../diff/sql-function";
import { planSqlFunction, planSqlFunctionRename } from "../plan/sql-function";
import { SQL_KINDS } from "../sql/kinds";
import type { Kind } from "./kind";

export const sqlFunction: Kind<"sqlFunction"> = {
  ...SQL_KINDS.sqlFunction,
  id: "sqlFunction",
  type: "SqlFunction",
  word: "function",
  dropWord: "FUNCTION",
  // Tables and views keep its expression, so it comes before them.
  rank: 0,
  options: ["adopt", "allow", "cluster", "lint"],
  isOnScratch: true,
  declare: declareSqlFunction,
  code: ({ parameters, expression }) => ({ parameters, expression: sql(expression) }),
  diff: diffSqlFunction,
  plan: (_from, to) => planSqlFunction(to),
  rename: planSqlFunctionRename,
  rightsToCreate: () => [{ privilege: "CREATE FUNCTION", level: "*.*" }],
  rightsToRun: (statement) => [
    { privilege: /^DROP/.test(statement) ? "DROP FUNCTION" : "CREATE FUNCTION", level: "*.*" },
  ],
  keepsRows: () => false,
  whatGoes: "goes",
  drawn: {
    mermaid: ["{{", "}}"],
    dot: "hexagon",
    paint: {
      fill: "#f0e9ff",
      stroke: "#6e40c9",
      text: "#2f1b5c",
      dark: { fill: "#271b3f", stroke: "#a371f7", text: "#e2d3ff" },
    },
  },
};
