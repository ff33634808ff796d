import { SchemaError } from "../errors";
import { parseQualifiedName } from "../sql/fragments";
import type { MaterializedViewSpec, QualifiedName } from "../sql/spec";
import { commentAt, objectAt, optionalText, Problems, type Raw, requiredText } from "./fields";
import { constraintsAt, indexesAt, projectionsAt, STORAGE_KEYS, storageAt } from "./storage";
import { securityAt, VIEW_KEYS, viewColumnsAt } from "./view";

/** Arguments of `MaterializedView` → spec. @throws {SchemaError} naming every wrong argument. */
export function declareMaterializedView(name: QualifiedName, args: unknown): MaterializedViewSpec {
  const problems = new Problems();
  const raw = objectAt(args, "", [...VIEW_KEYS, "to", "inner", "refresh", "append"], problems);
  const to = targetAt(raw, problems);
  const inner = raw["inner"] === undefined ? undefined : objectAt(raw["inner"], "inner", STORAGE_KEYS, problems);
  if ((to === undefined) === (inner === undefined)) {
    problems.add("to", "give the target table, or the layout of an inner table in `inner`; one of the two");
  }
  const refresh = refreshAt(raw, problems);
  const comment = commentAt(raw, "", problems);
  const security = securityAt(raw, problems);
  const query = requiredText(raw, "query", "", problems);
  const spec: MaterializedViewSpec = {
    kind: "materializedView",
    ...name,
    ...(refresh !== undefined && { refresh }),
    ...(to && { to }),
    columns: viewColumnsAt(raw, problems),
    indexes: inner ? indexesAt(inner, "inner", problems) : [],
    constraints: inner ? constraintsAt(inner, "inner", problems) : [],
    projections: inner ? projectionsAt(inner, "inner", problems) : [],
    ...(inner && { storage: storageAt(inner, "inner", problems) }),
    ...(security && { security }),
    ...(comment !== undefined && { comment }),
    query,
  };
  problems.throwIfAny();
  return spec;
}

function targetAt(raw: Raw, problems: Problems): QualifiedName | undefined {
  const text = optionalText(raw, "to", "", problems);
  if (text === undefined) return undefined;
  const target = parseQualifiedName(text);
  if (target === undefined)
    problems.add(
      "to",
      `expected \`database.table\`, found \`${text}\`. Pass the table's resource, or its qualified name`,
    );
  return target ?? { database: "", name: text };
}

function refreshAt(raw: Raw, problems: Problems): string | undefined {
  const schedule = optionalText(raw, "refresh", "", problems);
  const append = raw["append"] ?? false;
  if (typeof append !== "boolean") problems.add("append", "expected true or false");
  if (schedule === undefined && append === true) {
    problems.add("append", "only a refreshable view appends; give its schedule in `refresh`, e.g. `EVERY 10 MINUTE`");
  }
  return schedule === undefined ? undefined : append === true ? `${schedule} APPEND` : schedule;
}

/** @throws {SchemaError} for POPULATE. */
export function refusePopulate({ populate }: MaterializedViewSpec): void {
  if (populate !== true) return;
  throw new SchemaError(
    "statement-copies-rows",
    "sql: POPULATE loses the rows that are inserted while it runs. Create the view without it and fill it by an INSERT … SELECT",
  );
}
