import { quoteIdentifier } from "../identifiers";
import type { DatabaseSpec } from "../spec";
import { renderComment } from "./clauses";
import { renderStorage } from "./storage";

/** `CREATE DATABASE` in the engine's layout. */
export function renderDatabase({ name, engine, settings = [], comment }: DatabaseSpec): string {
  const storage = renderStorage({ ...(engine !== undefined && { engine }), settings });
  return `CREATE DATABASE ${quoteIdentifier(name)}${storage}${renderComment(comment)}`;
}
