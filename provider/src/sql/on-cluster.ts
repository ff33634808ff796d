import { backtick, quoteString, unquoteIdentifier } from "./identifiers";
import { lex, type Token } from "./lexer";

/** What a statement gets before a whole cluster runs it. */
export interface ClusterForm {
  /** Name of the cluster; undefined: no ON CLUSTER, as in a Replicated database. */
  readonly cluster: string | undefined;
  /** For a CREATE of something that has one, so that each host and each repetition creates the same object. */
  readonly uuid?: string;
}

interface Edit {
  readonly at: number;
  readonly text: string;
}

/** Kinds whose CREATE takes a UUID. */
const WITH_UUID: ReadonlySet<string> = new Set(["TABLE", "VIEW", "DICTIONARY"]);
/** Commands of ALTER TABLE that fail when they are repeated, and what makes them harmless. */
const REPEATABLE: Readonly<Record<string, string>> = { ADD: "IF NOT EXISTS", DROP: "IF EXISTS", RENAME: "IF EXISTS" };
/** What these commands are about. */
const ELEMENTS: ReadonlySet<string> = new Set(["COLUMN", "INDEX", "PROJECTION", "CONSTRAINT", "STATISTICS"]);
/** Statements about one named object, with the clause after its name. */
const NAMED: ReadonlySet<string> = new Set([
  "CREATE",
  "ALTER",
  "DROP",
  "DETACH",
  "ATTACH",
  "TRUNCATE",
  "OPTIMIZE",
  "UNDROP",
]);

/** What a statement is about. */
export interface Subject {
  /** In upper case, e.g. `CREATE`. */
  readonly verb: string;
  /** The object's database; undefined for a statement about databases, functions, or what this package does not send. */
  readonly database: string | undefined;
  /** The object's name; undefined where its database is. */
  readonly name?: string;
}

/** The first object that a statement names. */
export function subjectOf(sql: string): Subject {
  const reader = new Reader(
    sql,
    lex(sql).filter(({ kind }) => kind !== "comment"),
  );
  const verb = reader.word();
  reader.next();
  reader.takeAll("OR", "REPLACE");
  const isTable = reader.takeAll("TABLES") || WITH_UUID.has(reader.takeKind() ?? "");
  if (!isTable) return { verb, database: undefined };
  if (!reader.takeAll("IF", "NOT", "EXISTS")) reader.takeAll("IF", "EXISTS");
  const name = reader.takeName();
  return name?.database === undefined
    ? { verb, database: undefined }
    : { verb, database: name.database, name: name.name };
}

/**
 * The statement for all hosts of a cluster: with ON CLUSTER where its verb wants it, and harmless when a host runs it twice, as the queue
 * of ON CLUSTER may do. What it already has is not added again.
 *
 * @param sql DDL, as plans and protocols write it.
 * @returns undefined for a statement that is none of the objects of a plan: it has no place in the queue.
 */
export function onCluster(sql: string, form: ClusterForm): string | undefined {
  const tokens = lex(sql).filter(({ kind }) => kind !== "comment");
  const reader = new Reader(sql, tokens);
  const verb = reader.word();
  if (verb === "RENAME" || verb === "EXCHANGE") return atEnd(sql, tokens, form);
  if (!NAMED.has(verb)) return undefined;
  reader.next();
  const edits: Edit[] = [];
  const replaces = reader.takeAll("OR", "REPLACE");
  const kind = reader.takeKind();
  if (kind === undefined) return undefined;
  const guard = verb === "CREATE" ? "IF NOT EXISTS" : verb === "DROP" ? "IF EXISTS" : undefined;
  const guarded = reader.takeAll("IF", "NOT", "EXISTS") || reader.takeAll("IF", "EXISTS");
  if (guard !== undefined && !guarded && !replaces) edits.push({ at: reader.start, text: `${guard} ` });
  if (reader.takeName() === undefined) return undefined;
  const hasUuid = reader.takeAll("UUID") && reader.next() !== undefined;
  const { uuid } = form;
  if (verb === "CREATE" && uuid !== undefined && !hasUuid && !replaces && WITH_UUID.has(kind))
    edits.push({ at: reader.before, text: ` UUID ${quoteString(uuid)}` });
  if (!reader.takeAll("ON", "CLUSTER")) edits.push(...clauseAt(reader.before, form));
  else reader.next();
  if (verb === "ALTER" && kind === "TABLE") edits.push(...repeatable(reader));
  return edited(sql, edits);
}

