const UNITS: Readonly<Record<string, number>> = { "": 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 };

/** Parses a size such as `"4 GiB"`, `"512MiB"` or `"4294967296"`. @returns bytes; undefined if it is not a size above 0. */
export function parseSize(text: string): number | undefined {
  const [, digits, unit = ""] = /^(\d+(?:\.\d+)?)\s*([KMGT]iB)?$/.exec(text.trim()) ?? [];
  const size = digits === undefined ? 0 : Math.round(Number(digits) * (UNITS[unit] ?? 1));
  return size > 0 ? size : undefined;
}
