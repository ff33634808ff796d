import { createHash, randomBytes } from "node:crypto";
import { SchemaError } from "../errors";
import { hasSecret } from "../sql/access/methods";
import type { UserSpec } from "../sql/access/spec";
import { quoteString } from "../sql/identifiers";

type Secrets = Readonly<Record<string, string>>;

/** What a way to log in sends, by its number among those with a secret: a password, or a hash and its salt. */
const PARTS = { password: "", hash: " hash", salt: " salt" } as const;
const FORMS: Readonly<Record<string, RegExp>> = {
  sha256_password: /^[0-9a-f]{64}$/i,
  double_sha1_password: /^[0-9a-f]{40}$/i,
  bcrypt_password: /^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/,
};
/** A hash in a statement, with the salt that goes with it. */
const PLACE = /\b(sha256|double_sha1|bcrypt)_hash BY '\[HIDDEN\]'( SALT '\[HIDDEN\]')?/g;

/** What is wrong with the secrets of a user; none is quoted. */
export function refuseUserSecrets({ methods = [] }: UserSpec, secrets: Secrets): string[] {
  let number = 0;
  return methods.flatMap((one, index) => {
    if (!hasSecret(one)) return [];
    const path = methods.length > 1 ? `auth[${index}]` : "auth";
    const [password, hash] = [secrets[`${number}${PARTS.password}`], secrets[`${number}${PARTS.hash}`]];
    number += 1;
    if (password === undefined && hash === undefined) return [`${path}: its password or hash is missing`];
    if (password === "")
      return [`${path}.password: is empty; anybody could log in. Write { none: true } if that is meant`];
    if (hash === undefined || FORMS[one.method]?.test(hash)) return [];
    return [`${path}: expected a hash in the form of ${one.method}, found something else`];
  });
}

/** A statement with hashes in their places: made now, with a new salt. @throws {SchemaError} when this process was not given the secrets. */
export function withUserSecrets(sql: string, secrets: Secrets): string {
  let index = 0;
  return sql.replace(PLACE, (_, kind: string, salted?: string) => {
    const number = index++;
    const [hash, salt] = hashOf(kind, number, secrets);
    return `${kind}_hash BY ${quoteString(hash)}${salted === undefined ? "" : ` SALT ${quoteString(salt)}`}`;
  });
}

function hashOf(kind: string, number: number, secrets: Secrets): readonly [hash: string, salt: string] {
  const hash = secrets[`${number}${PARTS.hash}`];
  if (hash !== undefined) return [hash, secrets[`${number}${PARTS.salt}`] ?? ""];
  const password = secrets[`${number}${PARTS.password}`];
  if (password === undefined) {
    throw new SchemaError("internal", "a password is not known here, so nothing was sent. Run `pulumi up` again");
  }
  // MySQL clients need it without a salt.
  if (kind === "double_sha1") return [hex(sha1(sha1(Buffer.from(password)))), ""];
  const salt = hex(randomBytes(32));
  return [hex(createHash("sha256").update(password).update(salt).digest()), salt];
}

function sha1(bytes: Buffer): Buffer {
  return createHash("sha1").update(bytes).digest();
}

function hex(bytes: Buffer): string {
  return bytes.toString("hex").toUpperCase();
}
