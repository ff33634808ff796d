import { unquoteIdentifier } from "../../sql/identifiers";
import { lex, type Token } from "../../sql/lexer";
import { objectKey } from "../../sql/object-key";
import { readTarget } from "./create-header";
import type { Statement } from "./source";

/** What a statement other than CREATE does to the objects before it. */
export type Change =
  | { readonly kind: "alter"; readonly key: string; readonly plain: string }
  | { readonly kind: "drop"; readonly key: string }
  /** Moves or makes objects in a way that is not tracked. */
  | { readonly kind: "unsure"; readonly names: readonly string[] };

/** Commands that change a definition; mutations and work on partitions do not. */
const STRUCTURAL =
  /^(?:ADD|RENAME\s+COLUMN|COMMENT|MODIFY|ALTER\s+COLUMN|RESET\s+SETTING|DROP\s+(?:COLUMN|INDEX|CONSTRAINT|PROJECTION|STATISTICS))\b/i;
/** First words of statements that are not queries. */
const VERBS = new Set(
  (
    "USE SET INSERT UPDATE DELETE ALTER CREATE DROP DETACH ATTACH UNDROP REPLACE RENAME EXCHANGE MOVE TRUNCATE OPTIMIZE SYSTEM GRANT " +
    "REVOKE EXECUTE KILL CHECK SHOW DESCRIBE DESC EXPLAIN EXISTS WATCH BACKUP RESTORE COPY BEGIN START COMMIT ROLLBACK VALUES"
  ).split(" "),
);
/** Settings that decide what may be created; others could change the engine's answers. */
const HARMLESS_SET = /^SET\s+(?:(?:(?:allow|enable)_\w+|flatten_nested|data_type_default_nullable)\s*=\s*\w+[\s,]*)+$/i;

/** Whether a statement can begin with this word, as opposed to a template or a typo. */
export function isKnown(verb: string): boolean {
  return VERBS.has(verb);
}

/** Whether a `SET` may be applied before what follows it is tried. */
export function isHarmless(sql: string): boolean {
  return HARMLESS_SET.test(sql);
}

/** What a statement changes; undefined if it changes no definition. */
export function readChange({ verb, sql, database }: Statement): Change | undefined {
  if (["RENAME", "EXCHANGE", "UNDROP", "RESTORE", "ATTACH", "CREATE"].includes(verb)) {
    const tokens = lex(sql);
    const names = tokens.filter((token, index) => isName(token) && tokens[index + 1]?.text !== ".");
    return { kind: "unsure", names: names.map(({ text }) => unquoteIdentifier(text)) };
  }
  if (verb !== "ALTER" && verb !== "DROP" && verb !== "DETACH") return undefined;
  const target = readTarget(sql, database);
  if (target === undefined) return undefined;
  const key = objectKey(target.database, target.name);
  if (verb !== "ALTER") return { kind: "drop", key };
  return STRUCTURAL.test(target.rest) ? { kind: "alter", key, plain: target.plain } : undefined;
}

/** A query without the clauses that only say where its rows go and in which format. */
export function withoutFormat(sql: string): string {
  const tokens = lex(sql).filter(({ kind }) => kind !== "comment");
  let depth = 0;
  for (const [index, token] of tokens.entries()) {
    depth += token.kind === "open" ? 1 : token.kind === "close" ? -1 : 0;
    const next = tokens[index + 1];
    const isEnd = /^(?:INTO OUTFILE|FORMAT \w+)$/i.test(`${token.text} ${next?.text}`);
    const isOperand = /^(?:AS|SELECT|BY|[.,(=])$/i.test(tokens[index - 1]?.text ?? "");
    if (depth === 0 && token.kind === "word" && next?.text.toUpperCase() !== "FROM" && isEnd && !isOperand)
      return sql.slice(0, token.start).trimEnd();
  }
  return sql;
}

function _closing(tokens: readonly Token[], open: number): Token | undefined {
  let depth = 0;
  return tokens.slice(open).find((token) => {
    depth += token.kind === "open" ? 1 : token.kind === "close" ? -1 : 0;
    return depth === 0;
  });
}

function isName({ kind }: Token): boolean {
  return kind === "word" || kind === "quoted";
}
