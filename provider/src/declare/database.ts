import type { DatabaseSpec } from "../sql/spec";
import { commentAt, objectAt, optionalText, Problems } from "./fields";

/** Arguments of `Database` → spec. @throws {SchemaError} naming every wrong argument. */
export function declareDatabase(name: string, args: unknown): DatabaseSpec {
  const problems = new Problems();
  const raw = objectAt(args, "", ["engine", "comment"], problems);
  const engine = optionalText(raw, "engine", "", problems);
  const comment = commentAt(raw, "", problems);
  problems.throwIfAny();
  return { kind: "database", name, ...(engine !== undefined && { engine }), ...(comment !== undefined && { comment }) };
}
