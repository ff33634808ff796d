import type { Connection } from "../connection/connection";
import { lackingRights } from "../connection/rights";
import { grantStatements, type Right } from "../sql/grants";
import { plural } from "../util/format";
import { type Check, check } from "./check";
import { neededRights, PURPOSES, purposesOf } from "./needs";

/**
 * Whether the user has the privileges that are needed, with the GRANT for each missing one: one line per purpose. Costs one query
 * if none is missing; else one per privilege.
 *
 * @param databases names, which need not exist; none: all.
 * @param engines table engines in use.
 * @param guarded databases with tables that somebody may see only in part.
 * @param passedOn privileges that are given to others; undefined: those for users and the like are not checked.
 */
export async function checkRights(
  connection: Connection,
  databases: readonly string[],
  engines: readonly string[],
  guarded: readonly string[] = [],
  passedOn?: readonly Right[],
): Promise<Check[]> {
  const needs = neededRights(databases, engines, guarded, passedOn);
  const [row] = await connection.query<{ user: string }>("SELECT currentUser() AS user");
  const user = row?.user ?? "";
  const { missing, roles } = await lackingRights(connection, needs);
  const found = purposesOf(passedOn).map((purpose) => {
    const lacking = missing.filter((need) => need.purpose === purpose);
    const id = `rights-${purpose}`;
    if (lacking.length === 0) return check(id, "ok", `${user} has the rights for ${PURPOSES[purpose]}`);
    // A role's privileges are unknown there, so they may not be missing; and not everybody rebuilds.
    const isGrave = roles.length === 0 && ["read", "change", "access"].includes(purpose);
    const message = `${user} lacks ${plural(lacking.length, "right")} for ${PURPOSES[purpose]}`;
    const by = roles.length === 0 ? "" : `, unless a role gives it (${roles.join(", ")})`;
    return check(id, isGrave ? "error" : "warning", message + by, grantStatements(lacking, user).join("\n"));
  });
  const last = found.filter(({ status }) => status !== "ok").at(-1);
  return found.map((one) => (one === last ? { ...one, next: `${one.next}\n${IN_A_FILE}` } : one));
}

const IN_A_FILE = "(a user written in users.xml gets them in its <grants>, without the TO)";
