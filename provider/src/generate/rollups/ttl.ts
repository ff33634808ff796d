import { SchemaError } from "../../errors";
import { type Rollup, type RollupTtl, targetTtl } from "../../rollup";
import { interval } from "../../rollup/bucket";
import { splitArguments } from "../../sql/fragments";
import { backtick } from "../../sql/identifiers";
import type { TableSpec } from "../../sql/spec";
import { widthIn } from "./bucket";
import { bare, looksLike } from "./text";

/** How `ttl` of a rollup may say a TTL, the plainest first; the expression itself always does. */
export function ttlsFor(text: string | undefined, { bucket }: Pick<Rollup, "bucket">): (RollupTtl | undefined)[] {
  if (text === undefined) return [undefined];
  const end = `${backtick(bucket.name)} + ${interval(bucket.width)}`;
  const [, last = ""] = /^greatest\(([\s\S]*)\)$/.exec(text) ? splitArguments(text.slice("greatest(".length, -1)) : [];
  const least = afterEnd(last, end);
  const plain = afterEnd(text, end);
  return [
    "inherit",
    ...(least === undefined ? [] : [{ inherit: true as const, atLeast: least }]),
    ...(plain === undefined ? [] : [plain]),
    text,
  ];
}

/** Whether a `ttl` comes to the TTL that stands there. */
export function isTtl(rollup: Rollup, source: TableSpec | undefined, label: string, text: string | undefined): boolean {
  return sameTtl(() => targetTtl(rollup, source, label).expression, text);
}

/** Whether what `render` makes is the TTL; what it refuses is none. */
export function sameTtl(render: () => string | undefined, text: string | undefined): boolean {
  try {
    const expression = render();
    return expression === undefined || text === undefined ? expression === text : looksLike(expression, text);
  } catch (error) {
    if (error instanceof SchemaError) return false;
    throw error;
  }
}

/** `90 days` for what is that much behind the end of the bucket. */
function afterEnd(text: string, end: string): string | undefined {
  const [words, start] = [bare(text), `${bare(end)} + `];
  if (!words.startsWith(start)) return undefined;
  const [, unit, count] = /^(toInterval[A-Z][a-z]+) (\d+)$/.exec(words.slice(start.length)) ?? [];
  const width = unit === undefined ? "" : widthIn(`${unit}(${count})`);
  return width === "" ? undefined : width;
}
