import { createHash } from "node:crypto";

/** Raised when canonicalisation itself changes, so that stored statements are computed again. */
const RECIPE = "1";
/** 66 bits: enough to distinguish versions of one object, and short, because the state stores several per object. */
const LENGTH = 11;

/**
 * What a canonical statement was made from: the rendered statement and the fingerprints of its sources. If they are equal, the stored
 * canonical statement still holds, and the engine is not needed.
 */
export function fingerprint(rendered: string, sources: readonly string[]): string {
  const hash = createHash("sha256").update(RECIPE).update("\0").update(rendered);
  for (const source of [...sources].sort()) hash.update("\0").update(source);
  return hash.digest("base64url").slice(0, LENGTH);
}

/** Short digest of a string, to check later whether it is still the same. */
export function digest(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, LENGTH);
}
