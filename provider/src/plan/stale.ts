import type { ColumnChange, ElementChange } from "../diff/changes";
import { keyElements, renameIn } from "../diff/text";
import { backtick, qualifiedName } from "../sql/identifiers";
import { lex } from "../sql/lexer";
import type { ColumnSpec, IndexSpec, ProjectionSpec, TableSpec } from "../sql/spec";
import { columnsIn, effectsOf, isPlain, type Touched, type TouchedBy } from "./effects";
import { hazard } from "./hazards";
import type { Hazard } from "./plan";
import type { Sorted } from "./table";

/** Stored results of expressions whose columns change under them. */
export interface Stale {
  /** Keys by which rows are no longer ordered: only a rebuild sorts them again. */
  readonly reasons: readonly string[];
  /** They would answer from old values, or the engine refuses the change under them: dropped before, added again after. */
  readonly indexes: readonly Again<IndexSpec>[];
  readonly projections: readonly Again<ProjectionSpec>[];
  /** Changes of indexes and projections whose old version has to be gone before the rest. */
  readonly early: ReadonlySet<ElementChange>;
  /** Reports what stays as it was computed. */
  readonly hazards: readonly Hazard[];
  /** The table's TTL times in the parts were computed from other values. */
  readonly ttl?: Touched;
  /** The same for columns' TTLs, by name. */
  readonly columnTtls: ReadonlyMap<string, Touched>;
}

/** An element that did not change itself, but is dropped and added again. */
export interface Again<T> {
  readonly element: T;
  /** A column under it is rewritten in every part, so the element is rebuilt there with it. */
  readonly rewritten: boolean;
}

/**
 * What column changes leave stale.
 *
 * @param indexesFollow whether the server rebuilds the indexes over a column when it rewrites the column.
 */
export function findStale(
  from: TableSpec,
  to: TableSpec,
  { columns: changes, elements }: Sorted,
  indexesFollow: boolean,
): Stale {
  const touchedBy = effectsOf(to, changes);
  const ofProjection = projectionTouch(to, changes, touchedBy);
  const ofIndex = ({ expression }: IndexSpec): readonly Touched[] =>
    byBytes(expression, to, touchedBy).filter(({ effect }) => effect !== "rewritten" || !indexesFollow);
  const changed = (kind: ElementChange["kind"]): ReadonlySet<string> =>
    new Set(elements.flatMap((change) => (change.kind === kind ? [change.from?.name ?? change.to?.name ?? ""] : [])));
  const [indexes, projections] = [changed("index"), changed("projection")];
  const ttl = touchedBy(to.storage.ttl)[0];
  return {
    reasons: staleKeys(to, touchedBy),
    indexes: again(
      to.indexes.filter(({ name }) => !indexes.has(name)),
      ofIndex,
    ),
    projections: again(
      from.projections.filter(({ name }) => !projections.has(name)),
      ofProjection,
    ),
    early: new Set(elements.filter((change) => isEarly(change, ofIndex, ofProjection))),
    hazards: [...staleValues(to, touchedBy), ...staleConstraints(to, touchedBy), ...staleTtls(to, touchedBy)],
    ...(ttl && { ttl }),
    columnTtls: new Map(
      to.columns.flatMap((column) =>
        touchedBy(column.ttl)
          .slice(0, 1)
          .map((touched) => [column.name, touched] as const),
      ),
    ),
  };
}

function again<T>(elements: readonly T[], touch: (element: T) => readonly Touched[]): Again<T>[] {
  return elements.flatMap((element) => {
    const touched = touch(element);
    return touched.length === 0 ? [] : [{ element, rewritten: touched.some(({ effect }) => effect === "rewritten") }];
  });
}

/** Over bare columns only bytes count, and those stay the same with another time zone or a type that reads the same bytes. */
function byBytes(expression: string, { columns }: TableSpec, touchedBy: TouchedBy): readonly Touched[] {
  const touched = touchedBy(expression);
  if (!isPlain(expression, columns)) return touched;
  return touched.filter(({ effect }) => effect === "rewritten" || effect === "recomputed");
}

/**
 * Measured: while the mutation of DROP INDEX or DROP PROJECTION has not run, parts answer from the old one by the new definition (on 24.8
 * to 26.7); and before 26 the engine rewrites no column under an index, even if the same ALTER drops the index.
 */
function isEarly(change: ElementChange, ofIndex: Touch<IndexSpec>, ofProjection: Touch<ProjectionSpec>): boolean {
  if (change.kind === "constraint" || change.from === undefined) return false;
  if (change.to !== undefined) return true;
  return (change.kind === "index" ? ofIndex(change.from) : ofProjection(change.from)).length > 0;
}

type Touch<T> = (element: T) => readonly Touched[];

/**
 * The engine allows few changes under a projection; but only functions see a column's zone. The body uses the old column names.
 * Measured: `SELECT *` has a column that was added after it, with the type's default instead of the column's (24.8, 25.8).
 */
