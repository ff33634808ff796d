import { takeEntity } from "../access/names";
import {
  type Cursor,
  createCursor,
  fail,
  isAtEnd,
  peek,
  splitAtCommas,
  takeGroup,
  takeName,
  takeOperator,
  takeWords,
} from "../cursor";
import type { Part } from "./region";

/** One privilege on one target, as written: what the words mean is up to a server. */
export interface Phrase {
  /** In capitals or not, as written. */
  readonly privilege: string;
  /** Columns behind the privilege; empty without. */
  readonly columns: readonly string[];
  readonly target: Target;
}

/** What follows ON. */
export interface Target {
  /** `shop.orders` has two, `S3` one; a star alone is an open part without text. */
  readonly parts: readonly Part[];
  /** The string in parentheses behind a source. */
  readonly filter?: string;
}

/** A line of SHOW GRANTS. */
export type GrantLine =
  | {
      readonly kind: "rights";
      readonly revoked: boolean;
      readonly option: boolean;
      readonly phrases: readonly Phrase[];
      readonly grantee: string;
    }
  | {
      readonly kind: "roles";
      readonly roles: readonly string[];
      readonly admin: boolean;
      readonly grantee: string;
    };

/**
 * What is between GRANT and TO, with the option behind it: `SELECT(id), INSERT ON shop.orders, dictGet ON shop.* WITH GRANT OPTION`.
 *
 * @throws {SqlParseError} when it is anything else.
 */
export function parseRights(text: string): { readonly phrases: readonly Phrase[]; readonly option: boolean } {
  const cursor = createCursor(text);
  const phrases = takePhrases(cursor);
  const option = takeWords(cursor, "WITH", "GRANT", "OPTION");
  if (!isAtEnd(cursor)) throw fail(cursor, `Found ${peek(cursor)?.text}: expected the end, or WITH GRANT OPTION`);
  return { phrases, option };
}

/** A line of SHOW GRANTS. @throws {SqlParseError} when it is none. */
export function parseGrantLine(line: string): GrantLine {
  const cursor = createCursor(line);
  const revoked = takeWords(cursor, "REVOKE");
  if (!revoked && !takeWords(cursor, "GRANT")) throw fail(cursor, "Expected GRANT or REVOKE");
  const optionFor = revoked && takeWords(cursor, "GRANT", "OPTION", "FOR");
  if (isRoleList(cursor)) return takeRoles(cursor);
  const phrases = takePhrases(cursor);
  const grantee = takeGrantee(cursor, revoked ? "FROM" : "TO");
  const option = optionFor || takeWords(cursor, "WITH", "GRANT", "OPTION");
  return { kind: "rights", revoked, option, phrases, grantee };
}

function isRoleList(cursor: Cursor): boolean {
  for (let ahead = 0; peek(cursor, ahead) !== undefined; ahead++) {
    const token = peek(cursor, ahead);
    if (token?.kind === "word" && token.text.toUpperCase() === "ON") return false;
  }
  return true;
}

function takeRoles(cursor: Cursor): GrantLine {
  const roles: string[] = [];
  // A role that was dropped leaves `GRANT NONE TO u`, which means nothing.
  if (!takeWords(cursor, "NONE")) {
    do roles.push(takeName(cursor, "role"));
    while (takeOperator(cursor, ","));
  }
  const grantee = takeGrantee(cursor, "TO");
  return { kind: "roles", roles, admin: takeWords(cursor, "WITH", "ADMIN", "OPTION"), grantee };
}

function takeGrantee(cursor: Cursor, word: "TO" | "FROM"): string {
  if (!takeWords(cursor, word)) throw fail(cursor, `Expected ${word} and the grantee`);
  return takeEntity(cursor, "grantee");
}

function takePhrases(cursor: Cursor): Phrase[] {
  const phrases: Phrase[] = [];
  do {
    const privileges: Omit<Phrase, "target">[] = [];
    do privileges.push(takePrivilege(cursor));
    while (takeOperator(cursor, ","));
    if (!takeWords(cursor, "ON")) throw fail(cursor, "Expected ON and what the right is about, e.g. ON shop.*");
    const target = takeTarget(cursor);
    phrases.push(...privileges.map((one) => ({ ...one, target })));
  } while (takeOperator(cursor, ","));
  return phrases;
}

function takePrivilege(cursor: Cursor): Omit<Phrase, "target"> {
  const words: string[] = [];
  for (let token = peek(cursor); token?.kind === "word" && token.text.toUpperCase() !== "ON"; token = peek(cursor)) {
    words.push(token.text);
    cursor.position++;
  }
  if (words.length === 0) throw fail(cursor, "Expected a privilege, e.g. SELECT");
  const columns =
    peek(cursor)?.text === "("
      ? splitAtCommas(takeGroup(cursor, words.join(" "))).map((part) => takeName(part, "column"))
      : [];
  return { privilege: words.join(" "), columns };
}

function takeTarget(cursor: Cursor): Target {
  const parts = [takePart(cursor)];
  if (takeOperator(cursor, ".")) parts.push(takePart(cursor));
  else if (peek(cursor)?.text === "(") {
    const group = takeGroup(cursor, "source");
    const filter = peek(group);
    if (filter?.kind !== "string") throw fail(group, "Expected a pattern in quotes");
    return { parts, filter: filter.text };
  }
  return { parts };
}

/** `name`, `name*` or `*`. A star inside of quotes belongs to the name. */
function takePart(cursor: Cursor): Part {
  if (takeOperator(cursor, "*")) return { text: "", open: true };
  const text = takeName(cursor, "database, table or object");
  return { text, open: takeOperator(cursor, "*") };
}
