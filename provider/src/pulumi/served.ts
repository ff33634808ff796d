import { missingFor } from "../clickhouse/capabilities";
import { release } from "../clickhouse/version";
import { SchemaError } from "../errors";
import { refusedByParser } from "../introspect/parser";
import type { Step } from "../plan";
import { keyOf, quotedName } from "../sql/object-key";
import { renderCreate } from "../sql/render";
import type { ObjectSpec } from "../sql/spec";
import type { Context } from "./context";

/**
 * Makes sure that the server reads what is about to be created or run: the scratch engine may know more. Costs nothing where the two are of
 * one release, else one query.
 *
 * @param steps of the plan for what exists already.
 * @throws {SchemaError} with what is missing, the release that has it, and the server's words.
 */
export async function refuseUnread(
  context: Context,
  { urn, sensitive }: { readonly urn: string | undefined; readonly sensitive: boolean },
  spec: ObjectSpec,
  steps?: readonly Step[],
): Promise<void> {
  const server = steps?.length === 0 ? undefined : await context.reachableServer(urn);
  if (server === undefined) return;
  const { capabilities, version } = server;
  const sql = (steps ?? []).flatMap((step) => (step.kind === "statement" ? [step.sql] : []));
  // Whatever a protocol makes is the object as it is to be.
  const statements = [...sql, renderCreate(spec, capabilities)];
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

function typesOf(spec: ObjectSpec): string[] {
  if (spec.kind === "database") return [];
  return [...new Set(spec.columns.flatMap(({ type }) => type ?? []))];
}
