import { sql } from "../code/text";
import { HIDDEN, type ValueMap } from "../code/value";
import { declareNamedCollection } from "../declare/named-collection";
import { diffNamedCollection } from "../diff/named-collection";
import { planNamedCollection, planNamedCollectionRename } from "../plan/named-collection";
import { type NamedCollectionSpec, withSecretValues } from "../sql/access/named-collection";
import { quoteIdentifier } from "../sql/identifiers";
import { SQL_KINDS } from "../sql/kinds";
import type { Kind } from "./kind";

export const namedCollection: Kind<"namedCollection"> = {
  ...SQL_KINDS.namedCollection,
  id: "namedCollection",
  type: "NamedCollection",
  word: "named collection",
  dropWord: "NAMED COLLECTION",
  // Tables and dictionaries use it, so it comes before them.
  rank: 0,
  options: ["adopt", "allow", "lint"],
  isOnScratch: false,
  declare: declareNamedCollection,
  code,
  diff: diffNamedCollection,
  plan: (_from, to, changes) => planNamedCollection(to, changes),
  rename: planNamedCollectionRename,
  rightsToCreate: ({ name }) => [{ privilege: "CREATE NAMED COLLECTION", level: quoteIdentifier(name) }],
  rightsToRun: (sql, { name }) => [
    { privilege: `${/^(\w+)/.exec(sql)?.[1] ?? "ALTER"} NAMED COLLECTION`, level: quoteIdentifier(name) },
  ],
  keepsRows: () => false,
  whatGoes: "goes",
  withSecrets: withSecretValues,
};

function code({ entries }: NamedCollectionSpec): ValueMap {
  const plain = entries.flatMap(({ key, value }) => (value === undefined ? [] : [[key, value] as const]));
  const flags = entries.flatMap(({ key, overridable }) =>
    typeof overridable === "boolean" ? [[key, overridable] as const] : [],
  );
  const secrets = entries.flatMap(({ key, value }) => (value === undefined ? [[key, sql(HIDDEN)] as const] : []));
  return {
    values: plain.length === 0 ? undefined : Object.fromEntries(plain),
    secrets: secrets.length === 0 ? undefined : Object.fromEntries(secrets),
    overridable: flags.length === 0 ? undefined : Object.fromEntries(flags),
  };
}
