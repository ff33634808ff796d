import type { ErrorName } from "../clickhouse/error-codes";
import type { ObjectSpec } from "../sql/spec";
import type { Subject } from "./subject";

/** `error` fails the check, `warning` is shown on the resource's row, `info` only in lists of findings. */
export type Severity = "error" | "warning" | "info";

/** Severity by rule id; `off` silences the rule. */
export type LintOverrides = Readonly<Record<string, Severity | "off">>;

/** What a rule reports about one object. */
export interface Finding {
  /** Id of the rule. */
  readonly rule: string;
  readonly severity: Severity;
  /** Quoted name of the object. */
  readonly object: string;
  /** What is there, in one sentence. */
  readonly message: string;
  /** What it leads to. */
  readonly why: string;
  /** What to do. */
  readonly fix: string;
  readonly at?: Place;
}

/** A place in the object's statement, as `renderCreate` writes it. */
export interface Place {
  /** In UTF-16 units, from 0. */
  readonly offset: number;
  /** From 1. */
  readonly line: number;
  /** In UTF-16 units, from 1. */
  readonly column: number;
  /** The text there: finds the place in another spelling of the statement, see `placeIn`. */
  readonly text: string;
}

/** The objects around the one that is checked. Plain data, so that rules stay pure. */
export interface LintCatalog {
  /** An object that the subject reads or writes, by its `objectKey`. If one is absent, rules stay silent. */
  find(key: string): ObjectSpec | undefined;
  /** Whether an object of that key is declared or stands on the server; undefined if that is not known. */
  stands?(key: string): boolean | undefined;
  /** Names and types of a query's outputs, as `DESCRIBE (query)` returns them. */
  types?(query: string): readonly OutputColumn[] | undefined;
}

export interface OutputColumn {
  readonly name: string;
  readonly type: string;
}

/** One thing to look for. Its file is named after its id. */
export interface Rule {
  /** In kebab-case. */
  readonly id: string;
  /** The severity unless a report or the caller says otherwise. */
  readonly severity: Severity;
  /** One line for the list of rules. */
  readonly summary: string;
  /** What happens without it, for the manual; two or three sentences. */
  readonly why: string;
  /** The server's error for the same mistake, if CREATE is refused: the rule then explains it better. */
  readonly refusal?: ErrorName;
  check(subject: Subject): Iterable<Report>;
}

/** What a rule reports; the runner adds the rule and the object. */
export interface Report {
  readonly message: string;
  readonly why: string;
  readonly fix: string;
  /** Where: offset and text within the statement. */
  readonly at?: { readonly offset: number; readonly text: string };
  /** Set if this case is milder than the rule's severity. */
  readonly severity?: Severity;
}
