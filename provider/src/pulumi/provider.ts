/**
 * What the text stored in every state requires, for ever:
 * `exports.handler=()=>require("pulumi-clickhouse-schema/provider").table`. Names here are a wire format.
 */
import { Context } from "./context";
import { SchemaProvider } from "./lifecycle";

const context = new Context();

export const database = new SchemaProvider("database", context);
export const table = new SchemaProvider("table", context);
export const view = new SchemaProvider("view", context);
export const materializedView = new SchemaProvider("materializedView", context);

// The engine ends a provider by SIGINT and waits 5 s: time to leave the embedded engine's data folder in order.
process.once("SIGINT", () => {
  void context.close().finally(() => process.exit(0));
});
