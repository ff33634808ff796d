import { sourceOfTable } from "../sql/dictionary-source";
import { parseQualifiedName } from "../sql/fragments";
import { quoteString } from "../sql/identifiers";
import { renderKey } from "../sql/render/dictionary";
import type { AttributeSpec, DictionarySpec, QualifiedName } from "../sql/spec";
import { settingsAt } from "./columns";
import {
  commentAt,
  describe,
  isObject,
  join,
  noDuplicates,
  objectAt,
  optionalText,
  Problems,
  type Raw,
  requiredText,
  textList,
} from "./fields";

const KEYS = ["columns", "primaryKey", "source", "layout", "lifetime", "range", "settings", "comment"];
const COLUMN_KEYS = ["name", "type", "default", "expression", "hierarchical", "injective", "isObjectId"];

/** Arguments of `Dictionary` → spec. @throws {SchemaError} naming every wrong argument. */
export function declareDictionary({ database, name }: QualifiedName, args: unknown): DictionarySpec {
  const problems = new Problems();
  const raw = objectAt(args, "", KEYS, problems);
  const attributes = attributesAt(raw, problems);
  const primaryKey = keyAt(raw, problems);
  const source = sourceAt(raw, problems);
  const layout = requiredText(raw, "layout", "", problems);
  const lifetime = lifetimeAt(raw, problems);
  const range = rangeAt(raw, problems);
  const settings = settingsAt(raw, "", problems);
  const comment = commentAt(raw, "", problems);
  problems.throwIfAny();
  return {
    kind: "dictionary",
    database,
    name,
    attributes,
    primaryKey,
    source,
    ...(lifetime !== undefined && { lifetime }),
    layout: /\)\s*$/.test(layout) ? layout : `${layout}()`,
    ...(range !== undefined && { range }),
    ...(settings.length > 0 && { settings }),
    ...(comment !== undefined && { comment }),
  };
}

function attributesAt(raw: Raw, problems: Problems): AttributeSpec[] {
  const given = raw["columns"];
  const named: (readonly [unknown, unknown, string])[] = Array.isArray(given)
    ? given.map((one, index) => [isObject(one) ? one["name"] : undefined, one, `columns[${index}]`] as const)
    : Object.entries(isObject(given) ? given : {}).map(([key, one]) => [key, one, `columns.${key}`] as const);
  if (named.length === 0)
    problems.add("columns", "give the columns: a map from name to type, the key's columns included");
  const found = named.flatMap(([name, one, path]) => {
    if (typeof name === "string" && name !== "") return [attributeOf(name, one, path, problems)];
    problems.add(path, `expected an object with a name, found ${describe(one)}`);
    return [];
  });
  noDuplicates(
    found.map((one) => one.name),
    "columns",
    problems,
  );
  return found;
}

function attributeOf(name: string, given: unknown, path: string, problems: Problems): AttributeSpec {
  if (typeof given === "string") return { name, type: given, flags: [] };
  const raw = objectAt(given, path, COLUMN_KEYS, problems);
  const value = optionalText(raw, "default", path, problems);
  const expression = optionalText(raw, "expression", path, problems);
  const flag = (key: string, word: string): string[] => {
    if (raw[key] !== undefined && typeof raw[key] !== "boolean")
      problems.add(join(path, key), `expected true or false, found ${describe(raw[key])}`);
    return raw[key] === true ? [word] : [];
  };
  return {
    name,
    type: requiredText(raw, "type", path, problems),
    ...(value !== undefined && { default: value }),
    ...(expression !== undefined && { expression }),
    flags: [
      ...flag("hierarchical", "HIERARCHICAL"),
      ...flag("injective", "INJECTIVE"),
      ...flag("isObjectId", "IS_OBJECT_ID"),
    ],
  };
}

function keyAt(raw: Raw, problems: Problems): string {
  const given = raw["primaryKey"];
  if (Array.isArray(given)) return renderKey(textList(given, "primaryKey", problems));
  return requiredText(raw, "primaryKey", "", problems);
}

function sourceAt(raw: Raw, problems: Problems): string {
  const given = raw["source"];
  if (!isObject(given)) return requiredText(raw, "source", "", problems);
  if (given["query"] !== undefined) {
    const source = objectAt(given, "source", ["query", "invalidateQuery"], problems);
    const invalidate = optionalText(source, "invalidateQuery", "source", problems);
    const more = invalidate === undefined ? "" : ` INVALIDATE_QUERY ${quoteString(invalidate)}`;
    return `CLICKHOUSE(QUERY ${quoteString(requiredText(source, "query", "source", problems))}${more})`;
  }
  const source = objectAt(given, "source", ["table", "where", "invalidateQuery"], problems);
  const table = parseQualifiedName(requiredText(source, "table", "source", problems));
  if (table === undefined) {
    problems.add("source.table", "expected a table as its resource, or as database.name");
    return "";
  }
  return sourceOfTable(
    table,
    optionalText(source, "where", "source", problems),
    optionalText(source, "invalidateQuery", "source", problems),
  );
}

function lifetimeAt(raw: Raw, problems: Problems): string | undefined {
  const given = raw["lifetime"];
  if (given === undefined) return undefined;
  const [least, most] = Array.isArray(given) ? given : [0, given];
  const isSeconds = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= 0;
  if (isSeconds(least) && isSeconds(most)) return `MIN ${least} MAX ${most}`;
  problems.add("lifetime", `expected seconds between reloads, or [least, most], found ${describe(given)}`);
  return undefined;
}

function rangeAt(raw: Raw, problems: Problems): string | undefined {
  if (raw["range"] === undefined) return undefined;
  const range = objectAt(raw["range"], "range", ["min", "max"], problems);
  return `MIN ${requiredText(range, "min", "range", problems)} MAX ${requiredText(range, "max", "range", problems)}`;
}
