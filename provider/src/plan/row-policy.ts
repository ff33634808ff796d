import type { ObjectName } from "../diff/changes";
import { renderTo } from "../sql/access/names";
import { type PolicyName, policyParts, policyTable, renderRowPolicy } from "../sql/access/row-policy";
import type { RowPolicySpec } from "../sql/access/spec";
import { quoteIdentifier } from "../sql/identifiers";
import { gather, hazard } from "./hazards";
import type { Hazard, Statement } from "./plan";

/** One ALTER with what differs; on another table, a new one, and only then is the old one dropped. */
export function planRowPolicy(from: RowPolicySpec, to: RowPolicySpec, changes: ReadonlySet<string>): Statement[] {
  const [old, now] = [policyParts(from.name), policyParts(to.name)];
  if (!isOnTheSame(old, now)) return move(to, from.name);
  const clauses = [
    ...(old.policy === now.policy ? [] : [`RENAME TO ${quoteIdentifier(now.policy)}`]),
    ...(changes.has("restrictive") ? [`AS ${to.restrictive ? "RESTRICTIVE" : "PERMISSIVE"}`] : []),
    ...(changes.has("using") ? [`FOR SELECT USING ${to.using ?? "NONE"}`] : []),
    ...(changes.has("applies-to") ? [`TO ${renderTo(to.appliesTo)}`] : []),
  ];
  const renaming = old.policy === now.policy ? [] : [RENAMED];
  const hazards = gather([...renaming, ...policyHazards(from, to)], "running queries continue as they began");
  return [statement(`ALTER ROW POLICY ${from.name}\n${clauses.join("\n")}`, hazards)];
}

/** @param alone nothing else changes; otherwise {@link planRowPolicy} does both. */
export function planPolicyRename(
  to: RowPolicySpec,
  before: ObjectName,
  _after: ObjectName,
  alone: boolean,
): Statement[] {
  if (!alone) return [];
  const name = before.name ?? "";
  const [old, now] = [policyParts(name), policyParts(to.name)];
  if (!isOnTheSame(old, now)) return move(to, name);
  return [statement(`ALTER ROW POLICY ${name} RENAME TO ${quoteIdentifier(now.policy)}`, [RENAMED])];
}

const RENAMED = hazard("metadata-only", "filters as before, for the same users and roles");

function isOnTheSame(one: PolicyName, other: PolicyName): boolean {
  return one.database === other.database && one.table === other.table;
}

/** No server moves a policy to another table. The new one comes first, so that there is no moment without one. */
function move(to: RowPolicySpec, from: string): Statement[] {
  const create = renderRowPolicy(to).replace(/^CREATE ROW POLICY /, "CREATE ROW POLICY IF NOT EXISTS ");
  const on = (name: string): string => policyTable(policyParts(name));
  return [
    statement(create, [hazard("narrows-access", `it filters ${on(to.name)} from now on`)]),
    statement(`DROP ROW POLICY IF EXISTS ${from}`, [
      hazard("widens-access", `it no longer filters ${on(from)}, where those whom it applied to may see more rows`),
    ]),
  ];
}

/** What a change means for the rows that are seen. Whether a condition lets more rows through than another is up to the rows. */
function policyHazards(from: RowPolicySpec, to: RowPolicySpec): Hazard[] {
  const found: Hazard[] = [];
  const both = (text: string): Hazard[] => [hazard("widens-access", text), hazard("narrows-access", text)];
  if (from.restrictive !== to.restrictive)
    found.push(
      ...(to.restrictive
        ? both(
            "it no longer lets rows through by itself: those whom it applies to see what other policies let them see, and of that what it lets through",
          )
        : both(
            "it lets rows through by itself: those whom it applies to see them beside what other policies let them see",
          )),
    );
  if (from.using !== to.using) {
    const text = `rows: ${from.using ?? "(all)"} → ${to.using ?? "(all)"}`;
    if (isAll(from)) found.push(hazard("narrows-access", text));
    else if (isAll(to)) found.push(hazard("widens-access", text));
    else found.push(...both(text));
  }
  return [...found, ...whom(from, to)];
}

function isAll({ using }: RowPolicySpec): boolean {
  return using === undefined || using === "1" || using === "true";
}

/** Who joins a restrictive policy sees fewer rows; who joins another one sees these, which may be fewer than all. */
function whom(from: RowPolicySpec, to: RowPolicySpec): Hazard[] {
  if (renderTo(from.appliesTo) === renderTo(to.appliesTo)) return [];
  const text = `it applied to ${people(from)}, and applies to ${people(to)} from now on`;
  const { all: was, names: before } = from.appliesTo;
  const { all: is, names: after } = to.appliesTo;
  const [more, less] = [after.some((one) => !before.includes(one)), before.some((one) => !after.includes(one))];
  const [joins, leaves] = was !== is ? [is, was] : is ? [less, more] : [more, less];
  return [
    ...(leaves || (joins && !to.restrictive) ? [hazard("widens-access", text)] : []),
    ...(joins || (leaves && !to.restrictive) ? [hazard("narrows-access", text)] : []),
  ];
}

function people({ appliesTo }: RowPolicySpec): string {
  return renderTo(appliesTo)
    .replace(/^NONE$/, "nobody")
    .replace(/^ALL EXCEPT/, "everybody but")
    .replace(/^ALL$/, "everybody");
}

function statement(sql: string, hazards: readonly Hazard[]): Statement {
  return Object.freeze({ kind: "statement", sql, hazards });
}
