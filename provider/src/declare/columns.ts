import { quoteString } from "../sql/identifiers";
import type { ColumnSpec, SettingSpec } from "../sql/spec";
import {
  commentAt,
  describe,
  isObject,
  join,
  noDuplicates,
  objectAt,
  optionalText,
  type Problems,
  type Raw,
  requiredText,
} from "./fields";

const COLUMN_KEYS = [
  "name",
  "type",
  "default",
  "materialized",
  "alias",
  "ephemeral",
  "codec",
  "statistics",
  "ttl",
  "comment",
  "settings",
];
/** Those that a column of a query can have. */
const CLAUSE_KEYS = ["type", "codec", "statistics", "ttl", "comment", "settings"];
const DEFAULT_KINDS = {
  default: "DEFAULT",
  materialized: "MATERIALIZED",
  alias: "ALIAS",
  ephemeral: "EPHEMERAL",
} as const;

/** The columns of a declaration, given as a list or as a map from name to type or definition. */
export function columnsAt(raw: Raw, path: string, problems: Problems): ColumnSpec[] {
  const value = raw["columns"];
  const elements = isObject(value) ? columnMap(value, join(path, "columns"), problems) : value;
  if (!Array.isArray(elements)) {
    problems.add(
      join(path, "columns"),
      `expected a list of columns or a map from name to type, found ${describe(value)}`,
    );
    return [];
  }
  if (elements.length === 0) {
    problems.add(join(path, "columns"), "is empty; a table needs at least one column");
  }
  const columns = elements.map((element, index) => columnAt(element, `${join(path, "columns")}[${index}]`, problems));
  noDuplicates(
    columns.map((column) => column.name),
    join(path, "columns"),
    problems,
  );
  return columns;
}

/** The attributes of columns whose types come from a query: a map from name to definition without `type`. */
export function columnClausesAt(raw: Raw, path: string, problems: Problems): ColumnSpec[] {
  const map = objectAt(raw["columns"], join(path, "columns"), Object.keys(raw["columns"] ?? {}), problems);
  return Object.entries(map).map(([name, value]) => {
    const at = `${join(path, "columns")}.${name}`;
    if (isObject(value) && value["type"] !== undefined)
      problems.add(at, "has a type, which `columnsFrom` gives; leave it out");
    return { name, ...clausesAt(objectAt(value, at, CLAUSE_KEYS, problems), at, problems) };
  });
}

function columnMap(map: Raw, path: string, problems: Problems): unknown[] {
  const names = Object.keys(map);
  if (names.length > 1 && names.some((name) => /^(0|[1-9]\d*)$/.test(name))) {
    problems.add(
      path,
      "a map cannot keep the order of integer-like names; give the columns as a list of { name, type }",
    );
  }
  return names.map((name) => {
    const definition = map[name];
    return isObject(definition) ? { name, ...definition } : { name, type: definition };
  });
}

function columnAt(value: unknown, path: string, problems: Problems): ColumnSpec {
  const raw = objectAt(value, path, COLUMN_KEYS, problems);
  const name =
    typeof raw["name"] === "string" && raw["name"] !== "" ? raw["name"] : requiredText(raw, "name", path, problems);
  const type = requiredText(raw, "type", path, problems);
  return { name, type, ...clausesAt(raw, path, problems) };
}

/** All of a column except its name and type. */
function clausesAt(raw: Raw, path: string, problems: Problems): Omit<ColumnSpec, "name" | "type"> {
  const comment = commentAt(raw, path, problems);
  const codec = optionalText(raw, "codec", path, problems);
  const statistics = optionalText(raw, "statistics", path, problems);
  const ttl = optionalText(raw, "ttl", path, problems);
  const settings = settingsAt(raw, path, problems);
  const defaultSpec = defaultAt(raw, path, problems);
  return {
    ...(defaultSpec && { default: defaultSpec }),
    ...(comment !== undefined && { comment }),
    ...(codec !== undefined && { codec }),
    ...(statistics !== undefined && { statistics }),
    ...(ttl !== undefined && { ttl }),
    ...(settings.length > 0 && { settings }),
  };
}

function defaultAt(raw: Raw, path: string, problems: Problems): ColumnSpec["default"] {
  const given = Object.keys(DEFAULT_KINDS).filter((key) => raw[key] !== undefined && raw[key] !== false);
  if (given.length > 1)
    problems.add(path, `has ${given.map((key) => `\`${key}\``).join(" and ")}; a column has at most one of them`);
  const key = given[0] as keyof typeof DEFAULT_KINDS | undefined;
  if (key === undefined) return undefined;
  const kind = DEFAULT_KINDS[key];
  if (key === "ephemeral" && raw[key] === true) return { kind };
  const expression = optionalText(raw, key, path, problems);
  return expression === undefined ? { kind } : { kind, expression };
}

/** `{ name: value }` as settings in SQL: numbers and booleans unchanged, strings quoted. */
export function settingsAt(raw: Raw, path: string, problems: Problems): SettingSpec[] {
  if (raw["settings"] === undefined) return [];
  const settings = objectAt(raw["settings"], join(path, "settings"), Object.keys(raw["settings"] ?? {}), problems);
  return Object.entries(settings).flatMap(([name, value]) => {
    if (!/^\w+$/.test(name))
      problems.add(
        join(path, "settings"),
        `\`${name}\` is no setting's name; expected letters, digits and underscores`,
      );
    if (typeof value === "boolean") return [{ name, value: value ? "1" : "0" }];
    if (typeof value === "number" && Number.isFinite(value)) return [{ name, value: String(value) }];
    if (typeof value === "string") return [{ name, value: quoteString(value) }];
    problems.add(join(join(path, "settings"), name), `expected a string, number or boolean, found ${describe(value)}`);
    return [];
  });
}
