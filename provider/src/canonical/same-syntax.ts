import { lex, type Token } from "../sql/lexer";

/** Runs a statement on the embedded engine. */
export type Ask = (sql: string) => Promise<{ readonly explain: string }[]>;

/**
 * Functions that servers before 26.x print as operators, however they were written (`plus(a, b)` as `a + b`), and the words of those
 * operators. Newer servers print what was written. Source: ASTFunction::formatImplWithoutAlias of ClickHouse 25.8.
 */
const OPERATORS: ReadonlySet<string> = new Set(
  [
    "plus minus multiply divide modulo negate equals notEquals less greater lessOrEquals greaterOrEquals",
    "isNull isNotNull isNotDistinctFrom like ilike notLike notILike in notIn globalIn globalNotIn",
    "and or not tuple array tupleElement arrayElement lambda",
    "is null",
  ]
    .join(" ")
    .toLowerCase()
    .split(" "),
);

/**
 * Whether two statements are one, but for operators written as functions: their syntax trees are equal, and so are their words without
 * those of operators, since the trees leave out what is no expression (`DESC`, `FINAL`, comments of columns). Two statements on the
 * embedded engine, where the words are equal; otherwise none.
 */
export async function sameSyntax(ask: Ask, one: string, other: string): Promise<boolean> {
  if (wordsOf(one) !== wordsOf(other)) return false;
  try {
    return (await treeOf(ask, one)) === (await treeOf(ask, other));
  } catch {
    // What the embedded engine cannot parse is compared as spelled.
    return false;
  }
}

/** Everything that is no operator, in order: the operands of an operator and of its function have the same. */
function wordsOf(sql: string): string {
  const tokens = lex(sql).filter(({ kind }) => kind !== "comment");
  const isOperator = (index: number): boolean => {
    const { kind, text } = tokens[index] as Token;
    if (kind !== "word") return kind === "operator" || kind === "open" || kind === "close";
    // GLOBAL IN is one, GLOBAL JOIN is none.
    if (/^global$/i.test(text)) return /^(?:not|in)$/i.test(tokens[index + 1]?.text ?? "");
    return OPERATORS.has(text.toLowerCase());
  };
  return tokens.flatMap(({ text }, index) => (isOperator(index) ? [] : [text])).join(" ");
}

interface Node {
  readonly depth: number;
  readonly text: string;
  readonly children: Node[];
}

async function treeOf(ask: Ask, sql: string): Promise<string> {
  const rows = await ask(`SELECT explain FROM (EXPLAIN AST ${sql})`);
  const root: Node = { depth: -1, text: "", children: [] };
  const path: Node[] = [root];
  for (const { explain } of rows) {
    const text = explain.trimStart();
    const node: Node = { depth: explain.length - text.length, text, children: [] };
    while ((path.at(-1)?.depth ?? -1) >= node.depth) path.pop();
    path.at(-1)?.children.push(node);
    path.push(node);
  }
  return print(root);
}

function print(node: Node): string {
  return literalOf(node) ?? `${nameOf(node)}{${node.children.map(print).join(",")}}`;
}

/** An alias stays; the number of children says nothing that the children do not. */
function nameOf({ text }: Node): string {
  return text.replace(/ \(children \d+\)$/, "");
}

/**
 * A literal, or functions that are printed as one: `tuple(1, 2)` as `(1, 2)`. In a subquery, EXPLAIN wraps a literal array or tuple in
 * `_CAST` to its type.
 */
function literalOf(node: Node): string | undefined {
  const [, literal] = /^Literal (.*)$/s.exec(node.text) ?? [];
  if (literal !== undefined) return literal;
  const [, name, alias = ""] =
    /^Function (tuple|array|_CAST)( \(alias .*?\))?(?: \(children \d+\))?$/s.exec(node.text) ?? [];
  const list = node.children.length === 1 ? node.children[0] : undefined;
  if (name === undefined || list === undefined) return undefined;
  const items = list.children.map(literalOf);
  if (items.includes(undefined)) return undefined;
  if (name === "_CAST") return `${items[0]}${alias}`;
  return name === "tuple" ? `Tuple_(${items.join(", ")})${alias}` : `Array_[${items.join(", ")}]${alias}`;
}
