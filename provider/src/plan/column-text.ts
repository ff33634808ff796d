import { backtick, quoteString } from "../sql/identifiers";
import { joinParts } from "../sql/render/columns";
import type { ColumnSpec } from "../sql/spec";
import type { Command } from "./alter";

type Default = NonNullable<ColumnSpec["default"]>;

/** COMMENT COLUMN: the form that every engine and every view accepts. */
export function commentColumn(name: string, text: string | undefined): Command {
  return { sql: `COMMENT COLUMN ${backtick(name)} ${quoteString(text ?? "")}`, own: "COMMENT COLUMN" };
}

/** MODIFY COMMENT, of the object itself. */
export function modifyComment(text: string | undefined): Command {
  return { sql: `MODIFY COMMENT ${quoteString(text ?? "")}`, own: "MODIFY COMMENT" };
}

/** ` FIRST` or ` AFTER x`. */
export function place(after: string | undefined): string {
  return after === undefined ? " FIRST" : ` AFTER ${backtick(after)}`;
}

/** `DEFAULT a + 1`. */
export function renderDefault(value: Default, column: ColumnSpec): string {
  const { kind, expression } = writtenDefault(value, column);
  return joinParts([kind, expression]);
}

/** A bare EPHEMERAL cannot precede AFTER: the engine takes that for its expression. */
export function writtenDefault(value: Default, column: ColumnSpec): Default {
  return value.kind === "EPHEMERAL" ? { ...value, expression: value.expression ?? typeDefault(column) } : value;
}

/** The default value of a column that declares none, as an expression. */
export function typeDefault({ type }: ColumnSpec): string {
  return `defaultValueOfTypeName(${quoteString(type ?? "")})`;
}
