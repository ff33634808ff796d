import { enumValues, integer, parseType } from "../sql/query/types";

/** Numbers from 0 up to, but not including, 1. */
export type Random = () => number;

/** Random numbers that a seed determines (mulberry32). */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A whole number from 0 up to, but not including, `count`. */
export function below(random: Random, count: number): number {
  return Math.floor(random() * count);
}

/** One of several. */
export function oneOf<T>(random: Random, values: readonly T[]): T | undefined {
  return values[below(random, values.length)];
}

/** What values of a column are made from. */
export interface Pool {
  readonly random: Random;
  /** Texts and numbers that the queries compare the column with. */
  readonly literals: readonly string[];
  /** The middle of all times, in milliseconds since 1970. */
  readonly moment: number;
}

/** Times lie this far around the middle, in milliseconds: in several hours, and on two or three days. */
const SPREAD = 30 * 3_600_000;
const LETTERS = ["a", "b", "c", ""];

/**
 * A random value of a type, as JSONEachRow reads it. Few values are distinct, so that rows share keys.
 *
 * @returns undefined for a type that random values are not made of.
 */
export function randomValue(type: string, pool: Pool): unknown {
  const { name, args } = parseType(type);
  const [first = "", second = ""] = args;
  switch (name) {
    case "Nullable":
      return pool.random() < 0.2 ? null : randomValue(first, pool);
    case "LowCardinality":
      return randomValue(first, pool);
    case "SimpleAggregateFunction":
      return randomValue(args.at(-1) ?? "", pool);
    case "Array":
      return list(pool, () => randomValue(first, pool));
    case "Map":
      return mapOf(pool, first, second);
    case "Tuple":
      return tupleOf(args, pool);
    default:
      return scalar(type, name, args, pool);
  }
}

function scalar(type: string, name: string, args: readonly string[], pool: Pool): unknown {
  const { random } = pool;
  const labels = enumValues(type);
  if (labels !== undefined) return oneOf(random, [...labels.keys()]);
  if (name === "Bool") return random() < 0.5;
  const whole = integer(name);
  if (whole !== undefined) return wholeNumber(whole, pool);
  if (/^B?Float/.test(name)) return given(pool, isNumber) ?? (below(random, 64) - 8) / 8;
  if (name.startsWith("Decimal")) return decimal(args, pool);
  if (name === "String") return given(pool, () => true) ?? oneOf(random, LETTERS);
  if (name === "FixedString") return (oneOf(random, LETTERS) ?? "").slice(0, Number(args[0]));
  if (name === "Date" || name === "Date32") return timeOf(pool).slice(0, 10);
  if (name === "DateTime" || name === "DateTime64" || name === "DateTime32") return timeOf(pool);
  if (name === "UUID") return `00000000-0000-4000-8000-00000000000${below(random, 5)}`;
  if (name === "IPv4") return `10.0.0.${below(random, 5)}`;
  return name === "IPv6" ? `2001:db8::${below(random, 5)}` : undefined;
}

/** Mostly a literal of the queries, so that their conditions hold. */
function given(pool: Pool, fits: (text: string) => boolean): string | undefined {
  const fitting = pool.literals.filter(fits);
  return fitting.length > 0 && pool.random() < 0.8 ? oneOf(pool.random, fitting) : undefined;
}

function isNumber(text: string): boolean {
  return /^-?\d+(?:\.\d+)?$/.test(text);
}

function wholeNumber({ bits, signed }: { readonly bits: number; readonly signed: boolean }, pool: Pool): string {
  const limit = 2n ** BigInt(signed ? bits - 1 : bits);
  const least = signed ? -limit : 0n;
  const fitting = given(pool, (text) => /^-?\d+$/.test(text) && BigInt(text) >= least && BigInt(text) < limit);
  if (fitting !== undefined) return fitting;
  // Rarely at the end of the range: sums overflow there, on both sides alike.
  if (pool.random() < 0.02) return String(limit - 1n);
  return String(below(pool.random, 10) - (signed ? 3 : 0));
}

function decimal(args: readonly string[], { random }: Pool): string {
  const [precision, scale] = args.length > 1 ? args.map(Number) : [9, Number(args[0] ?? 0)];
  const digits = Math.min(scale ?? 0, 2);
  const whole = (precision ?? 9) - (scale ?? 0) > 1 ? below(random, 10) : 0;
  return digits === 0 ? String(whole) : `${whole}.${String(below(random, 100)).padStart(2, "0").slice(0, digits)}`;
}

function timeOf({ moment, random }: Pool): string {
  const at = moment + Math.floor((random() * 2 - 1) * SPREAD);
  // Often the same second: two rows at the same time are what argMax and the like trip over.
  const rounded = random() < 0.3 ? Math.floor(at / 3_600_000) * 3_600_000 : Math.floor(at / 1000) * 1000;
  return new Date(rounded).toISOString().slice(0, 19).replace("T", " ");
}

function list(pool: Pool, element: () => unknown): unknown[] | undefined {
  const made = Array.from({ length: below(pool.random, 4) }, element);
  return made.includes(undefined) ? undefined : made;
}

function mapOf(pool: Pool, keyType: string, valueType: string): object | undefined {
  const pairs: [string, unknown][] = [];
  for (let count = below(pool.random, 4); count > 0; count--) {
    const [key, value] = [randomValue(keyType, pool), randomValue(valueType, pool)];
    if (key === undefined || value === undefined) return undefined;
    pairs.push([String(key), value]);
  }
  return Object.fromEntries(pairs);
}

/** Elements with names as an object, others as a list. */
function tupleOf(elements: readonly string[], pool: Pool): unknown {
  const named = elements.map((element) => /^([A-Za-z_]\w*|`[^`]+`) (.+)$/s.exec(element));
  const values = elements.map((element, index) => randomValue(named[index]?.[2] ?? element, pool));
  if (values.includes(undefined)) return undefined;
  if (named.some((one) => one === null)) return values;
  return Object.fromEntries(named.map((one, index) => [(one?.[1] ?? "").replaceAll("`", ""), values[index]]));
}
