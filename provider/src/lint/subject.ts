import { backtick, quoteIdentifier } from "../sql/identifiers";
import { lex } from "../sql/lexer";
import { keyOf, objectKey, quotedName } from "../sql/object-key";
import {
  type Call,
  callsIn,
  columnsIn,
  type Expression,
  parseQuery,
  type Query,
  type Select,
  type Source,
} from "../sql/query";
import { renderCreate } from "../sql/render";
import type { ColumnSpec, MaterializedViewSpec, ObjectSpec, StorageSpec, TableSpec } from "../sql/spec";
import type { LintCatalog } from "./finding";

/** A column that a view's query returns. */
export interface Output {
  readonly name: string;
  /** Absent if unknown. */
  readonly type?: string;
  /** Absent for columns from `*`. */
  readonly expression?: Expression;
}

/** Where a view's rows are stored: its inner table, or the target of TO. */
export interface Layout {
  /** Quoted name for messages. */
  readonly name: string;
  readonly columns: readonly ColumnSpec[];
  readonly storage: StorageSpec;
  /** Whether the layout is in the subject's own statement. */
  readonly own: boolean;
}

/** The object that is linted, with what rules need to know about it. Everything is computed once, on first use. */
export class Subject {
  readonly spec: ObjectSpec;
  readonly catalog: LintCatalog;
  /** Quoted name. */
  readonly name: string;
  private readonly cache = new Map<string, unknown>();

  constructor(spec: ObjectSpec, catalog: LintCatalog) {
    this.spec = spec;
    this.catalog = catalog;
    this.name = quotedName(keyOf(spec));
  }

  /** The statement that places refer to. */
  get statement(): string {
    return this.once("statement", () => renderCreate(this.spec));
  }

  /** The materialized view that the subject is, if its inserts trigger it. */
  get incremental(): MaterializedViewSpec | undefined {
    return this.spec.kind === "materializedView" && this.spec.refresh === undefined ? this.spec : undefined;
  }

  /** The query of a view; undefined for other objects and if it cannot be parsed. */
  get query(): Query | undefined {
    return this.once("query", () => ("query" in this.spec ? parseQuery(this.spec.query) : undefined));
  }

  /** All SELECTs, including those in parentheses and common table expressions. */
  get selects(): readonly Select[] {
    return this.once("selects", () => (this.query === undefined ? [] : selectsIn(this.query)));
  }

  /** The one SELECT of a query without UNION. */
  get select(): Select | undefined {
    const [select, ...others] = this.query?.selects ?? [];
    return others.length === 0 ? select : undefined;
  }

  /** The SELECTs through which an insert's rows pass, outermost first: the others are read as a whole at each insert. */
  get triggered(): readonly Select[] {
    return this.once("triggered", () => (this.query === undefined ? [] : leftmost(this.query, [])));
  }

  /** The table whose inserts trigger an incremental view, as the text names it. */
  get trigger(): { database: string; name: string } | undefined {
    const { database, name } = this.triggered.at(-1)?.from[0]?.table ?? {};
    return database === undefined || name === undefined ? undefined : { database, name };
  }

  /** The object that {@link trigger} names. */
  get source(): ObjectSpec | undefined {
    return this.trigger && this.find(this.trigger);
  }

  /** The query's outputs. */
  get outputs(): readonly Output[] {
    return this.once("outputs", () => this.readOutputs());
  }

  /** Where rows are stored; undefined for other objects and for an unknown target. */
  get layout(): Layout | undefined {
    return this.once("layout", () => this.readLayout());
  }

  find(name: { database: string; name: string }): ObjectSpec | undefined {
    return this.catalog.find(objectKey(name.database, name.name));
  }

  /** Columns of a table named in FROM; none for anything else. */
  columnsOf(source: Source | undefined): readonly ColumnSpec[] {
    const { database, name } = source?.table ?? {};
    const spec = database === undefined || name === undefined ? undefined : this.find({ database, name });
    return spec !== undefined && "columns" in spec ? spec.columns : [];
  }

  /** Calls in an expression, and in the aliases that it uses. */
  callsOf(select: Select, expression: Expression, seen: ReadonlySet<string> = new Set()): Call[] {
    const named = columnsIn(expression).flatMap(({ parts }) => {
      const [alias, ...rest] = parts;
      if (alias === undefined || rest.length > 0 || seen.has(alias)) return [];
      const item = select.items.find((one) => one.alias === alias && one.expression !== expression);
      const target = item?.expression ?? select.with.find(({ name }) => name === alias)?.expression;
      return target === undefined ? [] : this.callsOf(select, target, new Set(seen).add(alias));
    });
    return [...callsIn(expression), ...named];
  }

