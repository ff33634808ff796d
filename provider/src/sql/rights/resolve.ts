import { didYouMean } from "../../util/near";
import type { Lattice } from "./lattice";
import type { Phrase } from "./parse";
import type { Rule, Verb } from "./points";
import { EVERYTHING, type Part, type Region, reaches, targetOf } from "./region";

/**
 * What a phrase means on a server.
 *
 * @returns the rules, one for each column; or why the server would refuse it, or do something else than it says.
 */
export function resolve(lattice: Lattice, phrase: Phrase, verb: Verb): readonly Rule[] | string {
  const name = lattice.named(phrase.privilege);
  const written = writtenAs(phrase);
  const source = lattice.sourceOf(phrase.privilege);
  if (source !== undefined) return [ofSource(source, verb)];
  if (name === undefined)
    return `${written}: the server has no privilege ${phrase.privilege}${didYouMean(phrase.privilege.toUpperCase(), lattice.names)}`;
  if (phrase.target.filter !== undefined)
    return `${written}: a source with a filter is not managed, because servers up to 25.8 store the source without it, and a restart then gives all of it. Grant it manually, or leave the filter out`;
  const leaves = lattice.leavesOf(name);
  const region = regionFor(lattice, leaves, phrase);
  if (typeof region === "string") return `${written}: ${region}`;
  const regions = columnsIn(region, phrase.columns);
  if (typeof regions === "string") return `${written}: ${regions}`;
  return regions.flatMap((one): Rule[] => {
    const own = leaves.filter((leaf) => reaches(lattice.reachOf(leaf), one));
    return own.length === 0 ? [] : [{ verb, leaves: new Set(own), region: one }];
  });
}

/** `S3 ON *.*` is READ and WRITE ON S3. */
function ofSource(source: string, verb: Verb): Rule {
  const region = source === "SOURCES" ? EVERYTHING : { parts: [{ text: source, open: false }], isObject: true };
  return { verb, leaves: new Set(["READ", "WRITE"]), region };
}

/** The region of the target, which the privilege has to reach; or what is wrong. */
function regionFor(lattice: Lattice, leaves: readonly string[], { target, columns }: Phrase): Region | string {
  const region = regionOfTarget(
    target.parts,
    leaves.every((leaf) => lattice.reachOf(leaf).on === "object"),
  );
  if (typeof region === "string") return region;
  const depth = columns.length > 0 ? { ...region, parts: [...region.parts, ANY_COLUMN] } : region;
  if (
    leaves.some((leaf) =>
      reaches(lattice.reachOf(leaf), columns.length > 0 && region.parts.length === 2 ? depth : region),
    )
  )
    return region;
  const widest = Math.max(...leaves.map((leaf) => lattice.reachOf(leaf).depth));
  const isObject = leaves.some((leaf) => lattice.reachOf(leaf).on === "object");
  return `can only be granted ${isObject ? "ON a name, or ON *.*" : (LEVELS[widest] ?? "ON *.*")}`;
}

const ANY_COLUMN: Part = { text: "column", open: false };
const LEVELS: readonly string[] = [
  "ON *.*",
  "ON database.* or ON *.*",
  "on a table, a database or ON *.*, without columns",
];

function regionOfTarget(parts: readonly Part[], isObject: boolean): Region | string {
  const [first, second] = parts as [Part, Part | undefined];
  if (second === undefined) {
    if (!isObject) return "names no database; write database.* or database.table";
    return isAny(first) ? EVERYTHING : { parts: [first], isObject: true };
  }
  if (isAny(first))
    return isAny(second) ? EVERYTHING : "a table of every database cannot be granted; write *.* or a database";
  if (isAny(second)) return { parts: [first], isObject: false };
  if (first.open) return "a table of several databases cannot be granted; write the database's whole name";
  return { parts: [first, second], isObject: false };
}

/** 24.8 shows an empty name where it means any engine. */
function isAny({ text }: Part): boolean {
  return text === "";
}

/** A column of a database is a trap: 24.8 grants all columns, or revokes all, and says nothing. */
function columnsIn(region: Region, columns: readonly string[]): readonly Region[] | string {
  if (columns.length === 0) return [region];
  if (region.isObject || region.parts.length !== 2 || region.parts[1]?.open)
    return "columns belong to one table: write database.table. (Servers up to 24.8 would grant every column, or revoke every one)";
  return columns.map((text) => ({ ...region, parts: [...region.parts, { text, open: false }] }));
}

function writtenAs({ privilege, columns, target }: Phrase): string {
  const list = columns.length === 0 ? "" : `(${columns.join(", ")})`;
  const [first, second] = target.parts;
  const text = ({ text: name, open }: Part): string =>
    name === "" ? "*" : targetOf({ parts: [{ text: name, open }], isObject: true });
  return `${privilege}${list} ON ${first === undefined ? "" : text(first)}${second === undefined ? "" : `.${text(second)}`}`;
}
