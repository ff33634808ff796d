import { didYouMean } from "../util/near";
import { type BackfillDeclaration, backfillAt } from "./backfill";
import { describe, isObject, listAt, optionalText, Problems, type Raw } from "./fields";

/** Kinds of hazard that a user may allow. */
export const ALLOWABLE = ["drops-data", "doubles-rows", "breaks-reader", "locks-out", "unproven"] as const;

/** What may happen to an object that exists on the server but is not in the state. */
export const ADOPTIONS = ["equal", "converge"] as const;
export type Adoption = (typeof ADOPTIONS)[number];

/** How a declaration wants its object checked and changed; none of this is part of the object. */
export interface ChangeOptions {
  /** Undefined: as the stack's config says. */
  readonly adopt?: Adoption;
  /** Whether the object is on all hosts of the stack's cluster; false: only on the one that the URL reaches. Undefined: if there is a cluster. */
  readonly cluster?: string | false;
  /** How a new materialized view is filled from its source; undefined: not at all. */
  readonly backfill?: BackfillDeclaration;
  readonly allow: readonly string[];
  /** New name → old name. */
  readonly renamedColumns: Readonly<Record<string, string>>;
  readonly rebuild: "online" | "offline";
  /** Seconds that the old table of a rebuild is kept; undefined: the default. */
  readonly keepOld?: number;
  readonly materialize: boolean;
  /** Severity by lint rule, as given. */
  readonly lint: Readonly<Record<string, unknown>>;
}

/** An argument that is no part of the object. */
export type OptionName = keyof ChangeOptions;

/**
 * Separates the options of a declaration from what it declares.
 *
 * @param keys the options that its kind has.
 * @throws {SchemaError} naming every wrong option.
 */
export function declareOptions(keys: readonly OptionName[], args: Raw): { options: ChangeOptions; args: Raw } {
  const problems = new Problems();
  const isOption = (key: string): boolean => (keys as readonly string[]).includes(key);
  const raw = Object.fromEntries(Object.entries(args).filter(([key]) => isOption(key)));
  const rest = Object.fromEntries(Object.entries(args).filter(([key]) => !isOption(key)));
  const columns = withoutOldNames(rest["columns"], problems);
  const keepOld = durationAt(raw, "keepOld", problems);
  const adopt = adoptAt(raw, problems);
  const backfill = backfillAt(raw, problems);
  const cluster = clusterAt(raw, problems);
  const options: ChangeOptions = {
    allow: allowAt(raw, problems),
    renamedColumns: { ...renamedColumnsAt(raw, problems), ...columns.renamed },
    rebuild: rebuildAt(raw, problems),
    materialize: flagAt(raw, "materialize", problems),
    lint: mapAt(raw, "lint", problems),
    ...(keepOld !== undefined && { keepOld }),
    ...(adopt !== undefined && { adopt }),
    ...(backfill !== undefined && { backfill }),
    ...(cluster !== undefined && { cluster }),
  };
  problems.throwIfAny();
  return { options, args: rest["columns"] === undefined ? rest : { ...rest, columns: columns.columns } };
}

/** `drops-data` and the like, each known. */
export function parseAllow(values: readonly string[]): { allow: string[]; wrong: string[] } {
  const known = (value: string): boolean => (ALLOWABLE as readonly string[]).includes(value);
  return { allow: values.filter(known), wrong: values.filter((value) => !known(value)) };
}

function allowAt(raw: Raw, problems: Problems): string[] {
  const values = listAt(raw, "allow", "", problems);
  const texts = values.map((value) => (typeof value === "string" ? value : describe(value)));
  const { allow, wrong } = parseAllow(texts);
  for (const value of wrong) {
    const known = ALLOWABLE.map((kind) => `"${kind}"`).join(", ");
    problems.add("allow", `knows ${known}, found ${JSON.stringify(value)}${didYouMean(value, ALLOWABLE)}`);
  }
  return allow;
}

function adoptAt(raw: Raw, problems: Problems): Adoption | undefined {
  const value = optionalText(raw, "adopt", "", problems);
  const known = ADOPTIONS.find((one) => one === value);
  if (value !== undefined && known === undefined) {
    problems.add(
      "adopt",
      `expected "equal" or "converge", found ${JSON.stringify(value)}${didYouMean(value, ADOPTIONS)}`,
    );
  }
  return known;
}

function clusterAt(raw: Raw, problems: Problems): string | false | undefined {
  const value = raw["cluster"];
  if (value === undefined || value === false || (typeof value === "string" && value !== "")) return value;
  problems.add("cluster", `expected the name of the stack's cluster, or false, found ${describe(value)}`);
  return undefined;
}

function rebuildAt(raw: Raw, problems: Problems): "online" | "offline" {
  const value = optionalText(raw, "rebuild", "", problems) ?? "online";
  if (value !== "online" && value !== "offline") problems.add("rebuild", `expected "online" or "offline"`);
  return value === "offline" ? "offline" : "online";
}

function flagAt(raw: Raw, key: string, problems: Problems): boolean {
  const value = raw[key] ?? false;
  if (typeof value !== "boolean") problems.add(key, `expected true or false, found ${describe(value)}`);
  return value === true;
}

function mapAt(raw: Raw, key: string, problems: Problems): Raw {
  const value = raw[key] ?? {};
  if (isObject(value)) return value;
  problems.add(key, `expected a map from rule to severity, found ${describe(value)}`);
  return {};
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** `"90m"`, `"24h"`, `"7d"` in seconds. */
function durationAt(raw: Raw, key: string, problems: Problems): number | undefined {
  const text = optionalText(raw, key, "", problems);
  if (text === undefined) return undefined;
  const [, digits, unit = ""] = /^(\d+)\s*([smhdw])$/.exec(text.trim()) ?? [];
  if (digits !== undefined) return Number(digits) * (UNITS[unit] ?? 1);
  problems.add(key, 'expected a whole number and a unit of time, e.g. "90m", "24h", "7d"');
  return undefined;
}

function renamedColumnsAt(raw: Raw, problems: Problems): Record<string, string> {
  const value = raw["renamedColumns"];
  if (value === undefined) return {};
  if (!isObject(value)) {
    problems.add("renamedColumns", `expected a map from new name to old name, found ${describe(value)}`);
    return {};
  }
  const pairs = Object.entries(value).flatMap(([name, old]) => {
    if (typeof old === "string" && old !== "") return [[name, old] as const];
    problems.add(`renamedColumns.${name}`, `expected the column's old name, found ${describe(old)}`);
    return [];
  });
  return Object.fromEntries(pairs);
}

/** Removes `renamedFrom` from the columns, which describe the table as it is, not as it was. */
function withoutOldNames(columns: unknown, problems: Problems): { columns: unknown; renamed: Record<string, string> } {
  const renamed: Record<string, string> = {};
  const strip = (column: unknown, name: unknown): unknown => {
    if (!isObject(column) || column["renamedFrom"] === undefined) return column;
    const { renamedFrom, ...rest } = column;
    if (typeof renamedFrom !== "string" || renamedFrom === "") {
      problems.add(`columns.${String(name)}.renamedFrom`, `expected the old name, found ${describe(renamedFrom)}`);
    } else if (typeof name === "string") renamed[name] = renamedFrom;
    return rest;
  };
  if (Array.isArray(columns)) {
    return { columns: columns.map((column) => strip(column, isObject(column) ? column["name"] : undefined)), renamed };
  }
  if (!isObject(columns)) return { columns, renamed };
  const entries = Object.entries(columns).map(([name, column]) => [name, strip(column, name)] as const);
  return { columns: Object.fromEntries(entries), renamed };
}
