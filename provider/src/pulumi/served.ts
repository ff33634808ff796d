import { missingFor } from "../clickhouse/capabilities";
import { release } from "../clickhouse/version";
import { SchemaError } from "../errors";
import { refusedByParser } from "../introspect/parser";
import { keyOf, quotedName } from "../sql/object-key";
import { renderCreate } from "../sql/render";
import type { ObjectSpec } from "../sql/spec";
import type { Context } from "./context";
import type { Planned } from "./planning";

/**
 * Makes sure that the server reads what is about to be created or run: the scratch engine may know more. Costs nothing where the two are of
 * one release, else one query.
 *
 * @param statements that would be run; the CREATE of a new object among them.
 * @throws {SchemaError} with what is missing, the release that has it, and the server's words.
 */
export async function refuseUnread(
  context: Context,
  { urn, sensitive }: { readonly urn: string | undefined; readonly sensitive: boolean },
  spec: ObjectSpec,
  statements: readonly string[],
): Promise<void> {
  const server = statements.length === 0 ? undefined : await context.reachableServer(urn);
  if (server === undefined) return;
  const { capabilities, version } = server;
  const engine = await context.world.version();
  const label = `${quotedName(keyOf(spec))}: ClickHouse ${version}, the server,`;
  const missing = [...new Set(statements.flatMap((statement) => missingFor(statement, capabilities)))];
  if (missing.length > 0)
    throw new SchemaError(`${label} cannot run this: ${missing.join("; ")}. Nothing was changed.`);
  if (engine !== undefined && release(engine) === release(version)) return;
  const words = await refusedByParser(server, statements, typesOf(spec));
  if (words === undefined) return;
  const shown = sensitive ? "its words would show the statement, which is secret" : words;
  const took =
    engine === undefined
      ? ""
      : ` The embedded engine (${engine}) took it: it came with a newer release than the server's.`;
  throw new SchemaError(`${label} does not read this, so nothing was changed: ${shown}${took}`);
}

/** What a plan runs, as far as it is known beforehand: statements, and what its protocols create. */
export function statementsOf({ plan }: Pick<Planned, "plan">): string[] {
  return plan.steps.flatMap((step) => {
    if (step.kind === "statement") return [step.sql];
    return step.kind === "rename" ? [] : [renderCreate(step.to)];
  });
}

function typesOf(spec: ObjectSpec): string[] {
  if (spec.kind === "database") return [];
  return [...new Set(spec.columns.flatMap(({ type }) => type ?? []))];
}
