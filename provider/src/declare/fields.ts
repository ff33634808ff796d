import type { ErrorCode } from "../error-codes";
import { type Problem, SchemaError } from "../errors";
import { splitArguments } from "../sql/fragments";
import { didYouMean } from "../util/near";

/** Plain arguments as the program sends them: resolved, JSON only. */
export type Raw = Readonly<Record<string, unknown>>;

/** Collects wrong arguments, so that all of them are reported at once. */
export class Problems {
  private readonly found: Problem[] = [];

  add(path: string, problem: string, code: ErrorCode = "argument-invalid"): void {
    this.found.push({ code, message: `${path}: ${problem}` });
  }

  /** @throws {SchemaError} when anything was added. */
  throwIfAny(): void {
    if (this.found.length > 0) throw new SchemaError("argument-invalid", this.found);
  }
}

/** `value` as an object whose keys are all among `allowed`; otherwise records the problems and returns an empty object. */
export function objectAt(value: unknown, path: string, allowed: readonly string[], problems: Problems): Raw {
  if (!isObject(value)) {
    problems.add(path, `expected an object, found ${describe(value)}`);
    return {};
  }
  for (const key of Object.keys(value)) {
    if (!allowed.includes(key)) problems.add(join(path, key), `is not an argument${didYouMean(key, allowed)}`);
  }
  return value;
}

/** A list of elements; a missing one is empty. */
export function listAt(raw: Raw, key: string, path: string, problems: Problems): readonly unknown[] {
  const value = raw[key];
  if (value === undefined) return [];
  if (Array.isArray(value)) return value;
  problems.add(join(path, key), `expected a list, found ${describe(value)}`);
  return [];
}

/** A required string, not blank. */
export function requiredText(raw: Raw, key: string, path: string, problems: Problems, code?: ErrorCode): string {
  const value = optionalText(raw, key, path, problems);
  if (value === undefined && raw[key] === undefined)
    problems.add(join(path, key), "is missing; expected a string", code);
  return value ?? "";
}

/** An optional string; a blank one is an error. */
export function optionalText(raw: Raw, key: string, path: string, problems: Problems): string | undefined {
  const value = raw[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") {
    problems.add(join(path, key), `expected a string, found ${describe(value)}`);
    return undefined;
  }
  if (value.trim() === "") {
    problems.add(join(path, key), "is empty; leave it out or give a string");
    return undefined;
  }
  return value;
}

/** A comment: may be empty (then there is none), and is kept as given. */
export function commentAt(raw: Raw, path: string, problems: Problems): string | undefined {
  return raw["comment"] === "" ? undefined : optionalText(raw, "comment", path, problems);
}

/**
 * One SQL expression, or several that become a tuple: `["a", "b"]` and `"a, b"` are `(a, b)`, one is itself, none is `tuple()`.
 */
export function expressionsAt(raw: Raw, key: string, path: string, problems: Problems): string | undefined {
  if (!Array.isArray(raw[key])) return asTuple(optionalText(raw, key, path, problems));
  const parts = textList(raw[key], join(path, key), problems);
  return parts.length === 0 ? "tuple()" : asTuple(parts.join(", "));
}

/** ClickHouse prints a key of several expressions without parentheses in `system.tables`, but requires them. */
function asTuple(text: string | undefined): string | undefined {
  return text !== undefined && splitArguments(text).length > 1 ? `(${text})` : text;
}

/** Every element of `value` as a string. */
export function textList(value: readonly unknown[], path: string, problems: Problems): string[] {
  return value.flatMap((element, index) => {
    if (typeof element === "string" && element.trim() !== "") return [element];
    problems.add(`${path}[${index}]`, `expected a string, found ${describe(element)}`);
    return [];
  });
}

/** Reports names that are listed twice. */
export function noDuplicates(names: readonly string[], path: string, problems: Problems): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) problems.add(path, `\`${name}\` is listed twice; names must differ`);
    seen.add(name);
  }
}

/** Describes a wrong value in a word or two, without printing it (it may be a secret). */
export function describe(value: unknown): string {
  if (value === null) return "null";
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "an object";
  if (typeof value === "string") return value.trim() === "" ? "an empty string" : "a string";
  return `a ${typeof value}`;
}

export function isObject(value: unknown): value is Raw {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function join(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}
