import { qualifiedName, quoteIdentifier } from "../identifiers";
import type { AttributeSpec, DictionarySpec } from "../spec";
import { renderComment } from "./clauses";
import { joinParts, renderSettings } from "./columns";

/** `CREATE DICTIONARY` in the engine's layout. */
export function renderDictionary(spec: DictionarySpec): string {
  const { attributes, primaryKey, source, lifetime, layout, range, settings, comment } = spec;
  const lines = attributes.map((one) => `    \`${one.name.replace(/[`\\]/g, "\\$&")}\` ${renderAttribute(one)}`);
  return [
    `CREATE DICTIONARY ${qualifiedName(spec)}`,
    ...(lines.length === 0 ? [] : [`(\n${lines.join(",\n")}\n)`]),
    `PRIMARY KEY ${primaryKey}`,
    `SOURCE(${source})`,
    ...(lifetime === undefined ? [] : [`LIFETIME(${lifetime})`]),
    `LAYOUT(${layout})`,
    ...(range === undefined ? [] : [`RANGE(${range})`]),
    ...(settings === undefined ? [] : [`SETTINGS(${renderSettings(settings)})`]),
  ]
    .join("\n")
    .concat(renderComment(comment));
}

/** What follows the name of an attribute. */
export function renderAttribute({ type, default: value, expression, flags }: AttributeSpec): string {
  return joinParts([
    type,
    value !== undefined && `DEFAULT ${value}`,
    expression !== undefined && `EXPRESSION ${expression}`,
    ...flags,
  ]);
}

/** The columns of a key, as written. */
export function renderKey(names: readonly string[]): string {
  return names.map(quoteIdentifier).join(", ");
}
