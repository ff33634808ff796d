import { quoteIdentifier } from "../identifiers";
import type { Reach } from "./lattice";

/** A name, or with `open` every name that begins so. */
export interface Part {
  readonly text: string;
  readonly open: boolean;
}

/**
 * What a grant is about: as many names as are given, or one object (a user, an engine, a collection). Only the last part is open, so of two
 * regions one holds the other, or they have nothing in common.
 */
export interface Region {
  readonly parts: readonly Part[];
  /** Whether its part names an object; without parts it is everything of both kinds. */
  readonly isObject: boolean;
}

/** `*.*`. */
export const EVERYTHING: Region = { parts: [], isObject: false };

/** Identity of a region, for maps. */
export function regionKey({ parts, isObject }: Region): string {
  if (parts.length === 0) return "";
  return `${isObject ? "object" : "names"}\0${parts.map(({ text, open }) => `${text}${open ? "\u0001*" : ""}`).join("\0")}`;
}

/** Whether everything in `inner` is in `outer`. */
export function holds(outer: Region, inner: Region): boolean {
  if (outer.parts.length === 0) return true;
  if (outer.isObject !== inner.isObject) return false;
  return outer.parts.every((wide, index) => {
    const part = inner.parts[index];
    if (part === undefined) return false;
    return wide.open ? part.text.startsWith(wide.text) : !part.open && part.text === wide.text;
  });
}

/** Whether a privilege can be granted there. */
export function reaches({ on, depth }: Reach, { parts, isObject }: Region): boolean {
  if (parts.length === 0) return true;
  return isObject ? on === "object" : on === "names" && parts.length <= depth;
}

/** Wider regions before those in them, and names in order. */
export function byRegion(a: Region, b: Region): number {
  if (a.isObject !== b.isObject) return Number(a.isObject) - Number(b.isObject);
  for (let index = 0; ; index++) {
    const [one, other] = [a.parts[index], b.parts[index]];
    if (one === undefined || other === undefined) return Number(one !== undefined) - Number(other !== undefined);
    if (one.text !== other.text) return one.text < other.text ? -1 : 1;
    if (one.open !== other.open) return one.open ? -1 : 1;
  }
}

/** What follows ON: `*.*`, `shop.*`, `shop*.*`, `shop.orders`; for an object its name. Columns are named with the privilege. */
export function targetOf({ parts, isObject }: Region): string {
  const [first, second] = parts.map(({ text, open }) => `${quoteIdentifier(text)}${open ? "*" : ""}`);
  if (first === undefined) return isObject ? "*" : "*.*";
  if (isObject) return first;
  return `${first}.${second ?? "*"}`;
}

/** The table of a region of columns; any other region as it is. */
export function tableRegion(region: Region): Region {
  return region.isObject || region.parts.length < 3 ? region : { ...region, parts: region.parts.slice(0, 2) };
}

/** The column of a region; undefined unless it is one. */
export function columnOf({ parts, isObject }: Region): string | undefined {
  return isObject ? undefined : parts[2]?.text;
}
