import { GATES } from "../../clickhouse/gates";
import { parseType } from "../../sql/query/types";
import type { Report, Rule, Severity } from "../finding";
import type { Subject } from "../subject";

interface Case {
  readonly pattern: RegExp;
  readonly what: string;
  readonly fix: string;
  readonly severity?: Severity;
}

/** A type that older servers accept only with a setting, as listed in the table of server capabilities. */
function gated(name: string): Case {
  const gate = GATES.find(({ setting }) => setting === name);
  if (gate === undefined) throw new Error(`no setting ${name} opens anything`);
  return {
    pattern: gate.needed,
    what: `servers before ${gate.since} take only with ${gate.setting}, or not at all`,
    fix: "Check the server's version.",
    severity: "info",
  };
}

/** Found on 26.7: what needs a setting on its engine, and what needs one on slightly older servers. */
const CASES: readonly Case[] = [
  { pattern: /\bObject\(/, what: "was removed from the engine", fix: "Use JSON." },
  {
    pattern: /\bNullable\(Tuple\(/,
    what: "is beta and needs enable_nullable_tuple_type",
    fix: "Make the elements Nullable: Tuple(Nullable(…)).",
  },
  {
    pattern: /\bAggregateFunction\((?:timeSeries\w+ToGrid|aggThrow)\b/,
    what: "holds the state of an experimental function, whose format may change",
    fix: "Store the samples and compute when reading.",
  },
  {
    pattern: /\bLowCardinality\((?:Nullable\()?(?:U?Int\d+|Float\d+|Date(?:Time)?(?:32)?|UUID)\b/,
    what: "needs allow_suspicious_low_cardinality_types: a dictionary of numbers is larger than the numbers",
    fix: "Leave LowCardinality out.",
  },
  gated("enable_qbit_type"),
  gated("enable_time_time64_type"),
];

export const experimentalType: Rule = {
  id: "experimental-type",
  severity: "warning",
  summary: "A column has a type that the engine calls experimental or beta, or that only new servers take.",
  why:
    "Such types need a setting in every session that creates the table, replicas and restores included; their " +
    "format may change, and a server of another " +
    "version refuses the same statement.",
  *check(subject: Subject): Iterable<Report> {
    if (subject.spec.kind !== "table" && !(subject.spec.kind === "materializedView" && subject.layout?.own)) return;
    for (const { name, type = "" } of subject.spec.columns) {
      const plain = type.replaceAll(/'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`/g, "''").replaceAll(/\s+/g, " ");
      const found = CASES.find(({ pattern }) => pattern.test(plain));
      if (found === undefined) continue;
      const at = subject.atColumn(name);
      yield {
        message: `\`${name}\` is ${parseType(type).name === plain ? plain : type}, which ${found.what}.`,
        why: "Every session that creates the table needs the setting, and other versions may refuse it.",
        fix: found.fix,
        ...(at && { at }),
        ...(found.severity && { severity: found.severity }),
      };
    }
  },
};
