import type { Connection } from "../connection/connection";
import { isAccessDenied } from "../connection/server-message";
import { isFiltered } from "../operation/guard";
import type { Hazard } from "../plan";
import { hazard } from "../plan/hazards";
import { renderTo } from "../sql/access/names";
import { policyParts, policyTable } from "../sql/access/row-policy";
import type { RowPolicySpec } from "../sql/access/spec";
import { qualifiedName, quoteString } from "../sql/identifiers";

/** What a server shows of the policies on a table besides one of them. */
interface Others {
  readonly permissive: number;
  readonly restrictive: number;
  /** Whether those whom no policy applies to see all rows of a table that has some. Undefined if nothing there shows it. */
  readonly others: "see all" | "see none" | undefined;
}

const SETTING = "users_without_row_policies_can_read_rows";

/** What a new policy means for those who read the table. */
export async function hazardsOfNew(connection: Connection, spec: RowPolicySpec): Promise<Hazard[]> {
  const found = await othersOf(connection, spec);
  if (found === undefined) return [hazard("narrows-access", onlyRows(spec))];
  const on = policyTable(policyParts(spec.name));
  if (spec.restrictive) return [hazard("narrows-access", onlyRows(spec))];
  if (found.permissive + found.restrictive > 0) {
    const widens = hazard(
      "widens-access",
      `those whom other policies on ${on} let see some rows also see those where ${spec.using ?? "1"}`,
    );
    return found.others === "see none" ? [widens] : [widens, hazard("narrows-access", onlyRows(spec))];
  }
  const rest =
    renderTo(spec.appliesTo) === "ALL"
      ? []
      : [hazard("narrows-access", theRest(found, `it is the first policy on ${on}: everybody else`))];
  return [hazard("narrows-access", onlyRows(spec)), ...rest];
}

/** What the end of a policy means, in a sentence. */
export async function whatItsDropMeans(connection: Connection, spec: RowPolicySpec): Promise<string> {
  const found = await othersOf(connection, spec);
  const [on, who] = [policyTable(policyParts(spec.name)), people(spec)];
  if (spec.restrictive) return `widens-access: ${who} may see more rows of ${on} from then on`;
  if (found === undefined)
    return `what ${who} see of ${on} from then on depends on its other policies, which this user may not see`;
  if (found.permissive + found.restrictive === 0)
    return `widens-access: it is the last policy on ${on}: everybody who may SELECT from it sees all of its rows from then on`;
  const left =
    found.permissive > 0
      ? `of ${who}, those whom no other policy lets see rows`
      : `no other policy lets ${who} see rows: they`;
  const kind = { "see all": "widens-access: ", "see none": "narrows-access: ", depends: "" }[found.others ?? "depends"];
  return `${kind}${theRest(found, left)}`;
}

function theRest({ others }: Others, who: string): string {
  if (others === "see all") return `${who} see all rows of it (as others do on this server)`;
  if (others === "see none") return `${who} see no rows of it (${SETTING} is off on this server)`;
  return `${who} see all rows of it, or none where the server's configuration has ${SETTING} = false, which nothing on this server shows yet`;
}

function onlyRows(spec: RowPolicySpec): string {
  return `${people(spec)} see rows of ${policyTable(policyParts(spec.name))} only where ${spec.using ?? "1"}`;
}

function people({ appliesTo }: RowPolicySpec): string {
  const text = renderTo(appliesTo);
  if (text === "NONE") return "nobody's sessions";
  return text === "ALL" ? "all users" : text.replace(/^ALL EXCEPT /, "all users but ");
}

/** Undefined if this user may not see it. */
async function othersOf(connection: Connection, { name }: RowPolicySpec): Promise<Others | undefined> {
  const { policy, database, table = "" } = policyParts(name);
  const same = `database = ${quoteString(database)} AND (table IN (${quoteString(table)}, '')${table === "" ? " OR 1" : ""})`;
  const own = `short_name = ${quoteString(policy)} AND table = ${quoteString(table)}`;
  try {
    const [row] = await connection.query<{ permissive: string; restrictive: string }>(
      `SELECT countIf(NOT is_restrictive) AS permissive, countIf(is_restrictive) AS restrictive FROM system.row_policies WHERE ${same} AND NOT (${own})`,
    );
    return {
      permissive: Number(row?.permissive ?? 0),
      restrictive: Number(row?.restrictive ?? 0),
      others: await whatOthersSee(connection),
    };
  } catch (error) {
    if (isAccessDenied(error)) return undefined;
    throw error;
  }
}

/** Tables with rows and with policies of which none applies to this user. */
const FOREIGN = `SELECT t.database AS database, t.name AS name FROM system.tables AS t INNER JOIN (
  SELECT database, table FROM system.row_policies GROUP BY database, table
  HAVING table != '' AND NOT max(apply_to_all AND NOT hasAny(apply_to_except, arrayConcat([currentUser()], enabledRoles()))
    OR hasAny(apply_to_list, arrayConcat([currentUser()], enabledRoles())))
) AS p ON p.database = t.database AND p.table = t.name
WHERE t.engine LIKE '%MergeTree' AND t.total_rows > 0 AND t.database != 'system' LIMIT 3`;

/**
 * No table of the server shows its setting, but its plan for a query does: for a table with policies for others alone, this user is one of those
 * whom none applies to.
 */
async function whatOthersSee(connection: Connection): Promise<Others["others"]> {
  for (const table of await connection.query<{ database: string; name: string }>(FOREIGN)) {
    try {
      const lines = await connection.query<{ explain: string }>(
        `EXPLAIN actions = 1 SELECT 1 FROM ${qualifiedName(table)}`,
      );
      const plan = lines.map(({ explain }) => explain).join("\n");
      return isFiltered(plan) ? "see none" : "see all";
    } catch (error) {
      if (!isAccessDenied(error)) throw error;
    }
  }
  return undefined;
}