function projectionTouch(to: TableSpec, changes: readonly ColumnChange[], touchedBy: TouchedBy): Touch<ProjectionSpec> {
  const renames = new Map(
    changes.flatMap((change) => (change.kind === "column-renamed" ? [[change.from, change.to] as const] : [])),
  );
  const all = to.columns.flatMap(({ name, default: value }) => (value?.kind === "ALIAS" ? [] : [backtick(name)]));
  const added = changes.flatMap((change) =>
    change.kind === "column-added" && change.column.default?.kind === "DEFAULT" ? [change.column.name] : [],
  );
  return ({ body }) => {
    const { readsAll, computes } = readingOf(body);
    const text = renameIn(body, renames);
    const touched = touchedBy(readsAll ? [text, ...all].join(", ") : text);
    const names = columnsIn(body);
    const renamed = [...renames].filter(([name]) => readsAll || names.has(name)).map(([name, to]) => `${name} → ${to}`);
    return [
      ...(computes ? touched : touched.filter(({ effect }) => effect !== "rezoned")),
      ...[...renamed, ...(readsAll ? added : [])].map((what) => ({
        column: what,
        effect: "recomputed" as const,
        what,
      })),
    ];
  };
}

/** Whether a projection reads every column (`SELECT *`), and whether it does more than name columns. */
function readingOf(body: string): { readsAll: boolean; computes: boolean } {
  const tokens = lex(body);
  const readsAll = tokens.some(
    ({ text }, index) => text === "*" && /^(?:SELECT|,)$/i.test(tokens[index - 1]?.text ?? ""),
  );
  const computes = tokens.some(
    ({ kind, text }, index) =>
      (kind === "word" && tokens[index + 1]?.text === "(") || (kind === "operator" && !/^[,*.]$/.test(text)),
  );
  return { readsAll, computes };
}

const KEYS = [
  ["PARTITION BY", "partitionBy"],
  ["ORDER BY", "orderBy"],
  ["PRIMARY KEY", "primaryKey"],
  ["SAMPLE BY", "sampleBy"],
] as const;

/** Functions in keys: rows are where the old values put them. A bare column is handled with its type. */
function staleKeys({ columns, storage }: TableSpec, touchedBy: TouchedBy): string[] {
  return KEYS.flatMap(([clause, key]) =>
    keyElements(storage[key])
      .filter((element) => !isPlain(element, columns))
      .flatMap((element) =>
        touchedBy(element)
          .slice(0, 1)
          .map(({ what }) => `${element} of ${clause} gives other values: ${what}`),
      ),
  );
}

/** MATERIALIZED columns keep what their expression returned. */
function staleValues({ columns, ...table }: TableSpec, touchedBy: TouchedBy): Hazard[] {
  return columns.flatMap((column: ColumnSpec) => {
    if (column.default?.kind !== "MATERIALIZED") return [];
    return touchedBy(column.default.expression)
      .slice(0, 1)
      .map(({ what }) => {
        const again = `ALTER TABLE ${qualifiedName(table)} MATERIALIZE COLUMN ${backtick(column.name)}`;
        const message = `rows keep ${column.name} as ${column.default?.expression} gave it before ${what}; ${again} computes it again`;
        return hazard("metadata-only", message);
      });
  });
}

/** Parts get the times that a TTL computes now, by which rows can expire earlier. */
function staleTtls({ columns, storage, ...table }: TableSpec, touchedBy: TouchedBy): Hazard[] {
  return [storage.ttl, ...columns.map(({ ttl }) => ttl)].flatMap((ttl) => {
    const [touched] = touchedBy(ttl).filter(({ isInstant }) => !isInstant || !isOfInstants(ttl));
    if (touched === undefined) return [];
    const message = `rows of ${qualifiedName(table)} are past ${ttl} at another time, which may be earlier: ${touched.what}`;
    return [hazard("drops-data", message)];
  });
}

/** Whether the expression returns the same point in time in any zone: it computes no day or month. */
function isOfInstants(expression = ""): boolean {
  const calls = lex(expression).filter(({ kind }, index, tokens) => kind === "word" && tokens[index + 1]?.text === "(");
  return calls.every(({ text }) => /^(?:toDateTime|toInterval(?:Second|Minute|Hour|Day|Week)|plus|WHERE)$/.test(text));
}

/** Constraints are only checked by inserts. */
function staleConstraints({ constraints, ...table }: TableSpec, touchedBy: TouchedBy): Hazard[] {
  return constraints.flatMap(({ name, expression }) =>
    touchedBy(expression)
      .slice(0, 1)
      .map(({ what }) => {
        const check = `SELECT count() FROM ${qualifiedName(table)} WHERE NOT (${expression})`;
        const message = `constraint ${name} is not checked on rows that are there, and reads ${what} (how many violate it: ${check})`;
        return hazard("metadata-only", message);
      }),
  );
}
