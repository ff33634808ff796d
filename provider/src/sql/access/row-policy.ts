import {
  atWords,
  type Cursor,
  createCursor,
  fail,
  isAtEnd,
  peek,
  sliceTokens,
  takeName,
  takeOperator,
  takeWords,
} from "../cursor";
import { quoteIdentifier } from "../identifiers";
import { failLeftover, failUnqualified } from "../parse/clauses";
import type { QualifiedName } from "../spec";
import { NOBODY, takeTo } from "./names";
import { toClause } from "./settings-profile";
import type { RowPolicySpec } from "./spec";

/** What a policy's full name says. */
export interface PolicyName {
  readonly policy: string;
  readonly database: string;
  /** Its table, or view; absent for all of the database. */
  readonly table?: string;
}

/** `tenants ON shop.orders`, as a server names it. */
export function policyName(parts: PolicyName): string {
  return `${quoteIdentifier(parts.policy)} ON ${policyTable(parts)}`;
}

/** `shop.orders`, or `shop.*`. */
export function policyTable({ database, table }: Omit<PolicyName, "policy">): string {
  return `${quoteIdentifier(database)}.${table === undefined ? "*" : quoteIdentifier(table)}`;
}

/** The inverse of {@link policyName}. @throws {SqlParseError} for a name without a table. */
export function policyParts(name: string): PolicyName {
  const cursor = createCursor(name);
  const policy = takeName(cursor, "name of the row policy");
  const found = takePolicyTable(cursor, policy);
  if (!isAtEnd(cursor)) throw failLeftover(cursor, "name ON database.table");
  return found;
}

/** What follows the policy's own name in the head of a statement. */
export function takePolicyTable(cursor: Cursor, policy: string): PolicyName {
  if (!takeWords(cursor, "ON")) throw fail(cursor, "Expected ON and the table behind the name of the row policy");
  const from = cursor.position;
  const database = takeName(cursor, "database of the row policy");
  if (!takeOperator(cursor, ".")) throw failUnqualified({ ...cursor, position: from }, database, "the table");
  if (takeOperator(cursor, "*")) return { policy, database };
  return { policy, database, table: takeName(cursor, "table of the row policy") };
}

const CLAUSES = "AS PERMISSIVE or AS RESTRICTIVE, FOR SELECT, USING …, then TO …";

/** Parses what follows the name and the table of a row policy. */
export function parseRowPolicy(cursor: Cursor, { name }: QualifiedName): RowPolicySpec {
  let [restrictive, using]: [boolean, string | undefined] = [false, undefined];
  for (;;) {
    if (takeWords(cursor, "AS", "PERMISSIVE")) restrictive = false;
    else if (takeWords(cursor, "AS", "RESTRICTIVE")) restrictive = true;
    else if (takeWords(cursor, "FOR", "SELECT")) continue;
    else if (takeWords(cursor, "USING")) using = takeFilter(cursor);
    else break;
  }
  const appliesTo = takeWords(cursor, "TO") ? takeTo(cursor) : NOBODY;
  if (!isAtEnd(cursor)) throw failLeftover(cursor, CLAUSES);
  return { kind: "rowPolicy", name, restrictive, ...(using !== undefined && { using }), appliesTo };
}

function takeFilter(cursor: Cursor): string | undefined {
  const from = cursor.position;
  while (!isAtEnd(cursor) && !isClauseNext(cursor)) {
    cursor.position = (cursor.closers.get(cursor.position) ?? cursor.position) + 1;
  }
  const text = sliceTokens(cursor, from, cursor.position);
  if (text === "") throw fail(cursor, `Found ${peek(cursor)?.text ?? "nothing"} behind USING: expected a condition`);
  return text.toUpperCase() === "NONE" ? undefined : text;
}

function isClauseNext(cursor: Cursor): boolean {
  return (
    atWords(cursor, "TO") ||
    atWords(cursor, "FOR", "SELECT") ||
    atWords(cursor, "AS", "PERMISSIVE") ||
    atWords(cursor, "AS", "RESTRICTIVE")
  );
}

/** In one form for all versions: 24.8 and 25.8 print the words of AS in lower case. */
export function renderRowPolicy(spec: RowPolicySpec): string {
  return [`CREATE ROW POLICY ${spec.name}`, ...policyClauses(spec)].join("\n").concat(toClause(spec.appliesTo));
}

/** All but the name and TO, one a line. */
export function policyClauses({ restrictive, using }: Pick<RowPolicySpec, "restrictive" | "using">): string[] {
  return [...(restrictive ? ["AS RESTRICTIVE"] : []), ...(using === undefined ? [] : [`FOR SELECT USING ${using}`])];
}
