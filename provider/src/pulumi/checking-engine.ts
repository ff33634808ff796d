import type { Canonical } from "../canonical/canonical";
import { copyFeatureFlags } from "../canonical/feature-flags";
import { ScratchEngine } from "../canonical/scratch-engine";
import { serverForm } from "../canonical/server-form";
import type { Connection } from "../connection/connection";
import type { ConnectionError } from "../connection/errors";
import { openScratch } from "../connection/scratch";
import { openThrowaway } from "../connection/throwaway";
import { HiddenError } from "../introspect/visibility";
import { Definition } from "../sql/definition";
import { keyParts } from "../sql/object-key";
import type { ObjectSpec } from "../sql/spec";
import type { Context } from "./context";

/** The engine that checks declarations; it takes what is not declared from the server. Opened when something is checked. */
export function checkingEngine(context: Context): ScratchEngine {
  return new ScratchEngine(
    () => open(context),
    (key) => onServer(context, key),
    (spec, missing) => inServersWords(context, spec, missing),
    () => context.mayAsk,
  );
}

/** Allows what the server allows its user, if it can be reached. */
async function open(context: Context): Promise<Connection> {
  const { connection, scratchServer } = context.config;
  const engine = await (scratchServer === undefined ? openScratch() : openThrowaway(scratchServer));
  if (scratchServer !== undefined)
    context.checker = `ClickHouse ${engine.version} at ${engine.url} (clickhouse:scratch)`;
  if (!/^https?:/.test(connection?.url ?? "")) return engine;
  const server = await context.reachableServer(undefined);
  if (server !== undefined) await copyFeatureFlags(engine, server);
  return engine;
}

async function onServer(context: Context, key: string): Promise<string | undefined> {
  if (keyParts(key).database === "")
    return context.asked(undefined, async () => (await context.live.allFunctions()).get(key)?.statement);
  // What the user cannot see is reported where it is needed, with the object that needs it.
  return (await context.reachableLive(undefined, key).catch(unlessHidden))?.statement;
}

/** Without an engine of our own, the server's parser normalises the spelling. @throws {ConnectionError} `missing`, without a server. */
async function inServersWords(context: Context, spec: ObjectSpec, missing: ConnectionError): Promise<Canonical> {
  await context.reachableServer(undefined).catch(unlessHidden);
  if (!context.mayAsk) throw missing;
  const definition = Definition.of(await serverForm(await context.connection(), spec));
  return { definition, shown: definition, fromServer: [], unchecked: missing.message };
}

function unlessHidden(error: unknown): undefined {
  if (!(error instanceof HiddenError)) throw error;
}
