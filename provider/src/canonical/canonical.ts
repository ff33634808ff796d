/** What the engine made of one object. */
export interface Canonical {
  /** The engine's own text, which can be run as it is. */
  readonly statement: string;
  /** As the engine shows it: `statement` with secrets hidden. What a live text is compared with. */
  readonly shown: string;
  /** Objects it reads that were taken from the server because nothing declared them. */
  readonly borrowed: readonly string[];
  /** The engine had to host something simpler in its place; the message says why. */
  readonly standIn?: string;
  /** There is no engine: this is the server's spelling, and nothing was tried. The message says what is missing. */
  readonly unchecked?: string;
}
