/** Bytes for people: `3.1 MiB`. */
export function renderBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${power === 0 ? Math.round(value) : value.toFixed(value < 10 ? 1 : 0)} ${units[power]}`;
}

/** A statement on one line, of at most 120 characters. */
export function oneLine(sql: string): string {
  const line = sql.replace(/\s+/g, " ");
  return line.length > 120 ? `${line.slice(0, 117)}…` : line;
}

/** `1 table`, `2 tables`. */
export function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
