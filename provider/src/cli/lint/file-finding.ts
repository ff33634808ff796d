import { checkOverrides, type Finding, type LintOverrides, rules, type Severity } from "../../lint";

/** Rules not about an object but about linting files. Their severity can be overridden like that of the others. */
export const OWN_RULES = [
  {
    id: "engine-refuses",
    severity: "error",
    summary: "The engine refuses the statement.",
    why: "It was tried on an empty embedded engine; the message has the engine's own words.",
  },
  {
    id: "declared-twice",
    severity: "warning",
    summary: "Two statements create the same object in different ways.",
    why: "The second one fails, or with IF NOT EXISTS does nothing: the object stays as the first one made it.",
  },
  {
    id: "not-checked",
    severity: "info",
    summary: "A statement could not be tried as it is written.",
    why: "It needs what an embedded engine without a network does not have. It was linted as far as its text goes.",
  },
] as const;

/** Id of a rule of {@link OWN_RULES}. */
export type OwnRule = (typeof OWN_RULES)[number]["id"];

/** All rules, for lists of them. */
export const allRules: readonly { id: string; severity: Severity; summary: string; why: string }[] = [
  ...rules,
  ...OWN_RULES,
];

/** A finding in a file. */
export interface FileFinding extends Omit<Finding, "at"> {
  /** As given; `-` for standard input. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** In UTF-16 units, from 1. */
  readonly column: number;
  readonly endLine: number;
  /** After the last character. */
  readonly endColumn: number;
  /** The line itself. */
  readonly source: string;
  /** The engine's message, if it refused the statement for the same reason. */
  readonly engine?: string;
}

/** A finding with its range in the file's text. */
export interface RangedFinding extends Omit<Finding, "at"> {
  /** Offsets into the file's text. */
  readonly range: Range;
  readonly engine?: string;
}

/** Offsets in UTF-16 units: of the first character, and after the last. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Severities by rule id: those for {@link OWN_RULES} and those for the rules over objects. */
export interface Overrides {
  readonly own: LintOverrides;
  readonly rules: LintOverrides;
}

/**
 * Splits the requested severities.
 *
 * @throws {SchemaError} for an unknown rule or severity.
 */
export function readOverrides(overrides: Readonly<Record<string, string>>): Overrides {
  const known = Object.entries(overrides).flatMap(([id, text]) => {
    const severity = SEVERITIES.find((one) => one === text);
    return severity === undefined ? [] : [[id, severity] as const];
  });
  const isOwn = (id: string): boolean => OWN_RULES.some((rule) => rule.id === id);
  const isSaid = (id: string): boolean => isOwn(id) && known.some(([one]) => one === id);
  checkOverrides(Object.fromEntries(Object.entries(overrides).filter(([id]) => !isSaid(id))));
  const pick = (own: boolean): LintOverrides => Object.fromEntries(known.filter(([id]) => isOwn(id) === own));
  return { own: pick(true), rules: pick(false) };
}

/** A finding of a rule of {@link OWN_RULES}; none if it is switched off. */
export function ownFinding(
  overrides: Overrides,
  rule: OwnRule,
  range: Range,
  words: Pick<Finding, "object" | "message" | "why" | "fix"> & { severity?: Severity },
): RangedFinding[] {
  const override = overrides.own[rule];
  const usual = OWN_RULES.find(({ id }) => id === rule)?.severity ?? "error";
  const severity = override ?? words.severity ?? usual;
  return severity === "off" ? [] : [{ ...words, rule, severity, range }];
}

const SEVERITIES = ["off", "info", "warning", "error"] as const;
