import { SchemaError } from "../../errors";
import { backtick, qualifiedName, unquoteIdentifier } from "../../sql/identifiers";
import { lex } from "../../sql/lexer";
import type { ColumnSpec, TableSpec } from "../../sql/spec";
import type { BackfillLimits } from "./options";

const TIME = /^(?:LowCardinality\()?(?:Date|Date32|DateTime|DateTime64)\b/;

/**
 * Converts {@link BackfillLimits.from} into a condition on the target's rows.
 *
 * @throws {SchemaError} when the time cannot be parsed, or its column cannot be determined.
 */
export function sinceCondition(target: TableSpec, { from, timeColumn }: BackfillLimits): string | undefined {
  if (from === undefined) return undefined;
  const moment = momentOf(from);
  if (moment === undefined) {
    throw new SchemaError(
      "option-invalid",
      `from: ${from} is not a time; expected ISO 8601 such as 2024-01-01 or 2024-01-01T12:00:00Z.`,
    );
  }
  const column = timeColumnOf(target, timeColumn);
  const iso = moment.toISOString();
  if (!/^(?:LowCardinality\()?Date(?:32)?\b(?!Time)/.test(column.type ?? "")) {
    return `${backtick(column.name)} >= fromUnixTimestamp64Milli(toInt64(${moment.getTime()}))`;
  }
  if (!iso.endsWith("T00:00:00.000Z")) {
    throw new SchemaError(
      "option-invalid",
      `from: ${column.name} of ${qualifiedName(target)} holds days, and ${from} is in the middle of one. Give a whole day.`,
    );
  }
  return `${backtick(column.name)} >= toDate32('${iso.slice(0, 10)}')`;
}

function momentOf(text: string): Date | undefined {
  const match = /^\d{4}-\d{2}-\d{2}(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)(Z|[+-]\d{2}:?\d{2})?)?$/.exec(
    text.trim(),
  );
  if (match === null) return undefined;
  const [, time = "00:00", zone = "Z"] = match;
  const moment = new Date(`${text.trim().slice(0, 10)}T${time}${zone}`);
  return Number.isNaN(moment.getTime()) ? undefined : moment;
}

function timeColumnOf(target: TableSpec, named: string | undefined): ColumnSpec {
  const keys = [target.storage.orderBy, target.storage.primaryKey, target.storage.partitionBy].join(" ");
  const words = new Set(
    lex(keys)
      .filter(({ kind }) => kind === "word" || kind === "quoted")
      .map(({ text }) => unquoteIdentifier(text)),
  );
  const times = target.columns.filter(({ type }) => TIME.test(type ?? ""));
  const found = times.filter(({ name }) => (named === undefined ? words.has(name) : name === named));
  const [column] = found;
  if (column !== undefined && found.length === 1) return column;
  const names = (found.length > 0 ? found : times).map(({ name }) => name).join(", ") || "none";
  throw new SchemaError(
    "option-invalid",
    `from: ${named === undefined ? "" : `${named} is not a time column of ${qualifiedName(target)}; `}name a Date or DateTime column of ` +
      `${qualifiedName(target)} as timeColumn (candidates: ${names}).`,
  );
}
