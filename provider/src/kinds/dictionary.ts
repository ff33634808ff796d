import { settingArguments } from "../code/settings";
import { sql } from "../code/text";
import type { Value, ValueMap } from "../code/value";
import { declareDictionary } from "../declare/dictionary";
import { diffDictionary } from "../diff/dictionary";
import { planDictionary } from "../plan/dictionary";
import { holdsSecret } from "../sql/dictionary-source";
import { qualifiedName, quoteIdentifier } from "../sql/identifiers";
import { SQL_KINDS } from "../sql/kinds";
import type { AttributeSpec, DictionarySpec } from "../sql/spec";
import type { Kind } from "./kind";

/** What OR REPLACE needs besides CREATE and DROP DICTIONARY, on a temporary name: so on all of the database. */
const TO_REPLACE = ["CREATE DICTIONARY", "DROP DICTIONARY", "SELECT", "INSERT", "CREATE TABLE", "DROP TABLE"];

export const dictionary: Kind<"dictionary"> = {
  ...SQL_KINDS.dictionary,
  id: "dictionary",
  type: "Dictionary",
  word: "dictionary",
  dropWord: "DICTIONARY",
  rank: 2,
  options: ["adopt", "allow", "cluster", "lint"],
  isOnScratch: true,
  declare: declareDictionary,
  code,
  diff: diffDictionary,
  plan: (_from, to, changes) => planDictionary(to, changes),
  rightsToCreate: (spec) => [{ privilege: "CREATE DICTIONARY", level: qualifiedName(spec) }],
  rightsToRun: (_sql, { database }) =>
    TO_REPLACE.map((privilege) => ({ privilege, level: `${quoteIdentifier(database)}.*` })),
  keepsRows: () => false,
  whatGoes: "goes",
  holdsSecret: ({ source }) => holdsSecret(source),
  drawn: {
    mermaid: ["[/", "/]"],
    dot: "parallelogram",
    paint: {
      fill: "#e0f5f5",
      stroke: "#0f7b83",
      text: "#08393d",
      dark: { fill: "#0d2d30", stroke: "#39c5cf", text: "#c3f1f4" },
    },
  },
};

function code(spec: DictionarySpec): ValueMap {
  const [, least, most] = /^MIN (\d+) MAX (\d+)$/.exec(spec.lifetime ?? "") ?? [];
  const [, min, max] = /^MIN (\S+) MAX (\S+)$/.exec(spec.range ?? "") ?? [];
  return {
    columns: Object.fromEntries(spec.attributes.map((one) => [one.name, attributeOf(one)])),
    primaryKey: spec.primaryKey,
    source: sql(spec.source),
    layout: spec.layout,
    lifetime: most === undefined ? undefined : least === "0" ? Number(most) : [Number(least), Number(most)],
    range: min === undefined ? undefined : { min, max },
    settings: spec.settings && settingArguments(spec.settings),
    comment: spec.comment,
  };
}

function attributeOf({ type, default: value, expression, flags }: AttributeSpec): Value {
  if (value === undefined && expression === undefined && flags.length === 0) return type;
  return {
    type,
    default: value,
    expression,
    hierarchical: flags.includes("HIERARCHICAL") || undefined,
    injective: flags.includes("INJECTIVE") || undefined,
    isObjectId: flags.includes("IS_OBJECT_ID") || undefined,
  };
}
