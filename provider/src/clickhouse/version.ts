/** Whether a version is at least another: compares number by number, and ignores what follows them. */
export function atLeast(version: string, wanted: string): boolean {
  const [found, least] = [numbers(version), numbers(wanted)];
  for (const [index, number] of least.entries()) {
    const other = found[index] ?? 0;
    if (other !== number) return other > number;
  }
  return true;
}

/** The first two numbers: versions with the same ones differ in bug fixes only. */
export function release(version: string): string {
  return numbers(version).slice(0, 2).join(".");
}

function numbers(version: string): number[] {
  return (/\d+(?:\.\d+)*/.exec(version)?.[0] ?? "").split(".").map(Number);
}
