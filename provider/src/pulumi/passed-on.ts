import type { Connection } from "../connection/connection";
import { ServerError } from "../connection/errors";
import { SchemaError } from "../errors";
import { type GrantSpec, granteeOf } from "../sql/access/grant";
import type { GrantsSpec } from "../sql/access/grants";
import { SqlParseError } from "../sql/errors";
import { quoteIdentifier } from "../sql/identifiers";
import type { Lattice } from "../sql/rights/lattice";
import { type GrantLine, parseGrantLine } from "../sql/rights/parse";
import { inOrder, type Rule, valueIn, worthOf } from "../sql/rights/points";
import { reaches } from "../sql/rights/region";
import { clausesOf, statementOf } from "../sql/rights/render";
import { resolve } from "../sql/rights/resolve";

/**
 * Makes sure that this user has, with the option to pass it on, what it is about to grant. What it cannot find out is left to the server.
 *
 * @param statements that are going to run.
 * @throws {SchemaError} with the statement that gives this user what it lacks.
 */
export async function refuseNotPassedOn(
  connection: Connection,
  lattice: Lattice,
  spec: GrantsSpec | GrantSpec,
  statements: readonly string[],
): Promise<void> {
  const given = rulesOf(lattice, statements.filter((sql) => /^GRANT\b/.test(sql)).flatMap(lineIn));
  const shown = given.length === 0 ? undefined : await ownGrants(connection);
  const lines = shown?.flatMap(lineIn);
  // Where roles are not resolved, they may have it.
  if (lines === undefined || lines.some(({ kind }) => kind === "roles")) return;
  const own = worthOf(lattice, inOrder(rulesOf(lattice, lines)));
  const lacking = given.flatMap(({ leaves, region }): Rule[] => {
    const missing = [...leaves].filter(
      (leaf) => reaches(lattice.reachOf(leaf), region) && valueIn(own.get(leaf), region) < 2,
    );
    return missing.length === 0 ? [] : [{ verb: "grant-with-option", leaves: new Set(missing), region }];
  });
  if (lacking.length === 0) return;
  const [row] = await connection.query<{ user: string }>("SELECT currentUser() AS user");
  const user = row?.user ?? "";
  const grants = clausesOf(lattice, lacking).map((clause) => `${statementOf(clause, user)};`);
  throw new SchemaError(
    "right-missing",
    `rights of ${quoteIdentifier(granteeOf(spec))}: not granted, because user ${user} may pass on only what it has WITH GRANT OPTION; nothing was changed. ` +
      `Grant it that, and run again: ${grants.join(" ")}`,
  );
}

function rulesOf(lattice: Lattice, lines: readonly GrantLine[]): Rule[] {
  return lines.flatMap((line) => {
    if (line.kind === "roles") return [];
    const verb = line.revoked
      ? line.option
        ? "revoke-option"
        : "revoke"
      : line.option
        ? "grant-with-option"
        : "grant";
    return line.phrases.flatMap((phrase) => {
      const found = resolve(lattice, phrase, verb);
      return typeof found === "string" ? [] : found;
    });
  });
}

function lineIn(sql: string): GrantLine[] {
  try {
    return [parseGrantLine(sql)];
  } catch (error) {
    if (error instanceof SqlParseError) return [];
    throw error;
  }
}

/** With what its roles have; undefined if the server does not say. */
async function ownGrants(connection: Connection): Promise<string[] | undefined> {
  try {
    const rows = await connection
      .query<Record<string, string>>("SHOW GRANTS FINAL")
      .catch(() => connection.query<Record<string, string>>("SHOW GRANTS"));
    return rows.flatMap((row) => Object.values(row));
  } catch (error) {
    if (error instanceof ServerError) return undefined;
    throw error;
  }
}
