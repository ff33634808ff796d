import {
  Call,
  entriesOf,
  isList,
  leavesOf,
  Reference,
  referencesIn,
  Sql,
  type Value,
  type ValueMap,
} from "../../code/value";
import { keyOf, keyParts, quotedName } from "../../sql/object-key";
import { type Draft, drafted } from "../drafts";
import { rollupArguments } from "./arguments";
import type { FoundRollup } from "./find";
import type { Part } from "./parts";

/** A rollup of the program. */
export interface RollupResource {
  /** Key of its first target. */
  readonly key: string;
  readonly args: ValueMap;
  readonly dependsOn: readonly string[];
}

/** A rollup in its file. */
export interface PlacedRollup extends RollupResource {
  /** Name within the stack. */
  readonly resourceName: string;
  readonly identifier: string;
  /** File without its extension. */
  readonly file: string;
}

/** The object of a part. */
export function draftOfPart({ live, declared, path, suffix }: Part, rollup: string): Draft {
  return { ...drafted(live, declared, {}), within: { rollup, path, suffix } };
}

/** A resource, and what must come before it. */
type Ordered = Pick<Draft, "key" | "within"> & { readonly dependsOn: readonly string[] };

/** What its parts need but its arguments do not name goes into `dependsOn`. */
export function rollupOf(found: FoundRollup, list: readonly Ordered[], known: ReadonlySet<string>): RollupResource {
  const key = keyOf(found.base.target);
  const own = list.filter(({ within }) => within?.rollup === key);
  const args = withoutUnknown(rollupArguments(found), known) as ValueMap;
  const named = new Set([...leavesOf(args).flatMap(referencesIn), ...own.map((one) => one.key)]);
  const needed = new Set(own.flatMap(({ dependsOn }) => dependsOn));
  return { key, args, dependsOn: [...needed].filter((one) => !named.has(one)).sort() };
}

/** A source or database that the program does not declare is given by its name. */
function withoutUnknown(value: Value, known: ReadonlySet<string>): Value {
  if (value instanceof Reference) {
    const { database, name } = keyParts(value.key);
    return known.has(value.key) ? value : name === undefined ? database : quotedName(value.key);
  }
  if (typeof value !== "object" || value instanceof Call || value instanceof Sql) return value;
  if (isList(value)) return value.map((one) => withoutUnknown(one, known));
  return Object.fromEntries(entriesOf(value).map(([name, one]) => [name, withoutUnknown(one, known)]));
}
