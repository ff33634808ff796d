import type { QualifiedName, SqlFunctionSpec } from "../sql/spec";
import { listAt, noDuplicates, objectAt, Problems, requiredText, textList } from "./fields";

/** Arguments of `SqlFunction` → spec. @throws {SchemaError} naming every wrong argument. */
export function declareSqlFunction({ name }: QualifiedName, args: unknown): SqlFunctionSpec {
  const problems = new Problems();
  const raw = objectAt(args, "", ["parameters", "expression"], problems);
  const parameters = textList(listAt(raw, "parameters", "", problems), "parameters", problems);
  noDuplicates(parameters, "parameters", problems);
  const expression = requiredText(raw, "expression", "", problems);
  problems.throwIfAny();
  return { kind: "sqlFunction", name, parameters, expression };
}
