import { engineName } from "../clickhouse/engines";
import { splitArguments } from "../sql/fragments";
import type { Right } from "../sql/grants";
import { qualifiedName, quoteIdentifier } from "../sql/identifiers";
import { lex } from "../sql/lexer";
import type { MaterializedViewSpec, QualifiedName, TableSpec } from "../sql/spec";

/** Privilege of each command of ALTER TABLE, as 25.8 requires it; `true` if it can be granted on a column. */
const ALTER_COMMANDS: readonly (readonly [RegExp, string, true?])[] = [
  [/^ADD COLUMN (?:IF NOT EXISTS )?/i, "ALTER ADD COLUMN", true],
  [/^DROP COLUMN (?:IF EXISTS )?/i, "ALTER DROP COLUMN", true],
  [/^(?:MODIFY|ALTER) COLUMN (?:IF EXISTS )?/i, "ALTER MODIFY COLUMN", true],
  [/^COMMENT COLUMN (?:IF EXISTS )?/i, "ALTER COMMENT COLUMN", true],
  [/^CLEAR COLUMN (?:IF EXISTS )?/i, "ALTER CLEAR COLUMN", true],
  [/^RENAME COLUMN (?:IF EXISTS )?/i, "ALTER RENAME COLUMN", true],
  [/^MATERIALIZE COLUMN /i, "ALTER MATERIALIZE COLUMN", true],
  [/^(ADD|DROP|CLEAR|MATERIALIZE) (INDEX|PROJECTION|CONSTRAINT|STATISTICS)\b/i, "ALTER $1 $2"],
  [/^DELETE WHERE\b/i, "ALTER DELETE"],
  [/^MODIFY STATISTICS\b/i, "ALTER MODIFY STATISTICS"],
  [/^MODIFY ORDER BY\b/i, "ALTER ORDER BY"],
  [/^MODIFY SAMPLE BY\b/i, "ALTER SAMPLE BY"],
  [/^REMOVE SAMPLE BY\b/i, "ALTER SAMPLE BY"],
  [/^(?:MODIFY|REMOVE) TTL\b/i, "ALTER TTL"],
  [/^MATERIALIZE TTL\b/i, "ALTER MATERIALIZE TTL"],
  [/^(?:MODIFY|RESET) SETTING\b/i, "ALTER SETTINGS"],
  [/^MODIFY COMMENT\b/i, "ALTER MODIFY COMMENT"],
  [/^MODIFY QUERY\b/i, "ALTER VIEW MODIFY QUERY"],
  [/^MODIFY REFRESH\b/i, "ALTER VIEW MODIFY REFRESH"],
  [/^MODIFY (?:DEFINER\b.*)?SQL SECURITY\b/i, "ALTER VIEW MODIFY SQL SECURITY"],
];

/** For CREATE TABLE. */
export function rightsToCreateTable(spec: TableSpec): Right[] {
  return [{ privilege: "CREATE TABLE", level: qualifiedName(spec) }, ...engineRight(spec.storage.engine)];
}

/** For CREATE VIEW. */
export function rightsToCreateView(spec: QualifiedName): Right[] {
  return [{ privilege: "CREATE VIEW", level: qualifiedName(spec) }];
}

/** For CREATE MATERIALIZED VIEW. */
export function rightsToCreateMaterializedView(spec: MaterializedViewSpec): Right[] {
  const created = rightsToCreateView(spec);
  if (spec.to === undefined) return [...created, ...engineRight(spec.storage?.engine)];
  const target = qualifiedName(spec.to);
  const replaces = spec.refresh !== undefined && !/\bAPPEND\b/.test(spec.refresh);
  const everywhere = `${quoteIdentifier(spec.to.database)}.*`;
  return [
    ...created,
    ...["SELECT", "INSERT"].map((privilege) => ({ privilege, level: target })),
    // A refresh creates a table beside the target and exchanges the two.
    ...(replaces
      ? ["SELECT", "INSERT", "CREATE TABLE", "DROP TABLE"].map((privilege) => ({ privilege, level: everywhere }))
      : []),
  ];
}

/** For ALTER TABLE and CREATE OR REPLACE VIEW. @param object what they change. */
export function rightsToAlter(sql: string, object: QualifiedName): Right[] {
  const level = qualifiedName(object);
  if (/^CREATE OR REPLACE VIEW\b/.test(sql)) {
    return ["CREATE VIEW", "DROP VIEW"].map((privilege) => ({ privilege, level }));
  }
  const head = `ALTER TABLE ${level}`;
  if (!sql.startsWith(head)) return [];
  const privileges = splitArguments(sql.slice(head.length)).flatMap((command) => privilegeOf(command));
  return [...new Set(privileges)].map((privilege) => ({ privilege, level }));
}

/** For the constraint that refuses inserts into a table during a statement. */
export function rightsToRefuseInserts(table: QualifiedName): Right[] {
  return ["ALTER ADD CONSTRAINT", "ALTER DROP CONSTRAINT"].map((privilege) => ({
    privilege,
    level: qualifiedName(table),
  }));
}

function engineRight(engine: string | undefined): Right[] {
  return [{ privilege: "TABLE ENGINE", level: engineName(engine) }];
}

/** For ALTER DATABASE. */
export function rightsOfDatabase(sql: string, level: string): Right[] {
  if (/ MODIFY COMMENT /.test(sql)) return [{ privilege: "ALTER MODIFY DATABASE COMMENT", level }];
  return / MODIFY SETTING /.test(sql) ? [{ privilege: "ALTER DATABASE SETTINGS", level }] : [];
}

/** Nothing for text that is not a command: a comma within a query splits it as well. */
function privilegeOf(command: string): string[] {
  const text = command.trim().replace(/^\(/, "");
  for (const [pattern, privilege, ofColumn] of ALTER_COMMANDS) {
    const found = pattern.exec(text);
    if (found === null) continue;
    if (!ofColumn)
      return [
        privilege
          .replace("$1", found[1] ?? "")
          .replace("$2", found[2] ?? "")
          .toUpperCase(),
      ];
    const column = text.slice(found[0].length);
    return [`${privilege}(${column.slice(0, lex(column)[0]?.end)})`];
  }
  return [];
}
