export { SqlParseError } from "./errors";
export {
  backtick,
  qualifiedName,
  quoteIdentifier,
  quoteString,
  unquoteIdentifier,
  unquoteString,
} from "./identifiers";
export { type Header, parseCreate, parseHeader } from "./parse";
export * from "./render";
export type * from "./spec";
