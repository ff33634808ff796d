import { SchemaError } from "../errors";
import { renderCreate } from "../sql/render";
import type { ObjectSpec, ViewSpec } from "../sql/spec";
import { didYouMean } from "../util/near";
import type { Finding, LintCatalog, LintOverrides, Rule, Severity } from "./finding";
import { placeAt } from "./place";
import { rules } from "./rules";
import { Subject } from "./subject";

export { keysAround } from "./around";
export type { Finding, LintCatalog, LintOverrides, OutputColumn, Place, Severity } from "./finding";
export { placeIn } from "./place";
export { rules } from "./rules";

const SEVERITIES: readonly string[] = ["off", "info", "warning", "error"];

/**
 * Looks for mistakes, including silent ones, in one object. Pure and cheap (a millisecond or two per object).
 *
 * @param spec best in canonical form; what a declared one leaves out keeps some rules silent.
 * @param catalog what it reads and writes.
 * @param overrides severity by rule id.
 * @returns worst first.
 * @throws {SchemaError} for an unknown rule or severity in `overrides`.
 */
export function lintObject(spec: ObjectSpec, catalog: LintCatalog, overrides: LintOverrides = {}): Finding[] {
  checkOverrides(overrides);
  const subject = new Subject(spec, catalog);
  const findings = rules.flatMap((rule) => {
    const override = overrides[rule.id];
    return override === "off" ? [] : runRule(rule, subject, override);
  });
  const rank = (finding: Finding): number => SEVERITIES.indexOf(finding.severity);
  return findings.sort((a, b) => rank(b) - rank(a));
}

/**
 * The same for a query that creates nothing, such as one for monitoring. Places refer to its own text.
 *
 * @param name its name in findings.
 */
export function lintQuery(query: string, name: string, catalog: LintCatalog, overrides: LintOverrides = {}): Finding[] {
  const spec: ViewSpec = { kind: "view", database: "query", name: "query", columns: [], query };
  const base = renderCreate(spec).length - query.length;
  return lintObject(spec, catalog, overrides).map(({ at, ...finding }) => ({
    ...finding,
    object: name,
    ...(at && at.offset >= base && { at: placeAt(query, at.offset - base, at.text) }),
  }));
}

/** @throws {SchemaError} naming every unknown rule id, with the nearest one, and every unknown severity. */
export function checkOverrides(overrides: Readonly<Record<string, unknown>>): void {
  const ids = rules.map(({ id }) => id);
  const problems = Object.entries(overrides).flatMap(([id, severity]) => {
    if (!ids.includes(id)) return [`lint: "${id}" is not a rule${didYouMean(id, ids)}`];
    if (typeof severity === "string" && SEVERITIES.includes(severity)) return [];
    return [`lint["${id}"]: expected "off", "info", "warning" or "error", found ${JSON.stringify(severity)}`];
  });
  if (problems.length > 0) throw new SchemaError("config-invalid", problems);
}

/** One paragraph for a terminal or a log. */
export function describeFinding({ rule, message, why, fix }: Finding): string {
  return `${message} ${why} ${fix} [${rule}]`;
}

function runRule(rule: Rule, subject: Subject, override: Severity | undefined): Finding[] {
  return [...rule.check(subject)].map(({ message, why, fix, at, severity }) => ({
    rule: rule.id,
    severity: override ?? severity ?? rule.severity,
    object: subject.name,
    message,
    why,
    fix,
    ...(at && { at: placeAt(subject.statement, at.offset, at.text) }),
  }));
}
