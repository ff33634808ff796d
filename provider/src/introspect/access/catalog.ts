import type { Connection } from "../../connection/connection";
import { isAccessDenied } from "../../connection/server-message";
import { sortedNames } from "../../sql/access/names";
import { policyName, renderRowPolicy } from "../../sql/access/row-policy";
import type { AccessKind } from "../../sql/access/spec";
import { quoteIdentifier, unquoteIdentifier, unquoteString } from "../../sql/identifiers";
import { lex } from "../../sql/lexer";
import { keyNamed } from "../../sql/object-key";
import type { LiveObject } from "../live-object";
import { HiddenError } from "../visibility";

/** How the server lists a kind of entity. */
interface Listing {
  /** Words of `SHOW CREATE …`, all of them at once. */
  readonly plural: string;
  readonly table: string;
  /** Tokens between CREATE and the name. */
  readonly words: number;
  readonly engine: string;
  /** What the user needs to see them. */
  readonly right: string;
}

const LISTINGS: { readonly [Kind in AccessKind]: Listing } = {
  settingsProfile: {
    plural: "SETTINGS PROFILES",
    table: "settings_profiles",
    words: 2,
    engine: "SettingsProfile",
    right: "SHOW SETTINGS PROFILES",
  },
  role: { plural: "ROLES", table: "roles", words: 1, engine: "Role", right: "SHOW ROLES" },
  quota: { plural: "QUOTAS", table: "quotas", words: 1, engine: "Quota", right: "SHOW QUOTAS" },
  user: { plural: "USERS", table: "users", words: 1, engine: "User", right: "SHOW USERS" },
  rowPolicy: {
    plural: "ROW POLICIES",
    table: "row_policies",
    words: 2,
    engine: "RowPolicy",
    right: "SHOW ROW POLICIES",
  },
};

/**
 * All entities of a kind in the server's access storages, as it prints them: passwords and hashes are not among it. Two queries.
 *
 * @throws {HiddenError} when this user may not see them.
 */
export async function readEntities(connection: Connection, kind: AccessKind): Promise<ReadonlyMap<string, LiveObject>> {
  // The embedded engine has one user, who may not look.
  if (connection.url.startsWith("chdb:")) return new Map();
  const { plural, table, words, engine, right } = LISTINGS[kind];
  try {
    if (kind === "rowPolicy") return await readPolicies(connection, engine);
    const shown = await connection.query<Record<string, string>>(`SHOW CREATE ${plural}`);
    const rows = await connection.query<{ name: string; storage: string; uuid: string }>(
      `SELECT name, storage, toString(id) AS uuid FROM system.${table}`,
    );
    const statements = shown.map((row) => withMethod(kind, String(Object.values(row)[0] ?? "")));
    const found = new Map<string, LiveObject>();
    for (const statement of statements) {
      const name = nameIn(statement, words);
      const key = keyNamed(kind, undefined, name);
      const own = rows.filter((row) => row.name === name);
      const storages = own.map(({ storage }) => storage).sort();
      // A name in two storages: that of the server's configuration is the one that counts, and cannot be changed.
      const storage = storages.find(isConfiguration) ?? storages[0] ?? "";
      const uuid = own.find((row) => row.storage === storage)?.uuid ?? "";
      const others = storages.filter((one) => one !== storage);
      found.set(key, {
        ...{ key, statement, engine, uuid, rows: undefined, bytes: undefined },
        access: { storage, others },
      });
    }
    return found;
  } catch (error) {
    if (!isAccessDenied(error)) throw error;
    const [row] = await connection.query<{ user: string }>("SELECT currentUser() AS user");
    const user = quoteIdentifier(row?.user ?? "");
    throw new HiddenError(
      `The user ${user} may not see the ${plural.toLowerCase()} of the server, so which of them exist is unknown. Nothing was changed. ` +
        `Let the user see them: GRANT ${right} ON *.* TO ${user};`,
    );
  }
}

interface PolicyRow {
  readonly policy: string;
  readonly database: string;
  readonly table: string;
  readonly storage: string;
  readonly uuid: string;
  readonly using: string | null;
  readonly restrictive: number | boolean;
  readonly everybody: number | boolean;
  readonly names: readonly string[];
  readonly others: readonly string[];
}

const POLICIES = `SELECT short_name AS policy, database, table, storage, toString(id) AS uuid, select_filter AS using,
is_restrictive AS restrictive, apply_to_all AS everybody, apply_to_list AS names, apply_to_except AS others FROM system.row_policies
ORDER BY database, table, policy`;

/** From rows: they say what SHOW CREATE says in other words on each version. One query. */
async function readPolicies(connection: Connection, engine: string): Promise<ReadonlyMap<string, LiveObject>> {
  const found = new Map<string, LiveObject>();
  for (const row of await connection.query<PolicyRow>(POLICIES)) {
    const { policy, database, table, storage, uuid, using } = row;
    const name = policyName({ policy, database, ...(table !== "" && { table }) });
    const key = keyNamed("rowPolicy", undefined, name);
    const all = Boolean(Number(row.everybody));
    const statement = renderRowPolicy({
      ...{ kind: "rowPolicy", name, restrictive: Boolean(Number(row.restrictive)) },
      ...(using !== null && using !== "" && { using }),
      appliesTo: { all, names: sortedNames(all ? row.others : row.names) },
    });
    const other = found.get(key);
    const storages = [storage, ...(other?.access === undefined ? [] : [other.access.storage, ...other.access.others])];
    // A name in two storages: that of the server's configuration cannot be changed.
    const counts = storages.find(isConfiguration) ?? storages.at(-1) ?? "";
    const shown = other !== undefined && other.access?.storage === counts ? other : undefined;
    found.set(key, {
      ...(shown ?? { key, statement, engine, uuid, rows: undefined, bytes: undefined }),
      access: { storage: counts, others: storages.filter((one) => one !== counts) },
    });
  }
  return found;
}

/** The storage of users.xml and the like: what is in the server's configuration, no statement changes. */
export function isConfiguration(storage: string): boolean {
  return /^(?:users_xml|users\.xml|ldap)/.test(storage);
}

/** 24.8 leaves out that a user needs no password. */
function withMethod(kind: AccessKind, statement: string): string {
  if (kind !== "user" || lex(statement).some(({ text }) => text.toUpperCase() === "IDENTIFIED")) return statement;
  return statement.replace(/^(CREATE USER (?:`(?:[^`\\]|\\.|``)*`|\S+))/, "$1 IDENTIFIED WITH no_password");
}

function nameIn(statement: string, words: number): string {
  const [first, at, host] = lex(statement).slice(1 + words);
  const name = first === undefined ? "" : unquoted(first.text);
  return at?.text === "@" && host !== undefined ? `${name}@${unquoted(host.text)}` : name;
}

function unquoted(text: string): string {
  return text.startsWith("'") ? unquoteString(text) : unquoteIdentifier(text);
}
