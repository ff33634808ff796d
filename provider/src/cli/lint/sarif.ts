import { createHash } from "node:crypto";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { Severity } from "../../lint";
import { allRules, type FileFinding } from "./file-finding";

const { version } = require("../../../package.json") as { version: string };

const SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json";
const LEVELS: Readonly<Record<Severity, string>> = { error: "error", warning: "warning", info: "note" };

/** Findings as a SARIF 2.1.0 log with one run, for code scanning. */
export function formatSarif(findings: readonly FileFinding[]): object {
  const rules = allRules.map(({ id, severity, summary, why }) => ({
    id,
    shortDescription: { text: summary },
    fullDescription: { text: why },
    help: { text: why },
    defaultConfiguration: { level: LEVELS[severity] },
  }));
  const driver = { name: "clickhouse-schema", version, rules };
  return {
    $schema: SCHEMA,
    version: "2.1.0",
    runs: [{ tool: { driver }, columnKind: "utf16CodeUnits", results: findings.map(resultOf) }],
  };
}

function resultOf(finding: FileFinding): object {
  const { file, line, column, endLine, endColumn, severity, rule, object, message, why, fix, engine, source } = finding;
  const notes = engine === undefined ? [] : [`The engine: ${engine}`];
  return {
    ruleId: rule,
    ruleIndex: allRules.findIndex(({ id }) => id === rule),
    level: LEVELS[severity],
    message: { text: [message, why, fix, ...notes].join(" ") },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: uriOf(file) },
          region: { startLine: line, startColumn: column, endLine, endColumn },
        },
        logicalLocations: [{ fullyQualifiedName: object }],
      },
    ],
    // Lines move; the object and its line's text stay the same.
    partialFingerprints: { "objectLine/v1": digest([rule, object, message, source.trim()].join("\0")) },
  };
}

function uriOf(file: string): string {
  if (file === "-") return "stdin";
  if (path.isAbsolute(file)) return pathToFileURL(file).href;
  return path.normalize(file).split(path.sep).map(encodeURIComponent).join("/");
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}
