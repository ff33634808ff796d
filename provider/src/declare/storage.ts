import { splitArguments } from "../sql/fragments";
import { renderSettings } from "../sql/render";
import type { ConstraintSpec, IndexSpec, ProjectionSpec, StorageSpec } from "../sql/spec";
import { settingsAt } from "./columns";
import {
  describe,
  expressionsAt,
  join,
  listAt,
  noDuplicates,
  objectAt,
  optionalText,
  type Problems,
  type Raw,
  requiredText,
  textList,
} from "./fields";

/** Storage arguments, for tables and inner tables. */
export const STORAGE_KEYS = [
  "engine",
  "orderBy",
  "primaryKey",
  "partitionBy",
  "sampleBy",
  "ttl",
  "settings",
  "indexes",
  "projections",
  "constraints",
] as const;

/** Engine, keys, TTL and settings. */
export function storageAt(raw: Raw, path: string, problems: Problems): StorageSpec {
  const engine = optionalText(raw, "engine", path, problems) ?? "MergeTree";
  const partitionBy = expressionsAt(raw, "partitionBy", path, problems);
  const primaryKey = expressionsAt(raw, "primaryKey", path, problems);
  const orderBy = expressionsAt(raw, "orderBy", path, problems);
  const sampleBy = optionalText(raw, "sampleBy", path, problems);
  const ttl = ttlAt(raw, path, problems);
  if (/MergeTree\s*(\(|$)/.test(engine) && !hasOldSyntax(engine) && orderBy === undefined && primaryKey === undefined) {
    problems.add(
      join(path, "orderBy"),
      `is missing; ${engine} needs a sorting key. Give its columns, or [] for none`,
      "sorting-key-missing",
    );
  }
  return {
    engine,
    ...(partitionBy !== undefined && { partitionBy }),
    ...(primaryKey !== undefined && { primaryKey }),
    ...(orderBy !== undefined && { orderBy }),
    ...(sampleBy !== undefined && { sampleBy }),
    ...(ttl !== undefined && { ttl }),
    settings: settingsAt(raw, path, problems),
  };
}

/** `MergeTree(date, key, 8192)`: recognised by the granularity, a number that no other engine of the family accepts. */
function hasOldSyntax(engine: string): boolean {
  const [, list = ""] = /\(([\s\S]*)\)\s*$/.exec(engine) ?? [];
  return splitArguments(list).some((argument) => /^\d+$/.test(argument));
}

function ttlAt(raw: Raw, path: string, problems: Problems): string | undefined {
  const value = raw["ttl"];
  if (!Array.isArray(value)) return optionalText(raw, "ttl", path, problems);
  const parts = textList(value, join(path, "ttl"), problems);
  return parts.length === 0 ? undefined : parts.join(", ");
}

/** Data skipping indexes. */
export function indexesAt(raw: Raw, path: string, problems: Problems): IndexSpec[] {
  const indexes = listAt(raw, "indexes", path, problems).map((element, position) => {
    const at = `${join(path, "indexes")}[${position}]`;
    const index = objectAt(element, at, ["name", "expression", "type", "granularity"], problems);
    const granularity = index["granularity"];
    if (granularity !== undefined && !(Number.isInteger(granularity) && Number(granularity) > 0)) {
      problems.add(join(at, "granularity"), `expected a whole number above 0, found ${describe(granularity)}`);
    }
    return {
      name: requiredText(index, "name", at, problems),
      expression: requiredText(index, "expression", at, problems),
      type: requiredText(index, "type", at, problems),
      ...(granularity !== undefined && { granularity: Number(granularity) }),
    };
  });
  noDuplicates(
    indexes.map((index) => index.name),
    join(path, "indexes"),
    problems,
  );
  return indexes;
}

/** Projections. */
export function projectionsAt(raw: Raw, path: string, problems: Problems): ProjectionSpec[] {
  const projections = listAt(raw, "projections", path, problems).map((element, position) => {
    const at = `${join(path, "projections")}[${position}]`;
    const projection = objectAt(element, at, ["name", "query", "index", "type", "settings"], problems);
    return { name: requiredText(projection, "name", at, problems), body: projectionBody(projection, at, problems) };
  });
  noDuplicates(
    projections.map((projection) => projection.name),
    join(path, "projections"),
    problems,
  );
  return projections;
}

function projectionBody(projection: Raw, at: string, problems: Problems): string {
  const settings = settingsAt(projection, at, problems);
  const suffix = settings.length === 0 ? "" : ` WITH SETTINGS (${renderSettings(settings)})`;
  if (projection["index"] === undefined) {
    return `(${requiredText(projection, "query", at, problems, "projection-invalid")})${suffix}`;
  }
  if (projection["query"] !== undefined) problems.add(at, "needs one of `query` and `index`");
  return `INDEX ${requiredText(projection, "index", at, problems)} TYPE ${requiredText(projection, "type", at, problems)}${suffix}`;
}

/** Constraints. */
export function constraintsAt(raw: Raw, path: string, problems: Problems): ConstraintSpec[] {
  const constraints = listAt(raw, "constraints", path, problems).map((element, position) => {
    const at = `${join(path, "constraints")}[${position}]`;
    const constraint = objectAt(element, at, ["name", "check", "assume"], problems);
    const check = optionalText(constraint, "check", at, problems);
    const assume = optionalText(constraint, "assume", at, problems);
    if ((check === undefined) === (assume === undefined)) problems.add(at, "needs one of `check` and `assume`");
    return {
      name: requiredText(constraint, "name", at, problems),
      kind: check === undefined ? ("ASSUME" as const) : ("CHECK" as const),
      expression: check ?? assume ?? "",
    };
  });
  noDuplicates(
    constraints.map((constraint) => constraint.name),
    join(path, "constraints"),
    problems,
  );
  return constraints;
}
