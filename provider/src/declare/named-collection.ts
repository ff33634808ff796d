import {
  type CollectionEntry,
  HIDDEN_VALUE,
  type NamedCollectionSpec,
  sortedEntries,
} from "../sql/access/named-collection";
import type { QualifiedName } from "../sql/spec";
import { describe, isObject, objectAt, Problems, type Raw } from "./fields";

/** Arguments of `NamedCollection` → spec. Secrets come as names only. @throws {SchemaError} naming every wrong argument. */
export function declareNamedCollection({ name }: QualifiedName, args: unknown): NamedCollectionSpec {
  const problems = new Problems();
  const raw = objectAt(args, "", ["values", "overridable", "secrets"], problems);
  const values = mapAt(raw, "values", problems);
  const flags = mapAt(raw, "overridable", problems);
  // Their values come on another way.
  const secrets = Object.keys(mapAt(raw, "secrets", problems));
  const entries = new Map<string, CollectionEntry>();
  for (const [key, value] of Object.entries(values)) {
    const text = plainText(value, `values.${key}`, problems);
    if (text === HIDDEN_VALUE)
      problems.add(`values.${key}`, `is "${HIDDEN_VALUE}", which stands for a secret; put it into secrets`);
    entries.set(key, { key, value: text });
  }
  for (const key of secrets) {
    if (entries.has(key)) problems.add(`secrets.${key}`, "is in values, too; a key has one value");
    entries.set(key, { key });
  }
  for (const [key, flag] of Object.entries(flags)) {
    const entry = entries.get(key);
    if (entry === undefined) problems.add(`overridable.${key}`, "is no key of the collection");
    else if (typeof flag !== "boolean")
      problems.add(`overridable.${key}`, `expected true or false, found ${describe(flag)}`);
    else entries.set(key, { ...entry, overridable: flag });
  }
  if (entries.size === 0) problems.add("values", "is empty, and so is secrets; a collection has at least one key");
  if (entries.has("")) problems.add("values", "has a key without a name");
  problems.throwIfAny();
  return { kind: "namedCollection", name, entries: sortedEntries([...entries.values()]) };
}

function mapAt(raw: Raw, key: string, problems: Problems): Raw {
  const value = raw[key] ?? {};
  if (isObject(value)) return value;
  problems.add(key, `expected a map from key to value, found ${describe(value)}`);
  return {};
}

/** As the server stores it: everything is text. */
function plainText(value: unknown, path: string, problems: Problems): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  if (typeof value === "boolean") return value ? "1" : "0";
  problems.add(path, `expected a string, a number or a boolean, found ${describe(value)}`);
  return "";
}
