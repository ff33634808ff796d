import { parseGrant, renderGrant } from "../access/grant";
import { parseGrants, renderGrants } from "../access/grants";
import { parseNamedCollection, renderNamedCollection } from "../access/named-collection";
import { parseQuota, renderQuota } from "../access/quota";
import { parseRole, renderRole } from "../access/role";
import { parseRowPolicy, policyName, renderRowPolicy, takePolicyTable } from "../access/row-policy";
import { parseSettingsProfile, renderSettingsProfile } from "../access/settings-profile";
import { parseUser, renderUser } from "../access/user";
import { parseDatabase } from "../parse/database";
import { parseDictionary } from "../parse/dictionary";
import { parseMaterializedView } from "../parse/materialized-view";
import { parseSqlFunction } from "../parse/sql-function";
import { parseTable } from "../parse/table";
import { parseView } from "../parse/view";
import { renderDatabase } from "../render/database";
import { renderDictionary } from "../render/dictionary";
import { renderMaterializedView } from "../render/materialized-view";
import { renderSqlFunction } from "../render/sql-function";
import { renderTable } from "../render/table";
import { renderView } from "../render/view";
import type { ObjectKind } from "../spec";
import type { SqlKind, SqlKinds } from "./kind";

/** The text of every kind: the only list of them below `kinds/`. */
export const SQL_KINDS: SqlKinds = {
  database: { words: ["DATABASE"], scope: "itself", parse: parseDatabase, render: renderDatabase },
  sqlFunction: { words: ["FUNCTION"], scope: "server", parse: parseSqlFunction, render: renderSqlFunction },
  table: { words: ["TABLE"], scope: "database", parse: parseTable, render: renderTable },
  dictionary: { words: ["DICTIONARY"], scope: "database", parse: parseDictionary, render: renderDictionary },
  view: { words: ["VIEW"], scope: "database", parse: parseView, render: renderView },
  materializedView: {
    words: ["MATERIALIZED", "VIEW"],
    scope: "database",
    parse: parseMaterializedView,
    render: renderMaterializedView,
  },
  namedCollection: {
    words: ["NAMED", "COLLECTION"],
    scope: "server",
    space: space("named collection"),
    parse: parseNamedCollection,
    render: renderNamedCollection,
  },
  grants: { words: ["GRANTS"], scope: "server", space: space("grants"), parse: parseGrants, render: renderGrants },
  grant: { words: ["GRANT"], scope: "server", space: space("grant"), parse: parseGrant, render: renderGrant },
  settingsProfile: {
    words: ["SETTINGS", "PROFILE"],
    scope: "server",
    space: space("settings profile"),
    parse: parseSettingsProfile,
    render: renderSettingsProfile,
  },
  role: { words: ["ROLE"], scope: "server", space: space("role"), parse: parseRole, render: renderRole },
  quota: { words: ["QUOTA"], scope: "server", space: space("quota"), parse: parseQuota, render: renderQuota },
  user: { words: ["USER"], scope: "server", space: space("user"), parse: parseUser, render: renderUser },
  rowPolicy: {
    words: ["ROW", "POLICY"],
    scope: "server",
    space: space("row policy"),
    takeName: (cursor, first) => policyName(takePolicyTable(cursor, first)),
    parse: parseRowPolicy,
    render: renderRowPolicy,
  },
};

/** Spaces of names of what is in no database and no function. No database is called so. */
function space(word: string): string {
  return `\u0001${word}`;
}

/** The text of one kind. */
export function sqlKindOf<Kind extends ObjectKind>(kind: Kind): SqlKind<Kind> {
  return SQL_KINDS[kind];
}

/** Every kind, in the order in which a program lists them. */
export const OBJECT_KINDS = Object.keys(SQL_KINDS) as readonly ObjectKind[];

/** Whether a value is the name of a kind. */
export function isObjectKind(value: unknown): value is ObjectKind {
  return typeof value === "string" && Object.hasOwn(SQL_KINDS, value);
}
