import type { Connection } from "../../connection/connection";
import { isAccessDenied } from "../../connection/server-message";
import { SchemaError } from "../../errors";
import { policyName } from "../../sql/access/row-policy";
import { backtick, quoteIdentifier, quoteString } from "../../sql/identifiers";
import { keyNamed, keyParts, quotedName } from "../../sql/object-key";
import type { ObjectKind } from "../../sql/spec";

/** Something that would silently lose an entity when that is dropped. */
export interface Dependent {
  /** Undefined for what this package does not manage. */
  readonly key?: string;
  /** For people: `user alice has it`. */
  readonly label: string;
}

interface Row {
  readonly kind: string;
  readonly name: string;
  readonly how: string;
}

/** What the rows of {@link QUESTIONS} are about. */
const KINDS: Readonly<Record<string, ObjectKind>> = {
  user: "user",
  role: "role",
  quota: "quota",
  profile: "settingsProfile",
};
const WORDS: Readonly<Record<string, string>> = { profile: "settings profile" };

/** Lists of users and roles that something applies to. */
const applying = (kind: string, table: string, name = "name"): string =>
  `SELECT '${kind}' AS kind, ${name} AS name, if(has(apply_to_list, {name}), 'applies to it', 'makes an exception of it') AS how
FROM system.${table} WHERE has(apply_to_list, {name}) OR has(apply_to_except, {name})`;

const APPLYING = [
  applying("profile", "settings_profiles"),
  applying("quota", "quotas"),
  applying("policy", "row_policies", "concat(short_name, char(0), database, char(0), table)"),
];
const GRANTEE = `SELECT 'user' AS kind, name, 'may pass rights on to it' AS how FROM system.users
WHERE has(grantees_list, {name}) OR has(grantees_except, {name})`;

/** `{name}` stands for the entity's name, as a string. */
const QUESTIONS: Readonly<Record<string, readonly string[]>> = {
  role: [
    `SELECT if(user_name IS NULL, 'role', 'user') AS kind, ifNull(ifNull(user_name, role_name), '') AS name, 'has it' AS how
FROM system.role_grants WHERE granted_role_name = {name}`,
    ...APPLYING,
    GRANTEE,
  ],
  settingsProfile: [
    `SELECT multiIf(user_name IS NOT NULL, 'user', role_name IS NOT NULL, 'role', 'profile') AS kind,
ifNull(coalesce(user_name, role_name, profile_name), '') AS name, 'inherits it' AS how
FROM system.settings_profile_elements WHERE inherit_profile = {name}`,
  ],
  user: [
    ...APPLYING,
    GRANTEE,
    `SELECT 'view' AS kind, concat(database, char(0), name) AS name, 'runs with its rights' AS how FROM system.tables
WHERE hasAny(extractAll(create_table_query, 'DEFINER = (\`[^\`]*\`|[^ ]+)'), [{quoted}, {backticked}])`,
  ],
};

/**
 * What would lose something without an error when an entity is dropped: those who have a role, whom a quota or policy names, whose limits
 * come from a profile.
 *
 * @throws {SchemaError} when this user may not see it: then nothing may be dropped.
 */
export async function dependentsOf(connection: Connection, key: string, kind: ObjectKind): Promise<Dependent[]> {
  const { name = "" } = keyParts(key);
  const questions = QUESTIONS[kind] ?? [];
  if (questions.length === 0) return [];
  const values = { name, quoted: quoteIdentifier(name), backticked: backtick(name) };
  const sql = questions
    .map((one) =>
      one.replace(/\{(name|quoted|backticked)\}/g, (_, key: keyof typeof values) => quoteString(values[key])),
    )
    .join("\nUNION ALL\n");
  try {
    const rows = await connection.query<Row>(`SELECT DISTINCT kind, name, how FROM (${sql}) ORDER BY kind, name, how`);
    return rows.map(dependent);
  } catch (error) {
    if (!isAccessDenied(error)) throw error;
    throw new SchemaError(
      "objects-hidden",
      `${quotedName(key)}: not dropped, because this user may not see who uses it. Allow it: ${GRANTS}`,
      { cause: error },
    );
  }
}

const GRANTS =
  "GRANT SHOW ACCESS ON *.*, SELECT ON system.role_grants, SELECT ON system.settings_profile_elements TO …, with its name";

function dependent({ kind, name, how }: Row): Dependent {
  if (kind === "view") return { key: name, label: `view ${quotedName(name)} (${how})` };
  if (kind === "policy") {
    const [policy = "", database = "", table = ""] = name.split("\0");
    const full = policyName({ policy, database, ...(table !== "" && { table }) });
    return { key: keyNamed("rowPolicy", undefined, full), label: `row policy ${full} (${how})` };
  }
  const managed = KINDS[kind];
  const label = `${WORDS[kind] ?? kind} ${quoteIdentifier(name)} (${how})`;
  return managed === undefined ? { label } : { key: keyNamed(managed, undefined, name), label };
}
