/**
 * ClickHouse schema as managed Pulumi resources.
 *
 * @packageDocumentation
 */
export * from "./resources/args";
export { Database } from "./resources/database";
export { MaterializedView } from "./resources/materialized-view";
export { Provider, type ProviderArgs } from "./resources/provider";
export { SchemaObject } from "./resources/schema-object";
export { sql } from "./resources/sql";
export { Table } from "./resources/table";
export { View } from "./resources/view";
