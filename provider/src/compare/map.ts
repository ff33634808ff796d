import { quoteIdentifier, quoteString, unquoteIdentifier, unquoteString } from "../sql/identifiers";
import { lex, type Token } from "../sql/lexer";
import { keyParts, objectKey } from "../sql/object-key";

/** Engines and table functions that name a database among their arguments. */
const NAMES_DATABASE = /^(?:Buffer|Distributed|Merge|remote|remoteSecure|cluster|clusterAllReplicas)$/i;

/** For each token, the name in front of the innermost parenthesis around it. */
function enclosingCalls(tokens: readonly Token[]): (string | undefined)[] {
  const open: string[] = [];
  return tokens.map(({ kind }, index) => {
    if (kind === "close") open.pop();
    const around = open.at(-1);
    if (kind === "open") open.push(tokens[index - 1]?.text ?? "");
    return around;
  });
}

/** Databases that have another name in the other place. */
export class DatabaseNames {
  private readonly after: ReadonlyMap<string, string>;
  private readonly reverse: ReadonlyMap<string, string>;
  private readonly met = new Set<string>();

  /** @param names new names by name. */
  constructor(names: ReadonlyMap<string, string> = new Map()) {
    this.after = names;
    this.reverse = new Map([...names].map(([before, after]) => [after, before]));
  }

  get isEmpty(): boolean {
    return this.after.size === 0;
  }

  key(key: string): string {
    const { database, name } = keyParts(key);
    this.met.add(database);
    return objectKey(this.after.get(database) ?? database, name);
  }

  /** What is wrong with the names, once all keys have been mapped. */
  problems(place: string): string[] {
    return [...this.after].flatMap(([before, after]) => {
      if (!this.met.has(before)) return [`--map ${before}=${after}: ${place} has no database ${before}`];
      if (this.met.has(after) && !this.after.has(after))
        return [
          `--map ${before}=${after}: ${place} has a database ${after} as well; leave it out with --exclude '${after}.*'`,
        ];
      return [];
    });
  }

  keyBefore(key: string): string {
    const { database, name } = keyParts(key);
    return objectKey(this.before(database), name);
  }

  before(database: string): string {
    return this.reverse.get(database) ?? database;
  }

  /**
   * SQL with the new names: in front of a dot, after `DATABASE`, in `'database.name'`, and as the database of a Buffer, Distributed or Merge
   * table or of a dictionary's source.
   */
  sql(text: string): string {
    const tokens = lex(text).filter(({ kind }) => kind !== "comment");
    const calls = enclosingCalls(tokens);
    let result = text;
    for (let index = tokens.length - 1; index >= 0; index--) {
      const token = tokens[index];
      if (token === undefined) continue;
      const [previous, next] = [tokens[index - 1]?.text ?? "", tokens[index + 1]?.text];
      const isName = token.kind === "word" || token.kind === "quoted";
      const isDatabase = (next === "." && previous !== ".") || /^(?:DATABASE|DB)$/i.test(previous);
      const isArgument = NAMES_DATABASE.test(calls[index] ?? "") && next === ",";
      let replaced: string | undefined;
      if (isName && (isDatabase || isArgument)) {
        const name = this.after.get(unquoteIdentifier(token.text));
        replaced = name === undefined ? undefined : quoteIdentifier(name);
      } else if (token.kind === "string") replaced = this.literal(unquoteString(token.text), isDatabase || isArgument);
      if (replaced !== undefined) result = result.slice(0, token.start) + replaced + result.slice(token.end);
    }
    return result;
  }

  private literal(text: string, mayBeName: boolean): string | undefined {
    const [database = "", ...rest] = text.split(".");
    const name = this.after.get(database);
    if (name === undefined || rest.length > 1 || (rest.length === 0 && !mayBeName)) return undefined;
    return quoteString([name, ...rest].join("."));
  }
}
