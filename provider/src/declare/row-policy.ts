import { policyParts } from "../sql/access/row-policy";
import type { RowPolicySpec } from "../sql/access/spec";
import { SqlParseError } from "../sql/errors";
import type { QualifiedName } from "../sql/spec";
import { toAt } from "./access";
import { describe, objectAt, optionalText, Problems } from "./fields";

/** Arguments of `RowPolicy` → spec. @param name with what it is on. @throws {SchemaError} naming every wrong argument. */
export function declareRowPolicy({ name }: QualifiedName, args: unknown): RowPolicySpec {
  const problems = new Problems();
  const raw = objectAt(args, "", ["on", "using", "restrictive", "to"], problems);
  if (!isPolicyName(name))
    problems.add(
      "on",
      `expected a table ("shop.orders", or its resource) or a database ("shop.*"), found ${describe(raw["on"])}`,
    );
  const using = optionalText(raw, "using", "", problems)?.trim();
  if (using === undefined && raw["using"] === undefined)
    problems.add("using", 'is missing; expected a condition on the rows that may be read; for all rows: "1"');
  if (using === "") problems.add("using", "is empty; expected a condition on the rows that may be read");
  const { restrictive = false } = raw;
  if (typeof restrictive !== "boolean")
    problems.add("restrictive", `expected true or false, found ${describe(restrictive)}`);
  const appliesTo = toAt(raw, problems);
  problems.throwIfAny();
  return { kind: "rowPolicy", name, restrictive: restrictive === true, ...(using && { using }), appliesTo };
}

function isPolicyName(name: string): boolean {
  try {
    policyParts(name);
    return true;
  } catch (error) {
    if (error instanceof SqlParseError) return false;
    throw error;
  }
}
