export { parseCreate } from "./parse";
export * from "./render";
export type * from "./spec";
