import { engineName, isReplicated } from "../clickhouse/engines";
import { ServerError } from "../connection/errors";
import { SchemaError } from "../errors";
import type { LiveObject } from "../introspect/live-object";
import { isAliasOf } from "../plan/alias-renames";
import { policyParts } from "../sql/access/row-policy";
import type { RowPolicySpec } from "../sql/access/spec";
import { Definition } from "../sql/definition";
import { lex } from "../sql/lexer";
import { keyOf, keyParts, quotedName } from "../sql/object-key";
import type { TableSpec } from "../sql/spec";
import { aliasFirst } from "./both-names";
import type { Context } from "./context";
import type { First } from "./first";
import type { Change, Planned } from "./planning";
import { namesIn, withNames } from "./policy-columns";
import { hidesDefaults } from "./policy-defaults";
import { type Concerned, concernsOf } from "./reader-changes";

/** A row policy on the server whose condition reads columns that change. */
interface Reading {
  readonly live: LiveObject;
  readonly spec: RowPolicySpec;
  readonly columns: readonly Concerned[];
}

/**
 * What becomes of row policies when columns of their table are dropped, renamed or retyped. One that reads a renamed column is changed first,
 * to read its new name, which until the rename is an alias of the old one: at no moment is it without its condition, or fails.
 *
 * @returns what is to be changed first, in order.
 * @throws {SchemaError} naming the policies that would make every SELECT fail for those whom they apply to, or that could show them more for a moment.
 */
export async function policiesFirst(context: Context, planned: Planned, change: Change): Promise<readonly First[]> {
  const { from, live, plan } = planned;
  const concerns = concernsOf(planned, change);
  if (concerns.length === 0 || live === undefined || change.to.kind !== "table") return [];
  const reading = await readingOf(context, live.key, concerns);
  if (reading.length === 0) return [];
  const { spec: table } = from;
  const isPlain =
    table.kind === "table" &&
    !isReplicated(engineName(table.storage.engine)) &&
    plan.steps.some((step) => step.kind === "statement" && step.gated);
  const problems: string[] = [];
  const first: First[] = [];
  for (const one of reading) {
    const problem = await problemOf(context, one, isPlain ? table : undefined, change);
    if (problem !== undefined) problems.push(`  row policy ${one.spec.name}: ${problem}`);
    else if (isPlain)
      for (const step of renamedIn(one, table))
        if (!first.some(({ key, column }) => key === step.key && column === step.column)) first.push(step);
  }
  if (problems.length === 0) return first;
  throw new SchemaError(
    "breaks-reader",
    [
      `${quotedName(keyOf(change.to))}: these row policies would make every SELECT fail, or hide less:`,
      ...problems,
      "Change or drop these policies in a run before this one (`pulumi up --target` the RowPolicy, or ALTER ROW POLICY), and run again",
    ].join("\n"),
  );
}

async function readingOf(context: Context, key: string, concerns: readonly Concerned[]): Promise<Reading[]> {
  const { database, name = "" } = keyParts(key);
  const found: Reading[] = [];
  for (const live of (await context.live.allEntities("rowPolicy")).values()) {
    const { spec } = Definition.read(live.statement);
    if (spec.kind !== "rowPolicy" || spec.using === undefined) continue;
    const on = policyParts(spec.name);
    if (on.database !== database || (on.table !== undefined && on.table !== name)) continue;
    const read = namesIn(spec.using);
    const columns = concerns.filter((one) => read.has(one.name));
    if (columns.length > 0) found.push({ live, spec, columns });
  }
  return found;
}

/** @param table as it is; undefined where its columns are not renamed by one statement. */
async function problemOf(
  context: Context,
  { columns, spec }: Reading,
  table: TableSpec | undefined,
  { to }: Change,
): Promise<string | undefined> {
  const condition = `its condition is ${spec.using}`;
  const dropped = columns.filter(({ what }) => what === "dropped");
  if (dropped.length > 0) return `reads ${dropped.map(({ name }) => name).join(", ")}, which is dropped; ${condition}`;
  const renamed = columns.filter(({ what }) => what === "renamed");
  const names = renamed.map(({ name }) => name).join(", ");
  if (renamed.length > 0 && table === undefined)
    return `reads ${names}, which gets another name in more than one statement; ${condition}`;
  if (renamed.length > 0 && policyParts(spec.name).table === undefined)
    return `reads ${names}, which gets another name, and filters other tables too; ${condition}`;
  if (renamed.length > 0 && lex(spec.using ?? "").some(({ text }) => /^select$/i.test(text)))
    return `reads ${names}, which gets another name, and other tables, whose columns may have that name; ${condition}`;
  const isTaken = ({ name, becomes }: Concerned): boolean =>
    table?.columns.some((column) => column.name === becomes && !isAliasOf(column, name)) === true;
  const taken = renamed.find(isTaken);
  if (taken !== undefined)
    return `reads ${taken.name}, which gets the name of another column, ${taken.becomes}: until then it would filter by that one; ${condition}`;
  if (
    table !== undefined &&
    renamed.length > 0 &&
    !(await hidesDefaults(await context.connectionOf(keyOf(to)), spec.using ?? "", table, renamed))
  )
    return (
      `reads ${names}, which gets another name: while the server renames it, a query may read its default for a moment, which the condition may let through, so that ` +
      `more rows are shown; ${condition}`
    );
  return failsOn(context, { ...spec, using: withNames(spec.using ?? "", renamed) }, to as TableSpec);
}

/** The engine's words if the condition fails over the table as declared. */
async function failsOn(context: Context, spec: RowPolicySpec, to: TableSpec): Promise<string | undefined> {
  if (context.config.scratch === "off") return undefined;
  try {
    await context.scratch.resultOf(`SELECT 1 FROM ${quotedName(keyOf(to))} WHERE (${spec.using})`);
    return undefined;
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    return error.message.split("\n", 1)[0];
  }
}

function renamedIn({ columns, live, spec }: Reading, table: TableSpec): First[] {
  const renamed = columns.filter(({ what }) => what === "renamed");
  if (renamed.length === 0) return [];
  const old = new Set(renamed.map(({ name }) => name));
  const sql = `ALTER ROW POLICY ${spec.name} FOR SELECT USING ${withNames(spec.using ?? "", renamed)}`;
  return [
    ...renamed.map((column) => aliasFirst(table, column)),
    {
      key: live.key,
      from: live.statement,
      isDone: async (now) => ![...namesIn(usingOf(now))].some((name) => old.has(name)),
      plan: { steps: [{ kind: "statement", sql, hazards: [] }] },
      shown: [{ sql: `-- first row policy ${spec.name}, which filters by it:\n${sql}`, hazards: [] }],
    },
  ];
}

function usingOf({ statement }: LiveObject): string {
  const { spec } = Definition.read(statement);
  return spec.kind === "rowPolicy" ? (spec.using ?? "") : "";
}
