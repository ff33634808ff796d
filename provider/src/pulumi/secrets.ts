import { createHash, scrypt, timingSafeEqual } from "node:crypto";
import { isUnknown, UNKNOWN } from "../declare/unknown";
import { messageOf } from "../errors";
import { quoteString } from "../sql/identifiers";

/** What a program sends, by name, and what is stored of it. */
export interface CheckedSecrets {
  /** The values; they never leave this process but in the statements that need them. Undefined if not known yet. */
  readonly values: Readonly<Record<string, string>> | undefined;
  /** What is stored: a verifier for each, as JSON. Undefined where there are no secrets. */
  readonly text: string | undefined;
  /** Names whose value is not the one that was stored. */
  readonly changed: readonly string[];
}

/** Cost of a guess: 16 MiB and about 50 ms. */
const COST = 16_384;

/**
 * Compares secrets with what is stored of earlier ones, and makes what is to be stored: for each a verifier, by which only who knows the value
 * can tell that it is the same. An unchanged value keeps its verifier.
 *
 * @param given JSON from the program: a map from name to value.
 * @param stored JSON: a map from name to verifier.
 * @param owner URN of the resource, for salts that no other has.
 */
export async function checkSecrets(
  given: string | undefined,
  stored: string | undefined,
  owner: string,
): Promise<CheckedSecrets> {
  const before = mapOf(stored);
  if (isUnknown(given)) return { values: undefined, text: UNKNOWN, changed: [] };
  const values = mapOf(given);
  const verifiers: Record<string, string> = {};
  const changed: string[] = [];
  for (const [name, value] of Object.entries(values)) {
    const old = before[name];
    const isSame = old !== undefined && (await verifies(old, value));
    verifiers[name] = isSame ? old : await verifierOf(value, saltFor(owner, name, old));
    if (!isSame) changed.push(name);
  }
  // What was a secret and is not one now has to be set: what the server has is not known.
  changed.push(...Object.keys(before).filter((name) => !(name in values)));
  return { values, text: Object.keys(values).length === 0 ? undefined : JSON.stringify(verifiers), changed };
}

/** An error without the secrets, in case that something quotes the statement. */
export function withoutValues(error: unknown, values: Readonly<Record<string, string>> | undefined): string {
  return Object.values(values ?? {}).reduce((message, value) => {
    const inQuotes = message.replaceAll(quoteString(value), "'[HIDDEN]'");
    return value.length > 3 ? inQuotes.replaceAll(value, "[HIDDEN]") : inQuotes;
  }, messageOf(error));
}

function mapOf(text: string | undefined): Record<string, string> {
  if (text === undefined || isUnknown(text)) return {};
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, String(one)]));
}

/**
 * The same at preview and at `up`: with `--plan` Pulumi refuses another verifier than that of the preview, and prints both. Another one for each
 * resource, secret and change.
 */
function saltFor(owner: string, name: string, old = ""): Buffer {
  return createHash("sha256")
    .update(JSON.stringify([owner, name, old]))
    .digest()
    .subarray(0, 16);
}

async function verifierOf(value: string, salt: Buffer): Promise<string> {
  return `scrypt:${salt.toString("base64")}:${(await derived(value, salt)).toString("base64")}`;
}

async function verifies(verifier: string, value: string): Promise<boolean> {
  const [, salt = "", expected = ""] = verifier.split(":");
  const wanted = Buffer.from(expected, "base64");
  const found = await derived(value, Buffer.from(salt, "base64"));
  return wanted.length === found.length && timingSafeEqual(wanted, found);
}

function derived(value: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(value, salt, 32, { N: COST }, (error, key) => (error === null ? resolve(key) : reject(error)));
  });
}
