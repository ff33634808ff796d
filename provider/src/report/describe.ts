import type { Change, Pair } from "../diff";
import { diffObject } from "../kinds/object";
import { qualifiedName } from "../sql/identifiers";
import type { ColumnSpec, ObjectSpec } from "../sql/spec";
import { code, shorten } from "./markdown";

/** Longest value in a phrase, in characters; the diff below has it in full. */
const LONGEST = 80;

/** The differences between two objects, each a phrase of Markdown. Empty if unknown. */
export function describeChanges(from: ObjectSpec | undefined, to: ObjectSpec | undefined): string[] {
  if (from === undefined || to === undefined || from.kind !== to.kind) return [];
  return diffObject(from, to).map(describe);
}

function describe(change: Change): string {
  switch (change.kind) {
    case "column-added":
      return `column ${code(change.column.name)} is added${typeOf(change.column)}`;
    case "column-dropped":
      return `column ${code(change.column.name)} is dropped${typeOf(change.column)}`;
    case "column-renamed":
      return `column ${value(change.from)} is renamed to ${value(change.to)}`;
    case "column-retyped":
      return `column ${code(change.name)}: type ${value(change.from)} → ${value(change.to)}`;
    case "column-moved":
      return `column ${code(change.name)} moves ${change.after === undefined ? "to the front" : `behind ${code(change.after)}`}`;
    case "column-default":
      return `column ${code(change.name)}: default ${fromTo({ ...present("from", change.from), ...present("to", change.to) })}`;
    case "column-codec":
    case "column-ttl":
    case "column-comment":
    case "column-statistics":
      return `column ${code(change.name)}: ${change.kind.slice("column-".length)} ${fromTo(change)}`;
    case "column-settings":
      return `column ${code(change.name)}: settings`;
    case "index":
    case "projection":
    case "constraint":
      return `${change.kind} ${code((change.to ?? change.from)?.name ?? "")} ${verb(change)}`;
    case "setting":
      return `setting ${code(change.name)}: ${fromTo(change)}`;
    case "renamed":
      return `renamed from ${value(nameOf(change.from))}`;
    case "target":
      return `target: ${fromTo({ ...(change.from && { from: qualifiedName(change.from) }), ...(change.to && { to: qualifiedName(change.to) }) })}`;
    case "query":
      return "the query";
    case "view-columns":
      return "the column list";
    case "database-settings":
      return "settings";
    case "inner-table":
      return "the inner table";
    case "comment":
    case "engine":
    case "security":
    case "ttl":
    case "refresh":
    case "definition":
    case "source":
    case "lifetime":
    case "layout":
    case "range":
    case "limits":
    case "intervals":
    case "identification":
    case "hosts":
    case "grantees":
      return `${change.kind === "limits" ? "settings" : change.kind}: ${fromTo(change)}`;
    case "rights":
      return [...change.added.map((line) => `+ ${value(line)}`), ...change.gone.map((line) => `- ${value(line)}`)].join(
        ", ",
      );
    case "roles":
      return [
        ...change.added.map(({ role }) => `+ role ${value(role)}`),
        ...change.gone.map(({ role }) => `- role ${value(role)}`),
      ].join(", ");
    case "default-roles":
      return `default roles: ${fromTo(change)}`;
    case "collection-key":
      return `key ${value(change.key)}: ${HOW[change.how]}`;
    case "sample-by":
    case "partition-key":
    case "sorting-key":
    case "primary-key":
    case "applies-to":
    case "keyed-by":
    case "default-database":
    case "using":
    case "restrictive":
      return `${change.kind.replace("-", " ")}: ${fromTo(change)}`;
    default:
      return unreachable(change);
  }
}

const HOW = { new: "added", gone: "removed", value: "another value", flag: "whether a query may override it" } as const;

function typeOf({ type }: ColumnSpec): string {
  return type === undefined ? "" : `: ${value(type)}`;
}

function present(side: "from" | "to", found: ColumnSpec["default"]): Pair<string> {
  return found === undefined ? {} : { [side]: [found.kind, found.expression].filter(Boolean).join(" ") };
}

function nameOf({ database, name }: { readonly database: string; readonly name?: string }): string {
  return name === undefined ? database : qualifiedName({ database, name });
}

function verb({ from, to }: Pair<unknown>): string {
  return from === undefined ? "is added" : to === undefined ? "is dropped" : "changes";
}

function fromTo({ from, to }: Pair<string>): string {
  return `${from ? value(from) : "(none)"} → ${to ? value(to) : "(none)"}`;
}

function value(text: string): string {
  return code(shorten(text, LONGEST));
}

function unreachable(change: never): never {
  throw new Error(`No words for ${JSON.stringify(change)}`);
}
