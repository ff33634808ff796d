import { SchemaError } from "../../errors";
import { type Rollup, type RollupTtl, targetTtl } from "../../rollup";
import { interval } from "../../rollup/bucket";
import { splitArguments } from "../../sql/fragments";
import { backtick } from "../../sql/identifiers";
import type { TableSpec } from "../../sql/spec";
import { widthIn } from "./bucket";
import { bare, looksLike } from "./text";

/** Ways to express a TTL as `ttl` of a rollup, the simplest first; the expression itself always works. */
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

/** Whether a `ttl` results in the TTL that exists on the server. */
export function isTtl(rollup: Rollup, source: TableSpec | undefined, label: string, text: string | undefined): boolean {
  return sameTtl(() => targetTtl(rollup, source, label).expression, text);
}

/** Whether the result of `render` is the TTL; if it refuses, it is not. */
export function sameTtl(render: () => string | undefined, text: string | undefined): boolean {
  try {
    const expression = render();
    return expression === undefined || text === undefined ? expression === text : looksLike(expression, text);
  } catch (error) {
    if (error instanceof SchemaError) return false;
    throw error;
  }
}

/** `90 days` for an expression that is that long after the end of the bucket. */
function afterEnd(text: string, end: string): string | undefined {
  const [words, start] = [bare(text), `${bare(end)} + `];
  if (!words.startsWith(start)) return undefined;
  const [, unit, count] = /^(toInterval[A-Z][a-z]+) (\d+)$/.exec(words.slice(start.length)) ?? [];
  const width = unit === undefined ? "" : widthIn(`${unit}(${count})`);
  return width === "" ? undefined : width;
}
