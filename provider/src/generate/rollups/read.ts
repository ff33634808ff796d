import { Call, type Value } from "../../code/value";
import { ofSource } from "../../rollup/qualify";
import { objectKey } from "../../sql/object-key";
import type { ViewSpec } from "../../sql/spec";
import { make } from "./measures";
import { groupingOf, type Item } from "./query";
import { looksLike } from "./text";

/** A measure by its name in the program. */
export interface NamedCall {
  readonly name: string;
  readonly code: Call;
}

/**
 * The measures that a view shows of a target, in its order: those that the target keeps, with the columns as which quantiles are
 * shown, and derived ones between them. Undefined for a view of another shape.
 *
 * @param dimensions names of keys and bucket, in the order of the columns.
 */
export function shownBy(
  view: ViewSpec,
  target: { readonly database: string; readonly name: string },
  dimensions: readonly string[],
  kept: readonly NamedCall[],
): NamedCall[] | undefined {
  const grouping = groupingOf(view.query);
  if (typeof grouping === "string" || grouping.where !== undefined) return undefined;
  if (grouping.source !== objectKey(target.database, target.name)) return undefined;
  const [first, rest] = [grouping.items.slice(0, dimensions.length), grouping.items.slice(dimensions.length)];
  const isShown = (name: string, index: number): boolean =>
    first[index]?.name === name && looksLike(first[index]?.written ?? "", ofSource(name));
  if (!dimensions.every(isShown) || grouping.groupBy.join("\0") !== dimensions.join("\0")) return undefined;
  return takeMeasures(rest, kept);
}

function takeMeasures(items: readonly Item[], kept: readonly NamedCall[]): NamedCall[] | undefined {
  const shown: NamedCall[] = [];
  const open = [...kept];
  for (let index = 0; index < items.length; ) {
    const [next] = open;
    const taken = next && takeMeasure(items.slice(index), next);
    if (taken !== undefined) {
      shown.push(taken.measure);
      index += taken.count;
      open.shift();
      continue;
    }
    const item = items[index];
    if (item === undefined || item.written !== item.text) return undefined;
    shown.push({ name: item.name, code: new Call("derived", [item.text]) });
    index += 1;
  }
  return open.length === 0 ? shown : undefined;
}

function takeMeasure(items: readonly Item[], given: NamedCall): { measure: NamedCall; count: number } | undefined {
  for (const code of [given.code, ...withColumns(given.code, items)]) {
    const { merge, shows = { "": "{}" } } = make(code);
    const finished = `${merge}(${ofSource(given.name)})`;
    const columns = Object.entries(shows);
    const isShown = columns.every(([column, expression], index) => {
      const { name, written } = items[index] ?? { name: "", written: "" };
      return (
        name === (column || given.name) &&
        looksLike(
          written,
          expression.replaceAll("{}", () => finished),
        )
      );
    });
    if (isShown) return { measure: { name: given.name, code }, count: columns.length };
  }
  return undefined;
}

/** Quantiles with the names of the next columns. */
function withColumns({ name, args }: Call, items: readonly Item[]): Call[] {
  const [levels, ...rest] = args;
  if (name !== "quantiles" || !Array.isArray(levels)) return [];
  const named = (levels as Value[]).map((level, index) => [items[index]?.name ?? "", level] as const);
  return new Set(named.map(([column]) => column)).size === named.length
    ? [new Call(name, [Object.fromEntries(named), ...rest])]
    : [];
}
