import { quoteIdentifier, unquoteIdentifier } from "../../sql/identifiers";
import { SQL_KINDS } from "../../sql/kinds";
import type { Scope } from "../../sql/kinds/kind";
import { lex, type Token } from "../../sql/lexer";
import type { ObjectKind } from "../../sql/spec";
import type { Range } from "./file-finding";

/** A piece of a statement that is replaced before it is tried. */
export interface Edit extends Range {
  readonly text: string;
}

/** What a CREATE statement creates, however it is written. */
export interface Head {
  readonly kind: ObjectKind;
  /** Empty for databases and functions. */
  readonly database: string;
  readonly name: string;
  /** Where the name is, with its database. */
  readonly at: Range;
  /** `OR REPLACE`, or `REPLACE TABLE`. */
  readonly replaces: boolean;
  /** The statement as a plain CREATE with qualified names of what it creates and where it writes. */
  readonly plain: string;
}

const KINDS: readonly (readonly [words: readonly string[], kind: Head["kind"]])[] = [
  [["DATABASE"], "database"],
  [["TABLE"], "table"],
  [["MATERIALIZED", "VIEW"], "materializedView"],
  [["VIEW"], "view"],
  [["DICTIONARY"], "dictionary"],
  [["FUNCTION"], "sqlFunction"],
];

/** Where a name of the kind has to be unique. */
export function scopeOf(kind: Head["kind"]): Scope {
  return SQL_KINDS[kind].scope;
}

/**
 * Reads a CREATE statement's head as people write it for servers, with `OR REPLACE`, `ON CLUSTER`, `TEMPORARY`, `ATTACH` and names
 * without a database, none of which a declaration has.
 *
 * @returns undefined for a statement that creates no schema object.
 */
export function readHead(sql: string, database: string): Head | undefined {
  const reader = new Reader(lex(sql).filter(({ kind }) => kind !== "comment"));
  const verb = reader.take("CREATE") ?? reader.take("ATTACH") ?? reader.take("REPLACE");
  if (verb === undefined) return undefined;
  const edits: Edit[] = [];
  const cut = (from: Token | undefined, to: Token | undefined): void => {
    if (from && to) edits.push({ start: from.start, end: to.end, text: "" });
  };
  if (verb.text.toUpperCase() !== "CREATE") edits.push({ ...verb, text: "CREATE" });
  const or = reader.take("OR");
  cut(or, or && reader.take("REPLACE"));
  const temporary = reader.take("TEMPORARY");
  cut(temporary, temporary);
  const kind = KINDS.find(([words]) => reader.takeAll(words))?.[1];
  if (kind === undefined) return undefined;
  reader.takeAll(["IF", "NOT", "EXISTS"]);
  const name = reader.takeName();
  if (name === undefined || (verb.text.toUpperCase() === "ATTACH" && reader.isAtEnd())) return undefined;
  const isOwned = scopeOf(kind) === "database";
  if (isOwned && name.database === undefined) edits.push(prefix(name.start, database));
  reader.skipUuid();
  const [on, , cluster] = reader.takeCluster();
  cut(on, cluster);
  if (kind === "materializedView") {
    const target = reader.targetOfTo();
    if (target !== undefined && target.database === undefined) edits.push(prefix(target.start, database));
  }
  return {
    kind,
    database: isOwned ? (name.database ?? database) : "",
    name: name.name,
    at: { start: name.start, end: name.end },
    replaces: or !== undefined || verb.text.toUpperCase() === "REPLACE",
    plain: edited(sql, edits),
  };
}

/** A string with pieces replaced; ranges do not overlap. */
export function edited(text: string, edits: readonly Edit[]): string {
  return [...edits]
    .sort((a, b) => b.start - a.start)
    .reduce((now, edit) => `${now.slice(0, edit.start)}${edit.text}${now.slice(edit.end)}`, text);
}

/** The name that an `ALTER TABLE`, `DROP TABLE` or the like is about, with the statement without `ON CLUSTER`. */
export function readTarget(
  sql: string,
  database: string,
): { database: string; name: string; rest: string; plain: string } | undefined {
  const reader = new Reader(lex(sql).filter(({ kind }) => kind !== "comment"));
  reader.skip();
  if (
    reader.take("DICTIONARY") === undefined &&
    reader.take("VIEW") === undefined &&
    reader.take("TABLE") === undefined
  )
    return undefined;
  reader.takeAll(["IF", "EXISTS"]);
  const name = reader.takeName();
  if (name === undefined) return undefined;
  const [on, , cluster] = reader.takeCluster();
  const edits: Edit[] = name.database === undefined ? [prefix(name.start, database)] : [];
  if (on && cluster) edits.push({ start: on.start, end: cluster.end, text: "" });
  const rest = sql.slice(cluster?.end ?? name.end).trim();
  return { database: name.database ?? database, name: name.name, rest, plain: edited(sql, edits) };
}

interface Name extends Range {
  readonly database?: string;
  readonly name: string;
}

function prefix(start: number, database: string): Edit {
  return { start, end: start, text: `${quoteIdentifier(database)}.` };
}

/** Walks over the tokens of a head. */
class Reader {
  private readonly tokens: readonly Token[];
  private position = 0;

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
  }

  isAtEnd(): boolean {
    return this.position >= this.tokens.length;
  }

  skip(): void {
    this.position++;
  }

  take(word: string): Token | undefined {
    const token = this.tokens[this.position];
    if (token?.kind !== "word" || token.text.toUpperCase() !== word) return undefined;
    this.position++;
    return token;
  }

  takeAll(words: readonly string[]): boolean {
    const start = this.position;
    if (words.every((word) => this.take(word))) return true;
    this.position = start;
    return false;
  }

  takeName(): Name | undefined {
    const [first, dot, second] = this.tokens.slice(this.position, this.position + 3);
    if (first === undefined || !isName(first)) return undefined;
    if (dot?.text !== "." || second === undefined || !isName(second)) {
      this.position += 1;
      return { start: first.start, end: first.end, name: unquoteIdentifier(first.text) };
    }
    this.position += 3;
    const [database, name] = [first, second].map(({ text }) => unquoteIdentifier(text));
    return { start: first.start, end: second.end, database: database ?? "", name: name ?? "" };
  }

  skipUuid(): void {
    if (this.take("UUID")) this.position++;
  }

  takeCluster(): Token[] {
    const found = this.tokens.slice(this.position, this.position + 3);
    if (!this.takeAll(["ON", "CLUSTER"])) return [];
    this.position++;
    return found;
  }

  /** The name after `TO`, which precedes the storage and the query. */
  targetOfTo(): Name | undefined {
    for (; !this.isAtEnd(); this.position++) {
      const word = this.tokens[this.position]?.text.toUpperCase() ?? "";
      if (["AS", "ENGINE", "(", "POPULATE"].includes(word)) return undefined;
      if (word !== "TO") continue;
      this.position++;
      return this.take("INNER") ? undefined : this.takeName();
    }
    return undefined;
  }
}

function isName({ kind }: Token): boolean {
  return kind === "word" || kind === "quoted";
}
