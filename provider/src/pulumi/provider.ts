/**
 * What the code stored in every state requires, forever:
 * `exports.handler=()=>require("pulumi-clickhouse-schema/provider").table`. Names here are a wire format.
 */
import { connect } from "node:net";
import { askProgram, listen } from "./channel";
import { Context } from "./context";
import { previewRemovals } from "./leaving";
import { SchemaProvider } from "./lifecycle";
import { engineLog } from "./log";

const engine = process.argv.at(-1) ?? "";
const context = new Context(engineLog, { identifies: true, askProgram: () => askProgram(engine) });

export const database = new SchemaProvider("database", context);
export const table = new SchemaProvider("table", context);
export const sqlFunction = new SchemaProvider("sqlFunction", context);
export const dictionary = new SchemaProvider("dictionary", context);
export const view = new SchemaProvider("view", context);
export const materializedView = new SchemaProvider("materializedView", context);
export const namedCollection = new SchemaProvider("namedCollection", context);
export const grants = new SchemaProvider("grants", context);
export const grant = new SchemaProvider("grant", context);
export const settingsProfile = new SchemaProvider("settingsProfile", context);
export const role = new SchemaProvider("role", context);
export const quota = new SchemaProvider("quota", context);
export const user = new SchemaProvider("user", context);
export const rowPolicy = new SchemaProvider("rowPolicy", context);

// The Pulumi engine stops a provider with SIGINT and waits 5 s: time to close the embedded engine's data folder cleanly.
process.once("SIGINT", leave);
leaveWithEngine(engine);
listen(engine, (request) => previewRemovals(context, request));

function leave(): void {
  void context.close().finally(() => process.exit(0));
}

/** A killed engine sends no signal; its provider would survive and hold the data folder forever. */
function leaveWithEngine(address: string): void {
  const [, host, port] = /^([\w.[\]:-]+):(\d+)$/.exec(address) ?? [];
  if (host === undefined) return;
  const timer = setInterval(() => {
    const socket = connect({ host, port: Number(port) }, () => socket.destroy());
    socket.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "ECONNREFUSED") return;
      clearInterval(timer);
      leave();
    });
  }, 1000).unref();
}
