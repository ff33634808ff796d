/** Numbers that look random and follow from the row's number alone, so rows can be made in any order and in any pieces. */
export interface Random {
  /** A whole number from 0 to 2^32 - 1. */
  hash(index: number, salt: number): number;
  /** A fraction from 0 to below 1. */
  fraction(index: number, salt: number): number;
  /** Whether it is one of `odds`. */
  oneIn(odds: number, index: number, salt: number): boolean;
  pick<T>(values: readonly T[], index: number, salt: number): T;
}

/** The same seed gives the same numbers, on any machine. */
export function createRandom(seed: number): Random {
  const start = mix(seed >>> 0);
  const hash = (index: number, salt: number): number =>
    mix(mix((index >>> 0) ^ start) ^ Math.imul(salt + 1, 0x9e3779b1) ^ Math.floor(index / 2 ** 32));
  return {
    hash,
    fraction: (index, salt) => hash(index, salt) / 2 ** 32,
    oneIn: (odds, index, salt) => hash(index, salt) % odds === 0,
    pick: (values, index, salt) => values[hash(index, salt) % values.length] as (typeof values)[number],
  };
}

/** The last step of MurmurHash3: every bit of the input changes half of the output's. */
function mix(value: number): number {
  let mixed = value;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** 16 hexadecimal digits that represent a string; different strings have different ones. */
export function hashText(text: string): string {
  let [high, low] = [0x811c9dc5, 0x1b873593];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    high = Math.imul(high ^ code, 0x01000193);
    low = Math.imul(low ^ code, 0x5bd1e995) ^ (low >>> 15);
  }
  return hex(mix(high)) + hex(mix(low));
}

/** Eight hexadecimal digits. */
export function hex(value: number): string {
  return (value >>> 0).toString(16).padStart(8, "0");
}