/** The statement for one server: without the ON CLUSTER behind the name of what it is about. */
export function withoutCluster(sql: string): string {
  const tokens = lex(sql).filter(({ kind }) => kind !== "comment");
  const reader = new Reader(sql, tokens);
  const verb = reader.word();
  if (verb === "RENAME" || verb === "EXCHANGE") {
    const at = tokens.findIndex(({ text }, index) => isWord(text, "ON") && isWord(tokens[index + 1]?.text, "CLUSTER"));
    return at < 0 ? sql : cut(sql, tokens[at - 1]?.end ?? 0, tokens[at + 2]?.end ?? sql.length);
  }
  if (!NAMED.has(verb)) return sql;
  reader.next();
  reader.takeAll("OR", "REPLACE");
  if (reader.takeKind() === undefined) return sql;
  if (!reader.takeAll("IF", "NOT", "EXISTS")) reader.takeAll("IF", "EXISTS");
  if (reader.takeName() === undefined) return sql;
  if (reader.takeAll("UUID")) reader.next();
  const from = reader.before;
  if (!reader.takeAll("ON", "CLUSTER")) return sql;
  reader.next();
  return cut(sql, from, reader.before);
}

function cut(sql: string, from: number, to: number): string {
  return sql.slice(0, from) + sql.slice(to);
}

function atEnd(sql: string, tokens: readonly Token[], form: ClusterForm): string {
  const has = tokens.some(({ text }, at) => isWord(text, "ON") && isWord(tokens[at + 1]?.text, "CLUSTER"));
  return has ? sql : edited(sql, clauseAt(tokens.at(-1)?.end ?? sql.length, form));
}

function clauseAt(at: number, { cluster }: ClusterForm): Edit[] {
  return cluster === undefined ? [] : [{ at, text: ` ON CLUSTER ${backtick(cluster)}` }];
}

/** The rest is the commands of an ALTER TABLE. */
function repeatable(reader: Reader): Edit[] {
  const edits: Edit[] = [];
  for (let begins = true; !reader.isAtEnd(); ) {
    // Each command may be in parentheses.
    if (begins && reader.peek()?.kind === "open") reader.next();
    if (begins && reader.takeAll("MODIFY", "QUERY")) return edits;
    const guard = begins ? REPEATABLE[reader.word()] : undefined;
    if (guard !== undefined && ELEMENTS.has(reader.word(1))) {
      reader.next();
      reader.next();
      if (reader.word() !== "IF") edits.push({ at: reader.start, text: `${guard} ` });
    }
    begins = reader.skipToken();
  }
  return edits;
}

/** Walks over the tokens of a statement. */
class Reader {
  private position = 0;
  private depth = 0;
  private readonly sql: string;
  private readonly tokens: readonly Token[];

  constructor(sql: string, tokens: readonly Token[]) {
    this.sql = sql;
    this.tokens = tokens;
  }

  isAtEnd(): boolean {
    return this.position >= this.tokens.length;
  }

  peek(): Token | undefined {
    return this.tokens[this.position];
  }

  /** The bare word some tokens ahead, in upper case; empty if something else is there. */
  word(ahead = 0): string {
    const token = this.tokens[this.position + ahead];
    return token?.kind === "word" ? token.text.toUpperCase() : "";
  }

  next(): Token | undefined {
    const token = this.tokens[this.position++];
    if (token?.kind === "open") this.depth += 1;
    if (token?.kind === "close") this.depth -= 1;
    return token;
  }

  /** Offset where the next token begins. */
  get start(): number {
    return this.peek()?.start ?? this.sql.length;
  }

  /** Offset after the last token that was read. */
  get before(): number {
    return this.tokens[this.position - 1]?.end ?? 0;
  }

  takeAll(...words: readonly string[]): boolean {
    const at = (ahead: number): string | undefined => this.tokens[this.position + ahead]?.text.toUpperCase();
    if (!words.every((word, ahead) => at(ahead) === word)) return false;
    this.position += words.length;
    return true;
  }

  /** `VIEW` for a materialized one, too. Only OPTIMIZE, TRUNCATE and the like may leave it out, and plans never do. */
  takeKind(): string | undefined {
    this.takeAll("MATERIALIZED");
    const kind = this.word();
    if (!WITH_UUID.has(kind) && kind !== "DATABASE" && kind !== "FUNCTION") return undefined;
    this.next();
    return kind;
  }

  /** A name with or without a database; undefined if there is none. */
  takeName(): { readonly database?: string; readonly name: string } | undefined {
    const [first, name] = [this.takePart(), this.takeAll(".") ? this.takePart() : undefined];
    if (first === undefined) return undefined;
    return name === undefined ? { name: first } : { database: first, name };
  }

  private takePart(): string | undefined {
    const token = this.peek();
    if (token?.kind !== "word" && token?.kind !== "quoted") return undefined;
    this.next();
    return unquoteIdentifier(token.text);
  }

  /** Skips one token. @returns whether a command begins after it: it was the comma between two. */
  skipToken(): boolean {
    return this.next()?.text === "," && this.depth === 0;
  }
}

function isWord(text: string | undefined, word: string): boolean {
  return text?.toUpperCase() === word;
}

function edited(sql: string, edits: readonly Edit[]): string {
  // From the end, so that offsets stay valid; of two at one place, the later one first.
  const last = [...edits].reverse().sort((a, b) => b.at - a.at);
  return last.reduce((text, { at, text: added }) => text.slice(0, at) + added + text.slice(at), sql);
}
