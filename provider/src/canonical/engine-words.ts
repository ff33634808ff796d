import type { ServerError } from "../connection/errors";
import {
  isSyntaxError,
  isUnknownCodec,
  isUnknownColumn,
  isUnknownEngine,
  isUnknownSetting,
  isUnknownType,
} from "../connection/server-message";
import { lex } from "../sql/lexer";
import { didYouMean } from "../util/near";
import type { Culprit } from "./culprit";

/**
 * Explains a wrong argument in our words, then in the engine's.
 *
 * @param columns of the table.
 * @param isShown whether its SQL may be shown; the engine's message may still quote it.
 */
export function explainCulprit(label: string, culprit: Culprit, columns: readonly string[], isShown: boolean): string {
  const { error, path } = culprit;
  const words = isShown ? wordsOf(culprit, columns) : "is refused";
  return `${label}: ${path}: ${words}\n  ClickHouse: ${engineWords(error.message).replace(SUGGESTION, "")}`;
}

/** The engine's message without lists of everything that its parser knows, and without names that the engine generated. */
export function engineWords(message: string): string {
  return message
    .replace(/\.? Expected one of: [\s\S]*?(?= \([A-Z_]+\)$|$)/, ".")
    .replace(
      /failed at position \d+ \(([\s\S]*?)\) \(line \d+, col \d+\): [\s\S]*?(?=\.? (?:Expected|Unmatched|Multi)|\.? \([A-Z_]+\)$|$)/,
      "at `$1`",
    )
    .replace(/:? in scope SELECT _CAST\([\s\S]*? FROM dummy\.dummy/gi, "")
    .replace(/(\w)_tmp_alter\d+/g, "$1")
    .replace("Syntax error: at ", "Syntax error at ")
    .replace(/(available columns:)((?: '[^']*')+)/, (_, head: string, names: string) => head + ownColumns(names))
    .replace(/\.{2,}/g, ".");
}

/** Leaves out the engine's own columns, which every table has: they do not help to find a typo. */
function ownColumns(names: string): string {
  const own = names.split(" ").filter((name) => name !== "" && !name.startsWith("'_"));
  return own.map((name) => ` ${name}`).join("");
}

const SUGGESTION = /\.? Maybe you meant: \[[^\]]*\]/;

function wordsOf({ error, path, value }: Culprit, columns: readonly string[]): string {
  const suggested = suggestionOf(error);
  if (isUnknownType(error)) {
    const name = /family:? [`']?([^`'.\s]+)/.exec(error.message)?.[1];
    return `ClickHouse knows no type \`${name ?? value}\`${suggested}`;
  }
  if (isUnknownEngine(error)) return `ClickHouse knows no engine \`${value}\`${suggested}`;
  if (isUnknownSetting(error)) return `is no setting${suggested}`;
  if (isUnknownCodec(error)) return `ClickHouse knows no codec of this name in \`${value}\``;
  if (isSyntaxError(error)) return `\`${value}\` cannot be read as SQL${spanHint(path, value)}`;
  const name = isUnknownColumn(error) ? nameIn(error, value) : undefined;
  if (name === undefined) return `\`${value}\` is refused`;
  const isText = /\.(?:default|materialized|ephemeral)$/.test(path) && name === value;
  const hint = isText ? `. A string needs quotes of its own: "'${value}'"` : didYouMean(name, columns);
  return `reads \`${name}\`, which is no column of the table${hint}`;
}

/** What the engine does not know: a word of the expression, so that no generated name is shown. */
function nameIn(error: ServerError, value: string): string | undefined {
  const words = lex(value).filter(({ kind }) => kind === "word" || kind === "quoted");
  return (
    words
      .map(({ text }) => text.replaceAll(/^[`"]|[`"]$/g, ""))
      .find((word) => {
        const head = error.message.split(/ in scope |, required columns|Maybe you meant/i)[0] ?? "";
        return new RegExp(`['\`]${word.replace(/\W/g, "\\$&")}['\`]`).test(head);
      }) ?? (words.length === 1 ? words[0]?.text : undefined)
  );
}

function suggestionOf({ message }: ServerError): string {
  const first = /Maybe you meant: \['([^']+)'/.exec(message)?.[1];
  return first === undefined ? "" : `. Did you mean \`${first}\`?`;
}

/** `90 days`, as a Rollup accepts it. */
function spanHint(path: string, value: string): string {
  const [, count, unit] = /^(\d+)\s*(second|minute|hour|day|week|month|quarter|year)s?$/i.exec(value.trim()) ?? [];
  if (!/(?:^|\.)ttl$/.test(path) || count === undefined || unit === undefined) return "";
  return `. Name the time that it counts from: \`time + INTERVAL ${count} ${unit.toUpperCase()}\``;
}
