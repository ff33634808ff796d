/** A row of `system.privileges`. */
export interface PrivilegeRow {
  readonly privilege: string;
  readonly aliases: readonly string[];
  /** Null for a group. */
  readonly level: string | null;
  readonly parent_group: string | null;
}

/** The privileges of one server: which there are, what is in which, and on what each can be granted. */
export interface Lattice {
  /** The privilege of a name or an alias in any case; undefined if the server has none. */
  readonly named: (text: string) => string | undefined;
  /** Every name, without aliases. */
  readonly names: readonly string[];
  /** The single privileges in one; a single one is in itself. */
  readonly leavesOf: (privilege: string) => readonly string[];
  readonly childrenOf: (privilege: string) => readonly string[];
  /** The source that a name of before READ and WRITE means, where the server has these; `SOURCES` means all. */
  readonly sourceOf: (text: string) => string | undefined;
  readonly reachOf: (leaf: string) => Reach;
  /** What is in a right that is a group as well (NAMED COLLECTION ADMIN), without itself; nothing for any other. */
  readonly partsOf: (leaf: string) => readonly string[];
  /** The right that is a group as well and has this one in it. */
  readonly wholeOf: (leaf: string) => string | undefined;
}

/** How narrowly a privilege can be granted: on `names` of databases, tables and columns, or on one `object` (a user, an engine). */
export interface Reach {
  readonly on: "names" | "object";
  /** Number of names: 0 for `*.*` only, 1 for a database, 2 for a table, 3 for a column. For objects 1. */
  readonly depth: number;
  /** As in `system.privileges`. */
  readonly level: string;
}

const DEPTHS: Readonly<Record<string, number>> = {
  GLOBAL: 0,
  DATABASE: 1,
  TABLE: 2,
  VIEW: 2,
  DICTIONARY: 2,
  COLUMN: 3,
};

/** Names of single sources before READ and WRITE: servers that have both take them for both, list them, and forget that they did. */
const SOURCES: ReadonlySet<string> = new Set([
  ...[
    "FILE",
    "URL",
    "REMOTE",
    "MONGO",
    "REDIS",
    "MYSQL",
    "POSTGRES",
    "SQLITE",
    "ODBC",
    "JDBC",
    "HDFS",
    "S3",
    "HIVE",
    "AZURE",
  ],
  ...["KAFKA", "NATS", "RABBITMQ", "YTSAURUS", "ARROW_FLIGHT", "SOURCES"],
]);

/** Reads the rows of `system.privileges`. */
export function latticeOf(all: readonly PrivilegeRow[]): Lattice {
  const splits = all.some(({ level }) => level === "SOURCE");
  const rows = splits ? all.filter(({ privilege }) => !SOURCES.has(privilege)) : all;
  const children = new Map<string, string[]>();
  const reaches = new Map<string, Reach>();
  const named = new Map<string, string>();
  for (const { privilege, aliases, level, parent_group: parent } of rows) {
    if (parent !== null) children.set(parent, [...(children.get(parent) ?? []), privilege]);
    if (level !== null) reaches.set(privilege, reachOfLevel(level));
    for (const alias of aliases) named.set(normalName(alias), privilege);
  }
  for (const { privilege } of rows) named.set(normalName(privilege), privilege);
  const childrenOf = (name: string): readonly string[] => children.get(name) ?? [];
  const leavesOf = memoized((name: string): readonly string[] => [
    ...(reaches.has(name) ? [name] : []),
    ...childrenOf(name).flatMap((child) => leavesOf(child)),
  ]);
  const wholes = rows
    .map(({ privilege }) => privilege)
    .filter((name) => reaches.has(name) && childrenOf(name).length > 0);
  const partsOf = memoized((name: string): readonly string[] =>
    wholes.includes(name) ? leavesOf(name).filter((leaf) => leaf !== name) : [],
  );
  return {
    partsOf,
    wholeOf: memoized((leaf) => wholes.find((whole) => partsOf(whole).includes(leaf))),
    names: rows.map(({ privilege }) => privilege),
    named: (text) => named.get(normalName(text)),
    leavesOf,
    childrenOf,
    sourceOf: (text) => (splits && SOURCES.has(normalName(text)) ? normalName(text) : undefined),
    reachOf: (leaf) => reaches.get(leaf) ?? reachOfLevel("GLOBAL"),
  };
}

function reachOfLevel(level: string): Reach {
  const depth = DEPTHS[level];
  return depth === undefined ? { on: "object", depth: 1, level } : { on: "names", depth, level };
}

function normalName(text: string): string {
  return text.trim().replace(/\s+/g, " ").toUpperCase();
}

function memoized<Result>(compute: (name: string) => Result): (name: string) => Result {
  const known = new Map<string, Result>();
  return (name) => {
    const found = known.get(name);
    if (found !== undefined) return found;
    const made = compute(name);
    known.set(name, made);
    return made;
  };
}
