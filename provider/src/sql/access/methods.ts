import { type Cursor, fail, isAtEnd, isWord, peek, sliceTokens, takeName, takeString, takeWords } from "../cursor";
import { quoteString } from "../identifiers";
import { takeClause } from "./names";
import type { MethodSpec } from "./spec";

/** In place of a hash or a salt, in statements for people and before they are sent. */
export const HIDDEN_VALUE = "'[HIDDEN]'";

/** Methods with a secret, and how it is sent: never as a password. */
const HASHED: Readonly<Record<string, string>> = {
  sha256_password: `sha256_hash BY ${HIDDEN_VALUE} SALT ${HIDDEN_VALUE}`,
  double_sha1_password: `double_sha1_hash BY ${HIDDEN_VALUE}`,
  bcrypt_password: `bcrypt_hash BY ${HIDDEN_VALUE}`,
};

/** Whether users of the method have a secret that a stack may set. */
export function hasSecret({ method }: MethodSpec): boolean {
  return Object.hasOwn(HASHED, method);
}

/** What follows IDENTIFIED: `WITH method [args] [VALID UNTIL '…'], …`. */
export function takeMethods(cursor: Cursor): MethodSpec[] {
  const methods: MethodSpec[] = [];
  takeWords(cursor, "WITH");
  do methods.push(takeMethod(cursor));
  while (takeComma(cursor));
  return methods;
}

function takeMethod(cursor: Cursor): MethodSpec {
  const method = takeName(cursor, "way of identification").toLowerCase();
  if (isWord(peek(cursor), "BY") && method !== "ssh_key") {
    throw fail(
      cursor,
      "Found BY: a password or hash in SQL would be in the state; pass it as `auth`, which keeps it out",
    );
  }
  const from = cursor.position;
  while (!isAtEnd(cursor) && !isMethodNext(cursor) && !isClauseNext(cursor)) cursor.position++;
  const args = sliceTokens(cursor, from, cursor.position).replace(/\s+/g, " ");
  const validUntil = takeWords(cursor, "VALID", "UNTIL") ? takeString(cursor, "VALID UNTIL") : undefined;
  return {
    method,
    ...(args !== "" && { args }),
    ...(validUntil !== undefined && { validUntil: momentOf(validUntil) }),
  };
}

/** A comma between methods is followed by a word, one between names of a certificate by a string. */
function isMethodNext(cursor: Cursor): boolean {
  const next = peek(cursor, 1);
  return peek(cursor)?.text === "," && next?.kind === "word" && !["CN", "SAN", "KEY"].includes(next.text.toUpperCase());
}

function isClauseNext(cursor: Cursor): boolean {
  return takeClause({ ...cursor, position: cursor.position - 1 }).end === cursor.position;
}

function takeComma(cursor: Cursor): boolean {
  const found = peek(cursor)?.text === ",";
  if (found) cursor.position++;
  return found;
}

/** A moment as the server shows it, in its time zone: `2030-01-02 03:04:05`. */
export function momentOf(text: string): string {
  const [, date, time] = /^\s*(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?))?/.exec(text) ?? [];
  if (date === undefined) return text;
  return `${date} ${time === undefined ? "00:00:00" : time.length === 5 ? `${time}:00` : time}`;
}

/** As the server shows them. */
export function renderMethods(methods: readonly MethodSpec[]): string {
  return methods.map((one) => renderMethod(one, [one.method, one.args].filter(Boolean).join(" "))).join(", ");
}

/** As they are sent, with placeholders for secrets. */
export function runnableMethods(methods: readonly MethodSpec[]): string {
  return methods
    .map((one) => renderMethod(one, HASHED[one.method] ?? [one.method, one.args].filter(Boolean).join(" ")))
    .join(", ");
}

function renderMethod({ validUntil }: MethodSpec, text: string): string {
  return validUntil === undefined ? text : `${text} VALID UNTIL ${quoteString(validUntil)}`;
}
