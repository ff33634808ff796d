import type { Connection } from "../connection/connection";
import { ServerError } from "../connection/errors";
import { plural } from "../report/markdown";
import { type Check, check } from "./check";
import { grantStatements, missingRights } from "./grants";
import { type Need, neededRights, PURPOSES, type Purpose } from "./needs";

/** Code of a statement that the server does not know: CHECK GRANT is younger than some servers. */
const SYNTAX_ERROR = 62;

/**
 * Whether the user has the rights that are needed, with the GRANT for each that is missing: one line for each purpose. Costs one query
 * when all are there; else one for each right.
 *
 * @param databases names, which need not exist; none: all.
 * @param engines table engines in use.
 */
export async function checkRights(
  connection: Connection,
  databases: readonly string[],
  engines: readonly string[],
): Promise<Check[]> {
  const needs = neededRights(databases, engines);
  const [row] = await connection.query<{ user: string }>("SELECT currentUser() AS user");
  const user = row?.user ?? "";
  const { missing, roles } = await missingOf(connection, needs);
  const found = (Object.keys(PURPOSES) as Purpose[]).map((purpose) => {
    const lacking = missing.filter((need) => need.purpose === purpose);
    const id = `rights-${purpose}`;
    if (lacking.length === 0) return check(id, "ok", `${user} has the rights for ${PURPOSES[purpose]}`);
    // What a role gives is not known there; and not everybody rebuilds.
    const isGrave = roles.length === 0 && (purpose === "read" || purpose === "change");
    const message = `${user} lacks ${plural(lacking.length, "right")} for ${PURPOSES[purpose]}`;
    const by = roles.length === 0 ? "" : `, unless a role gives it (${roles.join(", ")})`;
    return check(id, isGrave ? "error" : "warning", message + by, grantStatements(lacking, user).join("\n"));
  });
  const last = found.filter(({ status }) => status !== "ok").at(-1);
  return found.map((one) => (one === last ? { ...one, next: `${one.next}\n${IN_A_FILE}` } : one));
}

const IN_A_FILE = "(a user written in users.xml gets them in its <grants>, without the TO)";

/** What {@link missingOf} finds. */
export interface Missing {
  readonly missing: readonly Need[];
  /** Roles that may give what is missing; empty where that is known. */
  readonly roles: readonly string[];
}

/** Which of the rights the user lacks. Costs one query when all are there, else one for each. */
export async function missingOf(connection: Connection, needs: readonly Need[]): Promise<Missing> {
  try {
    if (await isGranted(connection, needs)) return { missing: [], roles: [] };
    const missing: Need[] = [];
    for (const need of needs) if (!(await isGranted(connection, [need]))) missing.push(need);
    return { missing, roles: [] };
  } catch (error) {
    if (!(error instanceof ServerError) || error.code !== SYNTAX_ERROR) throw error;
    return missingRights(await shownGrants(connection), needs);
  }
}

/** The server knows best: about roles, wildcards, and what is taken away again. */
async function isGranted(connection: Connection, needs: readonly Need[]): Promise<boolean> {
  const list = needs.map(({ privilege, level }) => `${privilege} ON ${level}`).join(", ");
  const [row] = await connection.query<{ result: number }>(`CHECK GRANT ${list}`);
  return Number(row?.result) === 1;
}

/** With FINAL, roles are resolved. */
async function shownGrants(connection: Connection): Promise<string[]> {
  const rows = await connection
    .query<Record<string, string>>("SHOW GRANTS FINAL")
    .catch(() => connection.query<Record<string, string>>("SHOW GRANTS"));
  return rows.flatMap((row) => Object.values(row));
}
