import type { CollectionEntry, NamedCollectionSpec } from "../sql/access/named-collection";
import type { Change, DiffOptions } from "./changes";

/**
 * Differences of two collections. A value that is a secret, or on a server, is not known, so it is equal to any other: that it has changed is
 * told by the options.
 */
export function diffNamedCollection(
  from: NamedCollectionSpec,
  to: NamedCollectionSpec,
  { newSecrets = [] }: DiffOptions,
): Change[] {
  const [before, after] = [from, to].map(({ entries }) => new Map(entries.map((one) => [one.key, one])));
  const keys = [...new Set([...from.entries, ...to.entries].map(({ key }) => key))].sort();
  return keys.flatMap((key): Change[] => {
    const [was, is] = [before?.get(key), after?.get(key)];
    if (was === undefined || is === undefined)
      return [
        Object.freeze({
          kind: "collection-key" as const,
          key,
          how: is === undefined ? ("gone" as const) : ("new" as const),
        }),
      ];
    const isSet =
      newSecrets.includes(key) || (was.value !== undefined && is.value !== undefined && was.value !== is.value);
    if (!isSet && sameFlag(was, is)) return [];
    return [
      Object.freeze({ kind: "collection-key" as const, key, how: isSet ? ("value" as const) : ("flag" as const) }),
    ];
  });
}

function sameFlag({ overridable: a }: CollectionEntry, { overridable: b }: CollectionEntry): boolean {
  return a === b || a === "unknown" || b === "unknown";
}
