import { type Finding, type LintCatalog, lintObject, lintQuery } from "../../lint";
import { quotedName } from "../../sql/object-key";
import { renderCreate } from "../../sql/render";
import { type FileFinding, type Overrides, ownFinding, type Range, type RangedFinding } from "./file-finding";
import { locate, queryStartIn, type Texts } from "./locate";
import type { Outcome } from "./outcome";
import { proseFindings } from "./prose";
import { withRefusal } from "./refusal";
import type { LintSession } from "./session";
import { lineStarts, type Source } from "./source";

/** All findings in the files, in the order of files and lines. */
export function findingsOf(sources: readonly Source[], bench: LintSession, overrides: Overrides): FileFinding[] {
  const linted = bench.outcomes.map((outcome) => ({
    source: outcome.statement.source,
    found: outcome.isSuperseded ? [] : outcomeFindings(bench, outcome, overrides),
  }));
  return sources.flatMap((source) => {
    const ranged = linted.flatMap((one) => (one.source === source ? one.found : []));
    const placed = toFile(source, [...ranged, ...proseFindings(source, overrides)]);
    return placed.sort((a, b) => a.line - b.line || a.column - b.column);
  });
}

/** @returns ranges in the file's text. */
function outcomeFindings(bench: LintSession, outcome: Outcome, overrides: Overrides): RangedFinding[] {
  const { statement, head } = outcome;
  const name: Range = head?.at ?? { start: 0, end: statement.verb.length };
  const found = ruleFindings(bench, outcome, name, overrides);
  const all = [
    ...withRefusal(bench, outcome, found, name, overrides),
    ...standInFinding(outcome, name, overrides),
    ...twinFinding(outcome, name, overrides),
  ];
  return all.map(({ range, ...finding }) => ({
    ...finding,
    range: { start: range.start + statement.offset, end: range.end + statement.offset },
  }));
}

function ruleFindings(bench: LintSession, { statement, head, spec }: Outcome, name: Range, overrides: Overrides) {
  if (spec === undefined) return [];
  const catalog: LintCatalog = { find: (key) => bench.find(key), types: (query) => bench.typesOf(query) };
  const query = "query" in spec ? spec.query : undefined;
  const isQuery = head === undefined && query !== undefined;
  const canonical = isQuery ? query : renderCreate(spec);
  const texts: Texts = {
    written: statement.sql,
    canonical,
    queryStart: isQuery ? 0 : query === undefined ? canonical.length : canonical.lastIndexOf(query),
    name: isQuery ? { start: queryStartIn(statement.sql), end: name.end } : name,
  };
  const findings: Finding[] = isQuery
    ? lintQuery(query, "query", catalog, overrides.rules)
    : lintObject(spec, catalog, overrides.rules);
  return findings.map(({ at, ...finding }): RangedFinding => ({ ...finding, range: locate(texts, at) }));
}

function standInFinding({ standIn, spec, head }: Outcome, name: Range, overrides: Overrides): RangedFinding[] {
  if (standIn === undefined || spec === undefined) return [];
  return ownFinding(overrides, "not-checked", name, {
    object: head === undefined ? "query" : quotedName(`${head.database}\0${head.name}`),
    message: `The statement was not tried as it is written: ${standIn.replaceAll(/\s+/g, " ")}.`.replace(/\.\.$/, "."),
    why: "The nearest local kind replaced it, or its text alone was linted.",
    fix: "Nothing to do: the server decides.",
  });
}

/** In prose, a second version of a statement is mostly there to be compared with the first. */
function twinFinding({ twin, statement, head }: Outcome, name: Range, overrides: Overrides): RangedFinding[] {
  if (twin === undefined || head === undefined || statement.source.isMarkdown) return [];
  const object = quotedName(`${head.database}\0${head.name}`);
  const line = twin.source.text.slice(0, twin.offset).split("\n").length;
  return ownFinding(overrides, "declared-twice", name, {
    object,
    message: `${object} is created at ${twin.source.name}:${line} already, in another way.`,
    why: "This statement fails (code 57), or does nothing where it says IF NOT EXISTS.",
    fix: "Keep one of the two, or write the change as ALTER.",
  });
}

function toFile({ name, text }: Source, findings: readonly RangedFinding[]): FileFinding[] {
  const starts = lineStarts(text);
  const lineOf = (offset: number): number => {
    const next = starts.findIndex((start) => start > offset);
    return next < 0 ? starts.length : next;
  };
  return findings.map(({ range, ...finding }) => {
    const [line, endLine] = [lineOf(range.start), lineOf(Math.max(range.end - 1, range.start))];
    const [start, endStart] = [starts[line - 1] ?? 0, starts[endLine - 1] ?? 0];
    return {
      ...finding,
      file: name,
      line,
      column: range.start - start + 1,
      endLine,
      endColumn: range.end - endStart + 1,
      source: (text.slice(start).split("\n", 1)[0] ?? "").replace(/\r$/, ""),
    };
  });
}
