import { SchemaError } from "../errors";
import { plural } from "../util/format";
import { isProperties, type Properties } from "../util/properties";
import { code, prose, shorten } from "./markdown";

/** The output of `clickhouse-schema rehearse --json`, as far as a report needs it. */
export type SavedRehearsal = Properties;

/**
 * Reads a saved rehearsal.
 *
 * @throws {SchemaError} when it is none.
 */
export function readRehearsal(text: string): SavedRehearsal {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    found = undefined;
  }
  if (isProperties(found) && ("verdict" in found || isProperties(found["error"]))) return found;
  throw new SchemaError(
    "input-unreadable",
    'Expected the output of `clickhouse-schema rehearse --json`, an object with "verdict". Run: clickhouse-schema rehearse preview.json --json > rehearsal.json',
  );
}

const VERDICTS: Readonly<Record<string, string>> = {
  fine: "✅ Rehearsed on a sample of the server's rows: all is fine.",
  found: "❌ **Rehearsed on a sample of the server's rows:**",
  incomplete: "⚠️ Rehearsed in part, on a sample of the server's rows:",
};

/** What a rehearsal has found. No value of a row is shown, even if the file has some. */
export function renderRehearsal(rehearsal: SavedRehearsal, budget: number): string[] {
  const failure = rehearsal["error"];
  if (isProperties(failure)) return [`⚠️ Not rehearsed: ${prose(shorten(String(failure["message"]), 400))}`];
  const head = VERDICTS[String(rehearsal["verdict"])] ?? "Rehearsed.";
  const lines: string[] = [];
  let used = head.length + 100;
  let left = 0;
  for (const line of [...findings(rehearsal), ...expected(rehearsal)]) {
    used += line.length + 3;
    if (left > 0 || used > budget) left++;
    else lines.push(`- ${line}`);
  }
  if (left > 0) lines.push(`- <i>${left} more</i>`);
  return ["### Rehearsal", [head, ...(lines.length === 0 ? [] : ["", ...lines])].join("\n")];
}

function findings(rehearsal: SavedRehearsal): string[] {
  return [
    ...listOf(rehearsal, "statements").flatMap(({ error, object, sql, status }) =>
      status === "fails" ? [`❌ ${name(object)}: ${code(shorten(String(sql), 120))} fails${because(error)}`] : [],
    ),
    ...listOf(rehearsal, "values").flatMap(describeFit),
    ...listOf(rehearsal, "inserts").flatMap(({ after, before, object }) =>
      after !== undefined && before === undefined
        ? [`❌ ${name(object)}: inserts as they are sent today are refused${because(after)}`]
        : [],
    ),
    ...listOf(rehearsal, "readers").flatMap(({ changed, error, object, status, what }) => {
      if (status === "fails") return [`❌ ${name(object)} cannot be read any more${because(error)}`];
      if (changed === true || (status !== "differs" && status !== "gone")) return [];
      const written = what === "written" ? ", written by views," : "";
      return [`❌ ${name(object)}${written} returns something else, and is not changed itself`];
    }),
    ...listOf(rehearsal, "gaps").map(
      ({ message, object }) => `⚠️ ${name(object)}: not rehearsed: ${prose(String(message))}`,
    ),
  ];
}

function describeFit(fit: Properties): string[] {
  const count = (key: string): number => Number(fit[key] ?? 0);
  const parts = [
    ...(count("unfit") > 0 ? [`${count("unfit")} do not fit`] : []),
    ...(count("changed") > 0 ? [`${count("changed")} become another value`] : []),
    ...(count("nulls") > 0 ? [`${count("nulls")} NULLs would be replaced`] : []),
    ...(fit["error"] === undefined ? [] : [`the conversion fails${because(fit["error"])}`]),
  ];
  if (parts.length === 0) return [];
  const types = `${code(String(fit["from"]))} → ${code(String(fit["to"]))}`;
  return [
    `❌ ${name(fit["object"])}, column ${name(fit["column"])}, ${types}: of ${plural(count("values"), "value")}, ${parts.join(", ")}`,
  ];
}

function expected(rehearsal: SavedRehearsal): string[] {
  return listOf(rehearsal, "estimates").map(
    ({ object, rows, seconds }) =>
      `${name(object)}: about ${Math.ceil(Number(seconds))} s for ${plural(Number(rows), "row")}`,
  );
}

/** Only the number: the words may quote a row. */
function because(error: unknown): string {
  return isProperties(error) ? ` (code ${Number(error["code"])})` : "";
}

function name(value: unknown): string {
  return code(shorten(String(value), 120));
}

function listOf(rehearsal: SavedRehearsal, key: string): Properties[] {
  const found = rehearsal[key];
  return Array.isArray(found) ? found.filter(isProperties) : [];
}
