import { SchemaError } from "../../errors";
import { isConfiguration, readEntities } from "../../introspect/access/catalog";
import type { LiveObject } from "../../introspect/live-object";
import { mentionedNames } from "../../lineage/mentions";
import type { Journal } from "../../operation/journal";
import type { Runner } from "../../operation/runner";
import { followRenames } from "../../sql/access/references";
import { policyParts, policyTable, renderRowPolicy } from "../../sql/access/row-policy";
import type { RowPolicySpec } from "../../sql/access/spec";
import { keyParts, objectKey } from "../../sql/object-key";
import { parseCreate } from "../../sql/parse";
import { qualified, type Renamed, type Renaming, renamedTo } from "./names";

/** Journal line: the policies that the operation has made for the new name. */
const CARRIED = "carried";

/** A row policy that is bound to the old name. */
export interface Carried {
  readonly from: RowPolicySpec;
  /** The same for the new name. */
  readonly to: RowPolicySpec;
  /** In the server's configuration: it stays there. */
  readonly isFixed: boolean;
}

/** The row policies of what is renamed: servers leave them at the old name, and everybody would see all rows under the new one. */
export async function policiesOf(runner: Runner, renaming: Renaming): Promise<Carried[]> {
  return (await allPolicies(runner)).flatMap(({ spec, access }): Carried[] => {
    const to = followRenames(spec, (key) => newKey(renaming, key));
    return to.name === spec.name ? [] : [{ from: spec, to, isFixed: isConfiguration(access?.storage ?? "") }];
  });
}

/**
 * Makes the policies for the new name, before anything has it.
 *
 * @throws {ServerError} when one cannot be made: then nothing is renamed.
 */
export async function carryPolicies(runner: Runner, journal: Journal, renaming: Renaming): Promise<void> {
  const carried = await policiesOf(runner, renaming);
  const there = new Set((await allPolicies(runner)).map(({ spec }) => spec.name));
  const made = journal.get<string[]>(CARRIED) ?? [];
  const missing = carried.filter(({ to }) => !there.has(to.name));
  if (missing.length > 0)
    await journal.set(CARRIED, [...new Set([...made, ...missing.map(({ to }) => to.name)])].sort());
  for (const { to } of missing) await runner.run(createIfMissing(to));
}

/** Drops the policies of the old name, once nothing has it any more. */
export async function dropLeftPolicies(runner: Runner, journal: Journal, renaming: Renaming): Promise<void> {
  // Made by somebody else just before the rename.
  await carryPolicies(runner, journal, renaming);
  for (const { from, isFixed } of await policiesOf(runner, renaming))
    if (!isFixed) await runner.run(`DROP ROW POLICY IF EXISTS ${from.name}`);
}

/** Drops what {@link carryPolicies} has made, once nothing has the new name. */
export async function dropCarried(runner: Runner, journal: Journal): Promise<void> {
  for (const name of journal.get<string[]>(CARRIED) ?? []) await runner.run(`DROP ROW POLICY IF EXISTS ${name}`);
}

/**
 * Finds what of row policies makes the rename impossible.
 *
 * @throws {SchemaError} when somebody would see more rows under the new name, or a policy would fail.
 */
export async function refusePolicies(runner: Runner, renaming: Renaming): Promise<void> {
  const { from, to } = renaming;
  const all = await allPolicies(runner);
  const named = all.find(({ spec }) => [...mentionedNames(spec.using ?? "")].some((key) => newKey(renaming, key)));
  if (named !== undefined)
    throw refusal(
      from,
      `row policy ${named.spec.name} reads it (${named.spec.using}) and would fail from then on`,
      "Drop that policy first, and create it with the new name afterwards",
    );
  const wide = all.find(({ spec }) => isLeftBehind(spec, renaming));
  if (wide !== undefined)
    throw refusal(
      from,
      `row policy ${wide.spec.name} filters it as one of the tables of that database, and would not under the new name`,
      `Create one for ${qualified(from)} alone first, which is taken along`,
    );
  const carried = await policiesOf(runner, renaming);
  const known = new Map(carried.map((one) => [one.to.name, renderRowPolicy(one.to)]));
  const other = all.find(({ spec }) => isOn(spec, to) && known.get(spec.name) !== renderRowPolicy(spec));
  if (carried.length > 0 && other !== undefined)
    throw refusal(
      from,
      `row policy ${other.spec.name} stands for the new name already and is none of its own, so it may let somebody see other rows`,
      `Drop it (DROP ROW POLICY ${other.spec.name}) or make it equal to one of ${qualified(from)}`,
    );
}

function refusal(from: Renamed, why: string, next: string): SchemaError {
  return new SchemaError("loses-rows", `${qualified(from)}: not renamed, because ${why}. ${next}, and run again.`);
}

/** Whether a policy is on what has the new name, or on something in the database that has it. */
function isOn({ name }: RowPolicySpec, to: Renamed): boolean {
  const { database, table } = policyParts(name);
  return database === to.database && (!("name" in to) || table === to.name);
}

/** A table that moves to another database leaves the policies of its database. */
function isLeftBehind({ name }: RowPolicySpec, { from, to }: Renaming): boolean {
  const { database, table } = policyParts(name);
  return "name" in from && from.database !== to.database && database === from.database && table === undefined;
}

/** The new key of a renamed object or database; undefined if it keeps its name. */
function newKey(renaming: Renaming, key: string): string | undefined {
  const { database, name } = keyParts(key);
  const { from, to } = renaming;
  if (name === undefined) return !("name" in from) && database === from.database ? objectKey(to.database) : undefined;
  const after = renamedTo(renaming, { database, name });
  return after === undefined ? undefined : objectKey(after.database, after.name);
}

async function allPolicies(runner: Runner): Promise<(Pick<LiveObject, "access"> & { readonly spec: RowPolicySpec })[]> {
  const found = await readEntities(runner.connection, "rowPolicy");
  return [...found.values()].flatMap(({ access, statement }) => {
    const spec = parseCreate(statement);
    return spec.kind === "rowPolicy" ? [{ spec, ...(access && { access }) }] : [];
  });
}

function createIfMissing(spec: RowPolicySpec): string {
  return renderRowPolicy(spec).replace(/^CREATE ROW POLICY /, "CREATE ROW POLICY IF NOT EXISTS ");
}

/** For a preview: what is done with the policies; undefined if there are none. */
export function policyNote(carried: readonly Carried[]): string | undefined {
  if (carried.length === 0) return undefined;
  const names = carried.map(({ from }) => from.name).join(", ");
  const on = policyTable(policyParts(carried[0]?.to.name ?? ""));
  return `row policies are made for the new name (${carried.length === 1 ? on : `${on}, …`}) before anything has it, and dropped for the old one at the end: ${names}`;
}
