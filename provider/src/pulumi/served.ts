import { engineWords } from "../canonical/engine-words";
import { missingFor } from "../clickhouse/capabilities";
import { release } from "../clickhouse/version";
import { SchemaError } from "../errors";
import { type Asked, unreadBy } from "../introspect/parser";
import { knownElsewhere, namesOf, unknownIn, wordsOf } from "../introspect/vocabulary";
import { kindOf } from "../kinds";
import { runnable } from "../kinds/object";
import type { Step } from "../plan";
import { keyOf, quotedName } from "../sql/object-key";
import { renderCreate } from "../sql/render";
import type { ObjectSpec } from "../sql/spec";
import type { Context } from "./context";

/**
 * Makes sure that the server can parse what is about to be created or run: the embedded engine may know more. Costs nothing if both are of
 * the same release, otherwise one query.
 *
 * @param steps of the plan for an existing object.
 * @throws {SchemaError} with what is missing, the release that has it, and the server's words.
 */
export async function refuseUnread(
  context: Context,
  { urn, sensitive }: { readonly urn: string | undefined; readonly sensitive: boolean },
  spec: ObjectSpec,
  steps?: readonly Step[],
): Promise<void> {
  // Its text is ours, and what its privileges mean was asked of the server.
  if (kindOf(spec.kind).isOf !== undefined) return;
  const server = steps?.length === 0 ? undefined : await context.reachableServer(urn);
  if (server === undefined) return;
  const { capabilities, version } = server;
  const sql = (steps ?? []).flatMap((step) => (step.kind === "statement" ? [step.sql] : []));
  // A protocol creates the object as declared.
  const statements = [...sql, runnable(spec, capabilities)];
  const engine = await context.scratch.version();
  const label = `${quotedName(keyOf(spec))}: ClickHouse ${version}, the server,`;
  const missing = [...new Set(statements.flatMap((statement) => missingFor(statement, capabilities)))];
  if (missing.length > 0)
    throw new SchemaError("server-too-old", `${label} cannot run this: ${missing.join("; ")}. Nothing was changed.`);
  if (engine !== undefined && release(engine) === release(version)) return;
  const asked = askedOf(spec, statements);
  const { said, unknown } = await unreadBy(server, asked);
  const newer = "it came with a newer release than the server's";
  const which = engine === undefined ? "The embedded engine" : `The embedded engine (${engine})`;
  if (said !== undefined) {
    const shown = sensitive ? "its words would show the statement, which is secret" : engineWords(said);
    const took =
      engine === undefined
        ? " Correct the name or the text; where it is right, a newer release has it: see docs/servers.md."
        : ` ${which} took it: ${newer}.`;
    throw new SchemaError("server-too-old", `${label} does not read this, so nothing was changed: ${shown}${took}`);
  }
  if (engine === undefined) return;
  const lacking = await knownElsewhere(asked.words, unknown, (question) => context.scratch.ask(question));
  if (lacking.length === 0) return;
  const names = sensitive ? "something in the statement, which is secret" : namesOf(lacking);
  throw new SchemaError(
    "server-too-old",
    `${label} does not know ${names}, so nothing was changed. ${which} does: ${newer}. ` +
      "Write it in a form that both accept, or upgrade the server",
  );
}

/**
 * What the server accepts in a declaration that another engine refuses, in a sentence for people; empty if it knows no more.
 *
 * @param engine release of the engine that refused.
 */
export async function takenByServer(
  context: Context,
  urn: string | undefined,
  spec: ObjectSpec,
  engine: string,
): Promise<string> {
  const server = context.reachable ? await context.reachableServer(urn) : undefined;
  if (server === undefined || release(engine) === release(server.version)) return "";
  const { words } = askedOf(spec, [renderCreate(spec)]);
  const [row] = await context.scratch.ask<{ unknown: string[][] }>(`SELECT ${unknownIn(words)} AS unknown`);
  const more = await knownElsewhere(words, row?.unknown ?? [], (question) => server.query(question));
  if (more.length === 0) return "";
  return (
    `ClickHouse ${server.version}, the server, knows ${namesOf(more)}; the engine that checks declarations (${engine}) does not. ` +
    "Have them checked by the server's own release: set clickhouse:scratch to the URL of a throwaway server of it"
  );
}

function askedOf(spec: ObjectSpec, statements: readonly string[]): Asked {
  const columns = "columns" in spec ? spec.columns : [];
  const codecs = columns.flatMap(({ codec, type }) =>
    codec === undefined || type === undefined ? [] : [{ codec, type }],
  );
  return { statements, types: typesOf(spec), codecs, words: wordsOf(spec, statements) };
}

function typesOf(spec: ObjectSpec): string[] {
  if (!("columns" in spec)) return [];
  return [...new Set(spec.columns.flatMap(({ type }) => type ?? []))];
}