  /** Where an expression of the subject's query is in its statement. */
  at(expression: Pick<Expression, "text" | "start">): { offset: number; text: string } | undefined {
    if (!("query" in this.spec)) return undefined;
    const base = this.statement.lastIndexOf(this.spec.query);
    return { offset: base + expression.start, text: expression.text };
  }

  /** Where a column is defined in the list of columns. */
  atColumn(name: string): { offset: number; text: string } | undefined {
    return this.atText(`\n    ${backtick(name)} `, 5, backtick(name));
  }

  /** Where a clause such as `ORDER BY` begins. */
  atClause(keyword: string): { offset: number; text: string } | undefined {
    return this.atText(`\n${keyword} `, 1, keyword);
  }

  /** Where the object's own name is. */
  atName(): { offset: number; text: string } | undefined {
    const name = "database" in this.spec ? this.name : quoteIdentifier(this.spec.name);
    return this.atText(` ${name}`, 1, name);
  }

  /** Where a text first stands. */
  atFirst(text: string): { offset: number; text: string } | undefined {
    return this.atText(text, 0, text);
  }

  private atText(needle: string, skip: number, text: string): { offset: number; text: string } | undefined {
    const offset = this.statement.indexOf(needle);
    return offset < 0 ? undefined : { offset: offset + skip, text };
  }

  private readOutputs(): Output[] {
    if (!("query" in this.spec)) return [];
    const known: readonly { name: string; type?: string }[] =
      this.catalog.types?.(this.spec.query) ?? this.spec.columns;
    const items = new Map(this.query?.selects[0]?.items.map((item) => [outputName(item), item]));
    const names: readonly { name: string; type?: string }[] =
      known.length > 0 ? known : [...items.keys()].flatMap((name) => (name === undefined ? [] : [{ name }]));
    return names.map(({ name, type }) => {
      const expression = items.get(name)?.expression;
      return { name, ...(type !== undefined && { type }), ...(expression && { expression }) };
    });
  }

  private readLayout(): Layout | undefined {
    const { spec } = this;
    if (spec.kind === "table") return { name: this.name, columns: spec.columns, storage: spec.storage, own: true };
    if (spec.kind !== "materializedView") return undefined;
    if (spec.to) {
      const target = this.find(spec.to);
      return target?.kind === "table" ? layoutOf(target) : undefined;
    }
    if (spec.storage === undefined) return undefined;
    const columns = spec.columns.length > 0 ? spec.columns : this.outputs;
    return { name: `the inner table of ${this.name}`, columns, storage: spec.storage, own: true };
  }

  private once<T>(key: string, make: () => T): T {
    if (!this.cache.has(key)) this.cache.set(key, make());
    return this.cache.get(key) as T;
  }
}

/** An expression without an alias is named by its text if that is one token; the engine spells others in its own way. */
function outputName({ name, expression }: Select["items"][number]): string | undefined {
  return name ?? (lex(expression.text).length <= 3 && /^\w+\(\)$/.test(expression.text) ? expression.text : undefined);
}

function layoutOf(target: TableSpec): Layout {
  return { name: quotedName(keyOf(target)), columns: target.columns, storage: target.storage, own: false };
}

function selectsIn(query: Query): Select[] {
  return query.selects.flatMap((select) => [
    select,
    ...select.with.flatMap((item) => (item.query === undefined ? [] : selectsIn(item.query))),
    ...select.from.flatMap((source) => (source.query === undefined ? [] : selectsIn(source.query))),
  ]);
}

/** The SELECTs that lead to the first table a query reads, through subqueries and common table expressions. */
function leftmost(query: Query, scope: Select["with"]): Select[] {
  const [select] = query.selects;
  if (select === undefined) return [];
  const [source] = select.from;
  const inScope = [...select.with, ...scope];
  if (source?.query) return [select, ...leftmost(source.query, inScope)];
  if (source?.table === undefined || source.table.database !== undefined) return [select];
  const { name } = source.table;
  const named = inScope.findIndex((item) => item.name === name && item.query !== undefined);
  const found = inScope[named]?.query;
  return found === undefined ? [select] : [select, ...leftmost(found, inScope.slice(named + 1))];
}
