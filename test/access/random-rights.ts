/** Random lists of GRANT and REVOKE, and what they come to, point by point, without the code under test. */
import fc from "fast-check";
import { type Lattice, latticeOf, type PrivilegeRow } from "../../provider/src/sql/rights/lattice";
import type { Rule, Value, Verb } from "../../provider/src/sql/rights/points";
import type { Region } from "../../provider/src/sql/rights/region";

const row = (privilege: string, level: string | null, parent: string | null, ...aliases: string[]): PrivilegeRow => ({
  privilege,
  aliases,
  level,
  parent_group: parent,
});

/** Some of the privileges of 25.8, with groups in groups and one of each level. */
export const SOME: readonly PrivilegeRow[] = [
  row("ALL", null, null, "ALL PRIVILEGES"),
  row("SHOW", null, "ALL"),
  row("SHOW DATABASES", "DATABASE", "SHOW"),
  row("SHOW TABLES", "TABLE", "SHOW"),
  row("SHOW COLUMNS", "COLUMN", "SHOW"),
  row("SELECT", "COLUMN", "ALL"),
  row("INSERT", "COLUMN", "ALL"),
  row("ALTER", null, "ALL"),
  row("ALTER TABLE", null, "ALTER"),
  row("ALTER UPDATE", "COLUMN", "ALTER TABLE", "UPDATE"),
  row("ALTER DELETE", "TABLE", "ALTER TABLE", "DELETE"),
  row("ALTER COLUMN", null, "ALTER TABLE"),
  row("ALTER ADD COLUMN", "COLUMN", "ALTER COLUMN", "ADD COLUMN"),
  row("ALTER DROP COLUMN", "COLUMN", "ALTER COLUMN", "DROP COLUMN"),
  row("ALTER VIEW", null, "ALTER"),
  row("ALTER VIEW MODIFY QUERY", "VIEW", "ALTER VIEW"),
  row("CREATE DATABASE", "DATABASE", "ALL"),
  row("CREATE FUNCTION", "GLOBAL", "ALL"),
  row("dictGet", "DICTIONARY", "ALL", "dictHas"),
  row("ACCESS MANAGEMENT", null, "ALL"),
  row("CREATE USER", "USER_NAME", "ACCESS MANAGEMENT"),
  row("ALTER USER", "USER_NAME", "ACCESS MANAGEMENT"),
  row("NAMED COLLECTION", "NAMED_COLLECTION", "ALL"),
];

export const lattice: Lattice = latticeOf(SOME);

const DATABASES = ["db", "db1", "other"];
const PREFIXES = ["d", "db", "db1"];
const TABLES = ["t", "t1"];
const TABLE_PREFIXES = ["t", "t1"];
const COLUMNS = ["a", "b"];
const OBJECTS = ["foo", "foo1"];

const part = (text: string, open = false) => ({ text, open });
const names = (...parts: { text: string; open: boolean }[]): Region => ({ parts, isObject: false });

/** Any region that a statement can name. */
export const regions: fc.Arbitrary<Region> = fc.oneof(
  fc.constant(names()),
  fc.constantFrom(...DATABASES).map((db) => names(part(db))),
  fc.constantFrom(...PREFIXES).map((db) => names(part(db, true))),
  fc.tuple(fc.constantFrom(...DATABASES), fc.constantFrom(...TABLES)).map(([db, t]) => names(part(db), part(t))),
  fc
    .tuple(fc.constantFrom(...DATABASES), fc.constantFrom(...TABLE_PREFIXES))
    .map(([db, t]) => names(part(db), part(t, true))),
  fc
    .tuple(fc.constantFrom(...DATABASES), fc.constantFrom(...TABLES), fc.constantFrom(...COLUMNS))
    .map(([db, t, c]) => names(part(db), part(t), part(c))),
  fc.constantFrom(...OBJECTS).map((text): Region => ({ parts: [part(text)], isObject: true })),
);

const verbs: fc.Arbitrary<Verb> = fc.constantFrom(
  "grant",
  "grant",
  "grant",
  "grant-with-option",
  "revoke-option",
  "revoke",
);

/** Any rule: privileges that do not reach its region are among them, as in GRANT ALL ON a database. */
export const rules: fc.Arbitrary<Rule> = fc
  .tuple(verbs, fc.constantFrom(...lattice.names), regions)
  .map(([verb, name, region]) => ({ verb, leaves: new Set(lattice.leavesOf(name)), region }));

export const lists: fc.Arbitrary<Rule[]> = fc.array(rules, { maxLength: 6 });

/** A privilege on one thing: as many names as it has levels, or an object. */
export interface Point {
  readonly leaf: string;
  readonly names: readonly string[];
}

const NAMES = ["d", "db", "db1", "db12", "dx", "other", "new"];
const TABLE_NAMES = ["t", "t1", "t12", "u"];
const COLUMN_NAMES = ["a", "b", "c"];
const OBJECT_NAMES = ["foo", "foo1", "bar"];

/** Every point that could be told from another: all names that are mentioned, one under each prefix, one that nobody mentions. */
export const POINTS: readonly Point[] = lattice.names.flatMap((leaf) => {
  if (lattice.childrenOf(leaf).length > 0) return [];
  const { on, depth } = lattice.reachOf(leaf);
  if (on === "object") return OBJECT_NAMES.map((name) => ({ leaf, names: [name] }));
  const levels = [NAMES, TABLE_NAMES, COLUMN_NAMES].slice(0, depth);
  const combine = (lists: readonly (readonly string[])[]): string[][] =>
    lists.reduce<string[][]>((found, list) => found.flatMap((one) => list.map((name) => [...one, name])), [[]]);
  return combine(levels).map((found) => ({ leaf, names: found }));
});

/** What rules come to at each point, one after the other, as a server does it. */
export function valuesOf(list: readonly Rule[]): Value[] {
  return POINTS.map((point) =>
    list.reduce<Value>((value, rule) => (covers(rule, point) ? then(rule.verb, value) : value), 0),
  );
}

function then(verb: Verb, value: Value): Value {
  switch (verb) {
    case "grant":
      return value === 0 ? 1 : value;
    case "grant-with-option":
      return 2;
    case "revoke-option":
      return value === 2 ? 1 : value;
    case "revoke":
      return 0;
  }
}

function covers({ leaves, region }: Rule, { leaf, names: own }: Point): boolean {
  if (!leaves.has(leaf)) return false;
  if (region.parts.length === 0) return true;
  if (region.isObject !== (lattice.reachOf(leaf).on === "object")) return false;
  // What is granted on less than its level is not granted at all.
  if (region.parts.length > own.length) return false;
  return region.parts.every(({ text, open }, index) => (open ? own[index]?.startsWith(text) : own[index] === text));
}
