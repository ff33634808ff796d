import { applyDrop, type DropOptions, refuseDrop } from "../apply/drop";
import { allowsDrop, withAllowed } from "../declare/allow-drop";
import { mentionedNames } from "../lineage/mentions";
import { policyOn } from "../sql/access/references";
import type { RowPolicySpec } from "../sql/access/spec";
import { accessKindOf, quotedName } from "../sql/object-key";
import type { Context } from "./context";
import { keyOfStored } from "./current-state";
import { grantsBeside } from "./grants";
import { rememberPlace } from "./hosts";
import { refuseElsewhere } from "./server";
import type { Inputs, Outs } from "./state";

/**
 * Drops an object that left the program or, in a destroy, one object of the stack.
 *
 * @throws {SchemaError} when rows would be lost without permission; nothing is changed then.
 */
export async function removeObject(context: Context, stored: Partial<Outs>): Promise<void> {
  const key = keyOfStored(stored);
  await refuseElsewhere(context, stored, "not dropped");
  const options = dropOptions(context, stored);
  rememberPlace(context, key, stored);
  const connection = await context.connectionOf(key);
  // In a destroy, one refusal stops everything that Pulumi requests at the same time, so that a refused removal changes nothing.
  if (isDestroy(context)) await context.wave.pass(key, () => refuseDrop(connection, context.live, key, options));
  const kept = await applyDrop(connection, context.live, key, options);
  if (kept === undefined) return;
  const table = quotedName(options.filters?.key ?? "");
  await context.log.info(
    undefined,
    `${quotedName(key)}: stays in force, for everybody, as ${kept}, until ${table} is dropped. If this run does not drop ${table}: DROP ROW POLICY ${kept}`,
  );
}

/** The options of a removal. */
export function dropOptions(context: Context, stored: Partial<Outs>): DropOptions {
  const key = keyOfStored(stored);
  const { allowDrop } = context.config;
  const isNamed = Array.isArray(allowDrop) && allowsDrop(allowDrop, key);
  return {
    allowed: isNamed || stored.deletion === "drop" || (stored.deletion === undefined && allowsDrop(allowDrop, key)),
    mayGo: (other) => allowsDrop(allowDrop, other),
    declared: new Set(context.checked.keys()),
    over: keysIn(stored.__over),
    howToAllow: howToAllow(context, key),
    beside: grantsBeside(context, key),
    ...filteredBy(context, key, stored),
    ...(stored.statement !== undefined && { statement: stored.statement }),
  };
}

/** In a process that destroys a stack, nothing is declared. */
function isDestroy(context: Context): boolean {
  return context.checked.size === 0;
}

/** Names this object only. A destroy takes its configuration from the state, so only environment variables reach it. */
function howToAllow(context: Context, key: string): string {
  const names = withAllowed(context.config.allowDrop, key);
  const value = /^[\w.,]+$/.test(names) ? names : `'${names.replaceAll("'", "'\\''")}'`;
  const variable = context.variableOf("allowDrop");
  const { ignoresEnvironment } = context.origin;
  if (isDestroy(context)) {
    return ignoresEnvironment
      ? `\`pulumi config set clickhouse:allowDrop ${value}\` and \`pulumi destroy --run-program\``
      : `run the command again with ${variable}=${value} in the environment`;
  }
  const set = context.isExplicit
    ? `set allowDrop: ${JSON.stringify(names)} on the Provider`
    : `\`pulumi config set clickhouse:allowDrop ${value}\``;
  const once = ignoresEnvironment ? "" : ` (or once with ${variable}=${value} in the environment)`;
  return `${set} and run \`pulumi up\` again${once}`;
}

/** The table of a row policy, if it leaves the program too; in a destroy nothing is declared, and it may stay only if a target was given. */
function filteredBy(context: Context, key: string, { __over }: Partial<Outs>): Pick<DropOptions, "filters"> {
  const [table, deletion] = accessKindOf(key) === "rowPolicy" ? keysIn(__over) : [];
  if (table === undefined || context.checked.has(table)) return {};
  return { filters: { key: table, mayGo: deletion === "drop" || allowsDrop(context.config.allowDrop, table) } };
}

/** The stack's table that a row policy filters, or its database; as an input. */
export function tableOfPolicy(context: Context, spec: RowPolicySpec): Pick<Inputs, "__over"> {
  const key = policyOn(spec);
  const table = context.checked.get(key);
  if (table === undefined) return {};
  return { __over: JSON.stringify([key, ...(table.deletion === "drop" ? ["drop"] : [])]) };
}

/** The stack's tables below a view that keep their rows when the stack is destroyed; as an input. */
export function tablesUnder(context: Context, key: string): Pick<Inputs, "__over"> {
  const tables = new Set<string>();
  const seen = new Set<string>([key]);
  const visit = (statement: string): void => {
    for (const name of mentionedNames(statement)) {
      const source = seen.has(name) ? undefined : context.checked.get(name);
      seen.add(name);
      if (source?.definition === undefined) continue;
      const { text } = source.definition;
      if (/^CREATE (?:OR REPLACE )?VIEW/.test(text)) visit(text);
      else if (source.deletion !== "drop") tables.add(name);
    }
  };
  visit(context.checked.get(key)?.definition?.text ?? "");
  return tables.size === 0 ? {} : { __over: JSON.stringify([...tables].sort()) };
}

function keysIn(text: string | undefined): string[] {
  try {
    const keys: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(keys) ? keys.filter((key) => typeof key === "string") : [];
  } catch {
    return [];
  }
}
