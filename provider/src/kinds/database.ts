import { declareDatabase } from "../declare/database";
import { diffDatabase } from "../diff/database";
import { planDatabase } from "../plan/database";
import { rightsOfDatabase } from "../plan/rights";
import { quoteIdentifier } from "../sql/identifiers";
import { SQL_KINDS } from "../sql/kinds";
import { databaseArguments } from "./arguments";
import type { Kind } from "./kind";

export const database: Kind<"database"> = {
  ...SQL_KINDS.database,
  id: "database",
  type: "Database",
  word: "database",
  dropWord: "DATABASE",
  rank: 0,
  options: ["adopt", "allow", "cluster", "lint"],
  // A database of its name may already hold what is declared in it.
  isOnScratch: false,
  declare: ({ name }, args) => declareDatabase(name, args),
  code: databaseArguments,
  diff: diffDatabase,
  plan: (_from, to, changes) => planDatabase(to, changes),
  rightsToCreate: ({ name }) => [{ privilege: "CREATE DATABASE", level: `${quoteIdentifier(name)}.*` }],
  rightsToRun: (sql, { name }) => rightsOfDatabase(sql, `${quoteIdentifier(name)}.*`),
  keepsRows: () => true,
  whatGoes: "goes with whatever is in it",
};
