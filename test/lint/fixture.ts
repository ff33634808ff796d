import { readFileSync } from "node:fs";
import { mentionedNames } from "../../provider/src/lineage/mentions";
import { splitStatements } from "../../provider/src/sql/fragments";
import { objectKey } from "../../provider/src/sql/object-key";
import { parseHeader } from "../../provider/src/sql/parse";

/** A statement that a fixture marks by a comment on the line before it. */
export interface Marked {
  /** `database.name`. */
  readonly name: string;
  readonly sql: string;
  /** What the fixture creates before it and it names, e.g. the target of a view. */
  readonly context: readonly string[];
  /** What the comment says. */
  readonly reason: string;
  /** The engine's code, where it refuses the statement: `-- bad (code 47): …`. */
  readonly code?: number;
}

/**
 * Reads a fixture: all statements, and those marked as `-- bad: …` or `-- good: …`. `-- also fires: rule` names another rule that
 * the case cannot do without.
 */
export function readFixture(path: string): { text: string; bad: Marked[]; good: Marked[]; also: string[] } {
  const text = readFileSync(path, "utf8");
  const lines = text.split("\n");
  const also = /^-- also fires: (.*)$/m.exec(text)?.[1]?.split(", ") ?? [];
  const statements = splitStatements(text);
  const marked = (word: string): Marked[] =>
    statements.flatMap(({ sql, line }, index) => {
      const match = new RegExp(`^-- ${word}(?: \\(code (\\d+)\\))?: (.*)$`).exec(lines[line - 2] ?? "");
      if (!match) return [];
      const { database, name: own } = parseHeader(sql);
      const name = database === undefined ? own : `${database}.${own}`;
      const [, code, reason = ""] = match;
      const names = mentionedNames(sql);
      const context = statements.slice(0, index).filter((one) => names.has(keyOfCreate(one.sql) ?? ""));
      const shown = context.map((one) => one.sql);
      return [{ name, sql, context: shown, reason, ...(code !== undefined && { code: Number(code) }) }];
    });
  return { text, bad: marked("bad"), good: marked("good"), also };
}

function keyOfCreate(sql: string): string | undefined {
  const { kind, database = "", name } = parseHeader(sql);
  return kind === "database" ? undefined : objectKey(database, name);
}
