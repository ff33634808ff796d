/** Time and size of something, by how much there is. */
export interface Measure {
  /** Uncompressed bytes. */
  readonly raw: number;
  readonly seconds: number;
}

/** Compressed bytes of a table before and after. */
export interface Sizes {
  readonly before: number;
  readonly after: number;
}

/** The whole on the server. */
export interface Whole {
  /** Uncompressed bytes. */
  readonly raw: number;
  /** Compressed bytes. */
  readonly bytes: number;
}

/**
 * Time for the whole: what it takes with no row, which does not grow, and the rest by the bytes.
 *
 * @param empty the same without rows.
 */
export function extrapolateSeconds(empty: Measure, filled: Measure, whole: Whole): number {
  const grows = Math.max(0, filled.seconds - empty.seconds);
  const share = filled.raw === 0 ? 0 : whole.raw / filled.raw;
  return empty.seconds + grows * share;
}

/** Compressed bytes of the whole afterwards: as much more or less as those of the sample. */
export function extrapolateBytes(sample: Sizes, whole: Whole): number {
  return sample.before === 0 ? whole.bytes : Math.round((whole.bytes * sample.after) / sample.before);
}
