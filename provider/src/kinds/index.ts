import { OBJECT_KINDS } from "../sql/kinds";
import type { ObjectKind } from "../sql/spec";
import { database } from "./database";
import { dictionary } from "./dictionary";
import { grant } from "./grant";
import { grants } from "./grants";
import type { Kind } from "./kind";
import { materializedView } from "./materialized-view";
import { namedCollection } from "./named-collection";
import { quota } from "./quota";
import { role } from "./role";
import { rowPolicy } from "./row-policy";
import { settingsProfile } from "./settings-profile";
import { sqlFunction } from "./sql-function";
import { table } from "./table";
import { user } from "./user";
import { view } from "./view";

/** Every kind of object: the only list. A kind is added as CONTRIBUTING.md says. */
export const KINDS: { readonly [K in ObjectKind]: Kind<K> } = {
  database,
  sqlFunction,
  table,
  dictionary,
  view,
  materializedView,
  namedCollection,
  grants,
  grant,
  settingsProfile,
  role,
  quota,
  user,
  rowPolicy,
};

/** The descriptor of a kind. */
export function kindOf<K extends ObjectKind>(kind: K): Kind<K> {
  return KINDS[kind];
}

/** The kind in a URN of this package; undefined for any other resource. */
export function kindOfUrn(urn: string): ObjectKind | undefined {
  const [, type] = /\bpulumi-nodejs:dynamic\/clickhouse:(\w+)::/.exec(urn) ?? [];
  return OBJECT_KINDS.find((kind) => KINDS[kind].type === type);
}
