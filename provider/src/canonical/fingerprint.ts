import { createHash } from "node:crypto";

/** Raised when canonicalisation itself changes, so that stored texts are made anew. */
const RECIPE = "1";
/** 66 bits: enough to tell versions of one object apart, and short, because the state holds some for every object. */
const LENGTH = 11;

/**
 * What a canonical text was made from: the rendered text and the fingerprints of what it reads. Equal fingerprints mean that the
 * stored canonical text still holds and the engine need not be asked.
 */
export function fingerprint(rendered: string, sources: readonly string[]): string {
  const hash = createHash("sha256").update(RECIPE).update("\0").update(rendered);
  for (const source of [...sources].sort()) hash.update("\0").update(source);
  return hash.digest("base64url").slice(0, LENGTH);
}

/** Short digest of a text, to see later whether it is still the same. */
export function digest(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, LENGTH);
}
