import type { Definition } from "../sql/definition";

/** One object, as the engine created it. */
export interface Canonical {
  /** In the engine's own words. */
  readonly definition: Definition;
  /** As the engine shows it: `definition` with secrets hidden. Live statements are compared with it. */
  readonly shown: Definition;
  /** Objects it reads that were taken from the server because they are not declared. */
  readonly fromServer: readonly string[];
  /** Set if the engine had to host something simpler in its place; the message says why. */
  readonly standIn?: string;
  /** Set if there is no engine: this is the server's spelling, and nothing was tried. The message says what is missing. */
  readonly unchecked?: string;
}
