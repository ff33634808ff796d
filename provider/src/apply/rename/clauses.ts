import type { Token } from "../../sql/lexer";

/** The syntactic context of a token in a statement. */
export interface Context {
  /**
   * `header`: the name of the created object. `table`: after FROM, JOIN, IN, TO, DEPENDS ON, where only the name of an object is possible.
   * `other`: in an expression, or anywhere else.
   */
  readonly place: "header" | "table" | "other";
  /** The word before the enclosing parenthesis: a function, an engine, `IN`. */
  readonly caller: string;
  /** Whether that word is in the position of a table function or a table engine. */
  readonly callerIsTable: boolean;
  /** Index of the token after that parenthesis. */
  readonly first: number;
}

/** An open parenthesis. */
interface Frame {
  readonly caller: string;
  readonly callerIsTable: boolean;
  readonly first: number;
  /** The clause that the current tokens belong to. */
  clause: string;
  selects: boolean;
}

const CLAUSES = new Set(
  (
    "WITH SELECT FROM WHERE PREWHERE GROUP HAVING WINDOW QUALIFY ORDER LIMIT OFFSET SETTINGS UNION EXCEPT INTERSECT " +
    "ON USING ARRAY JOIN DEPENDS REFRESH APPEND TO ENGINE PARTITION PRIMARY SAMPLE TTL DEFINER SQL COMMENT SOURCE LAYOUT LIFETIME FORMAT"
  ).split(" "),
);
const HEADS = new Set(["TABLE", "VIEW", "DICTIONARY", "EXISTS"]);
/** The object's name is among this many tokens at the start of a statement. */
const HEAD_LENGTH = 8;

/** The context of each token. */
export function contextsOf(tokens: readonly Token[]): Context[] {
  const frames: Frame[] = [frame("", false, 0)];
  let named = false;
  return tokens.map((token, index) => {
    const current = frames[frames.length - 1] ?? frame("", false, 0);
    const before = wordAt(tokens, index - 1);
    const isPair = isName(token) && tokens[index + 1]?.text === "." && tokens[index - 1]?.text !== ".";
    const isTable = standsForTable(tokens, index, current);
    let place: Context["place"] = isTable ? "table" : "other";
    if (isPair && !named && frames.length === 1 && index < HEAD_LENGTH && HEADS.has(before)) {
      named = true;
      place = "header";
    }
    const { caller, callerIsTable, first } = current;
    if (token.kind === "open") frames.push(opened(tokens, index, current));
    else if (token.kind === "close" && frames.length > 1) frames.pop();
    else enterClause(tokens, index, current);
    return { place, caller, callerIsTable, first };
  });
}

function opened(tokens: readonly Token[], index: number, current: Frame): Frame {
  const name = tokens[index - 1];
  const caller = name !== undefined && isName(name) ? name.text : "";
  const isEngine = current.clause === "ENGINE" && tokens[index - 2]?.text === "=";
  const follows = wordAt(tokens, index - 2) === "AS" && current.clause === "";
  return frame(caller, caller !== "" && (isEngine || follows || standsForTable(tokens, index - 1, current)), index + 1);
}

function frame(caller: string, callerIsTable: boolean, first: number): Frame {
  return { caller, callerIsTable, first, clause: "", selects: false };
}

/** A keyword begins a clause unless it is a column's name: after a dot, or before one. */
function enterClause(tokens: readonly Token[], index: number, current: Frame): void {
  const word = wordAt(tokens, index);
  if (!CLAUSES.has(word) || tokens[index - 1]?.text === "." || tokens[index + 1]?.text === ".") return;
  if (wordAt(tokens, index - 1) === "AS" && word !== "SELECT" && word !== "WITH") return;
  if (word === "SELECT") current.selects = true;
  if (word === "FROM" && !current.selects) return;
  if (word === "ON" && current.clause === "DEPENDS") return;
  if (word === "JOIN") current.clause = current.clause === "ARRAY" ? "ARRAY" : "FROM";
  else if (word === "SAMPLE" && current.clause === "FROM") return;
  else current.clause = word;
}

function standsForTable(tokens: readonly Token[], index: number, current: Frame): boolean {
  const before = wordAt(tokens, index - 1);
  const earlier = wordAt(tokens, index - 2);
  if (tokens[index - 2]?.text === ".") return false;
  switch (before) {
    case "FROM":
      return current.clause === "FROM";
    case "JOIN":
      return earlier !== "ARRAY";
    case "IN":
      return true;
    case "TO":
      return current.first === 0 && current.clause === "TO";
    case "ON":
      return earlier === "DEPENDS";
    default:
      return tokens[index - 1]?.text === "," && (current.clause === "FROM" || current.clause === "DEPENDS");
  }
}

/** A bare word in upper case; empty for anything else. */
export function wordAt(tokens: readonly Token[], index: number): string {
  const token = tokens[index];
  return token?.kind === "word" ? token.text.toUpperCase() : "";
}

/** Whether a token can be a name. */
export function isName(token: Token): boolean {
  return token.kind === "word" || token.kind === "quoted";
}
