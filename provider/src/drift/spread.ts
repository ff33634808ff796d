import type { ClusterHost } from "../connection/connection";
import type { LiveObject } from "../introspect/live-object";
import type { Variant } from "../introspect/spread";
import type { Definition } from "../sql/definition";
import { type Comparer, sameObject } from "./compare";

/** Where an object is that no host lacks. */
export const ALL = "all";

/** What hosts have that does not mean what is declared. */
export async function differing(
  comparer: Comparer,
  declared: Definition,
  live: Pick<LiveObject, "spread">,
): Promise<Variant[]> {
  const found: Variant[] = [];
  for (const one of live.spread?.others ?? []) if (!(await sameObject(comparer, declared, one))) found.push(one);
  return found;
}

/**
 * On which hosts an object is as declared: {@link ALL}, or e.g. `3 of 4: missing on ch-2-1`.
 *
 * @param waiting hosts that have not come to its statement in the queue yet, by name.
 */
export async function whereItIs(
  comparer: Comparer,
  declared: Definition,
  live: Pick<LiveObject, "spread">,
  waiting: ReadonlyMap<string, { readonly entry: string }> = new Map(),
): Promise<string> {
  const { spread } = live;
  if (spread === undefined) return ALL;
  const others = (await differing(comparer, declared, live)).flatMap(({ hosts }) => hosts);
  const split = spread.split.flatMap(({ hosts }) => hosts);
  const off = new Set([...spread.missing, ...spread.silent, ...others, ...split]);
  if (off.size === 0) return ALL;
  const waits = [...off].filter(({ name }) => waiting.has(name));
  const isWaiting = new Set(waits);
  const said = (hosts: readonly ClusterHost[], what: string): string[] => {
    const names = hosts.filter((host) => !isWaiting.has(host)).map(({ name }) => name);
    return names.length === 0 ? [] : [`${what} ${names.join(", ")}`];
  };
  const total = spread.cluster.hosts.length;
  const parts = [
    ...said(spread.missing, "missing on"),
    ...said(others, "different on"),
    ...said(split, "another path in Keeper on"),
    ...said(spread.silent, "no answer from"),
    ...waits.map(({ name }) => `${name} waits in the DDL queue (${waiting.get(name)?.entry})`),
  ];
  return `${total - off.size} of ${total}: ${parts.join("; ")}`;
}
