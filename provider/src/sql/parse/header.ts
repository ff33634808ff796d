import { atWords, type Cursor, fail, peek, takeName, takeOperator, takeString, takeWords } from "../cursor";
import { OBJECT_KINDS, SQL_KINDS } from "../kinds";
import type { ObjectKind } from "../spec";

/** What the head of a CREATE statement says. */
export interface Header {
  readonly kind: ObjectKind;
  /** Absent for a database, and for an unqualified name. */
  readonly database?: string;
  readonly name: string;
}

/** The kinds as written, for messages. */
function expected(): string {
  const heads = OBJECT_KINDS.map((kind) => `CREATE ${SQL_KINDS[kind].words.join(" ")}`);
  return `${heads.slice(0, -1).join(", ")} or ${heads.at(-1)}`;
}

/** What may be found instead of a kind, and what to do about it. */
const REFUSALS: readonly (readonly [words: readonly string[], advice: string])[] = [
  [["OR", "REPLACE"], "remove it: a change is found by comparing, and no object is replaced with its rows"],
  [["TEMPORARY"], "a temporary table ends with its session: declare an ordinary table"],
  [["LIVE", "VIEW"], "live views are gone from ClickHouse: declare a VIEW, or a MATERIALIZED VIEW with REFRESH"],
  [["WINDOW", "VIEW"], "window views are not managed: declare a MATERIALIZED VIEW with REFRESH"],
  [["WORKLOAD"], "workloads are not managed: create it outside of this package"],
  [["RESOURCE"], "workload resources are not managed: create it outside of this package"],
  [["POLICY"], "write CREATE ROW POLICY"],
  [["PROFILE"], "write CREATE SETTINGS PROFILE"],
  [["INDEX"], "put the index into the CREATE TABLE"],
];

/** Takes the head of a statement, up to and including the name. */
export function takeHeader(cursor: Cursor): Header {
  takeCreate(cursor);
  const kind = takeKind(cursor);
  takeWords(cursor, "IF", "NOT", "EXISTS");
  const { words, scope, takeName: takeWhole } = SQL_KINDS[kind];
  const first = takeName(cursor, `name of the ${scope === "database" ? "object" : words.join(" ").toLowerCase()}`);
  const isQualified = scope === "database" && takeOperator(cursor, ".");
  const name = isQualified ? takeName(cursor, "name behind the database") : first;
  if (takeWhole !== undefined) return { kind, name: takeWhole(cursor, first) };
  if (peek(cursor)?.text === ".") {
    const form = scope === "database" ? "database.name (a name that holds a dot goes in backticks)" : "the name alone";
    throw fail(cursor, `Found one more "." in the name: expected ${form}`);
  }
  // The server gives each object its own UUID; a declaration with a fixed one could never be applied twice.
  if (takeWords(cursor, "UUID")) takeString(cursor, "UUID");
  if (atWords(cursor, "ON", "CLUSTER")) {
    throw fail(
      cursor,
      "Found ON CLUSTER: remove it from the declaration; where an object is created is up to the connection",
    );
  }
  return isQualified ? { kind, database: first, name } : { kind, name };
}

function takeCreate(cursor: Cursor): void {
  if (takeWords(cursor, "CREATE")) return;
  const token = peek(cursor);
  if (token === undefined) throw fail(cursor, `Found no statement: expected ${expected()}`);
  if (atWords(cursor, "ATTACH")) {
    throw fail(cursor, "Found ATTACH: write CREATE; a declaration says what should exist, not where its files are");
  }
  if (atWords(cursor, "REPLACE")) {
    throw fail(cursor, "Found REPLACE: write CREATE; no object is replaced with its rows");
  }
  throw fail(cursor, `Found ${token.text}: expected ${expected()}`);
}

function takeKind(cursor: Cursor): ObjectKind {
  for (const kind of OBJECT_KINDS) if (takeWords(cursor, ...SQL_KINDS[kind].words)) return kind;
  for (const [words, advice] of REFUSALS) {
    if (atWords(cursor, ...words)) throw fail(cursor, `Found CREATE ${words.join(" ")}: ${advice}`);
  }
  throw fail(cursor, `Found CREATE ${peek(cursor)?.text ?? "and nothing else"}: expected ${expected()}`);
}
