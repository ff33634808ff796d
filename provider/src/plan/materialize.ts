import { backtick, qualifiedName, quoteIdentifier } from "../sql/identifiers";
import type { TableSpec } from "../sql/spec";
import { hazard } from "./hazards";
import type { Statement } from "./plan";
import type { Sorted } from "./table";

/** Builds in old parts what was added: one mutation, one rewrite. */
export function planMaterialize(to: TableSpec, { columns, elements }: Sorted): Statement[] {
  const commands = [
    ...elements.flatMap((change) => {
      if (change.to === undefined || change.kind === "constraint") return [];
      return [`MATERIALIZE ${change.kind.toUpperCase()} ${quoteIdentifier(change.to.name)}`];
    }),
    ...columns.flatMap((change) =>
      change.kind === "column-statistics" && change.to !== undefined
        ? [`MATERIALIZE STATISTICS ${backtick(change.name)}`]
        : [],
    ),
  ];
  if (commands.length === 0) return [];
  const body = commands.length === 1 ? ` ${commands[0]}` : `\n    (${commands.join("),\n    (")})`;
  const message = `what is added is built in every part of ${qualifiedName(to)}`;
  return [
    Object.freeze({
      kind: "statement" as const,
      sql: `ALTER TABLE ${qualifiedName(to)}${body}`,
      hazards: [hazard("rewrites-parts", message)],
      mutation: true,
    }),
  ];
}
