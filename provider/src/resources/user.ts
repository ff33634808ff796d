import * as pulumi from "@pulumi/pulumi";
import { isProperties } from "../util/properties";
import type { UserArgs } from "./access-args";
import { withNames } from "./entities";
import { SchemaObject } from "./schema-object";

/** Ways to log in with a secret, and what of them is none. */
const SECRETS = ["password", "sha256Hash", "doubleSha1Hash", "bcryptHash"];

/**
 * A user: who may log in, how and from where. It belongs to no database.
 *
 * It is never replaced: a change is one ALTER, a new name a rename, and what it was granted stays. Passwords and hashes are neither in the state,
 * which has verifiers of them (encrypted), nor in plans, logs and reports; a salted hash is made when it is sent.
 *
 * @example
 * ```ts
 * const alice = new User("alice", { auth: { password: config.requireSecret("alice") }, hosts: { ip: ["10.0.0.0/8"] } });
 * ```
 */
export class User extends SchemaObject {
  /**
   * Declares the user.
   *
   * @param resourceName name within the stack, and on the server unless `name` is given.
   * @param args structured arguments.
   * @param opts Pulumi options, e.g. `protect`, `dependsOn`.
   * @throws {RunError} when another User has this resource name, or the stack's config has unknown keys.
   */
  constructor(resourceName: string, args: UserArgs, opts: pulumi.CustomResourceOptions = {}) {
    const { name = resourceName, deletion, auth, ...rest } = args;
    const { shown, secrets } = apart(auth);
    const named = withNames(rest, ["profiles", "grantees"]);
    super("user", resourceName, { name, args: { auth: shown, ...named }, deletion, ...(secrets && { secrets }) }, opts);
  }
}

/** How a user logs in, without its secrets; and these, by the number of the way among those that have one. */
function apart(auth: unknown): {
  readonly shown: unknown;
  readonly secrets?: pulumi.Input<Record<string, pulumi.Input<string>>>;
} {
  if (auth === "unmanaged" || auth === undefined) return { shown: auth };
  if (pulumi.Output.isInstance(auth) || auth instanceof Promise) {
    const all: pulumi.Output<unknown> = pulumi.output<unknown>(auth);
    return { shown: pulumi.unsecret(all.apply(shownOf)), secrets: all.apply(secretsOf) };
  }
  const secrets = secretsOf(auth);
  return { shown: shownOf(auth), ...(Object.keys(secrets).length > 0 && { secrets }) };
}

function shownOf(auth: unknown): unknown {
  return Array.isArray(auth) ? auth.map(shownMethod) : shownMethod(auth);
}

function shownMethod(method: unknown): unknown {
  if (!isProperties(method)) return method;
  const { salt: _, ...entries } = method;
  const shown = Object.entries(entries).filter(([, one]) => one !== undefined);
  return Object.fromEntries(shown.map(([key, one]) => [key, SECRETS.includes(key) ? true : one]));
}

function secretsOf(auth: unknown): Record<string, pulumi.Input<string>> {
  const methods = (Array.isArray(auth) ? auth : [auth]).filter(isProperties);
  const own = methods.filter((method) => SECRETS.some((key) => method[key] !== undefined));
  return Object.fromEntries(
    own.flatMap((method, number) => {
      const { password, salt } = method;
      if (password !== undefined) return [[`${number}`, password]];
      const hash = SECRETS.flatMap((key) => method[key] ?? [])[0];
      return [[`${number} hash`, hash], ...(salt === undefined ? [] : [[`${number} salt`, salt]])];
    }),
  );
}
