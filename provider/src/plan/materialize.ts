import { mergesByKey } from "../clickhouse/engines";
import { backtick, qualifiedName, quoteIdentifier } from "../sql/identifiers";
import type { TableSpec } from "../sql/spec";
import { hazard } from "./hazards";
import type { Hazard, Statement } from "./plan";
import type { Stale } from "./stale";
import type { Sorted } from "./table";

/** What is also built in old parts, by name. */
export interface Built {
  readonly index: ReadonlySet<string>;
  readonly projection: ReadonlySet<string>;
  readonly statistics: ReadonlySet<string>;
  /** The TTL times of parts are computed again, because what the TTL reads has changed. */
  readonly ttl: boolean;
}

/**
 * What has to be built, or was requested. Parts with and without a projection never merge with each other (measured on 24.8 to 26.7), so
 * if merges change rows, every part gets it. An index that was only dropped for a column's change is rebuilt where parts are rewritten
 * anyway, a projection always.
 */
export function builtIn(to: TableSpec, { columns, elements }: Sorted, stale: Stale, materialize: boolean): Built {
  const added = (kind: "index" | "projection", isBuilt: boolean): string[] =>
    elements.flatMap((change) => (isBuilt && change.kind === kind && change.to ? [change.to.name] : []));
  const statistics = columns.flatMap((change) =>
    materialize && change.kind === "column-statistics" && change.to !== undefined ? [change.name] : [],
  );
  const indexes = stale.indexes.filter(({ rewritten }) => materialize || rewritten);
  return {
    index: new Set([...added("index", materialize), ...indexes.map(({ element }) => element.name)]),
    projection: new Set([
      ...added("projection", materialize || mergesByKey(to.storage.engine)),
      ...stale.projections.map(({ element }) => element.name),
    ]),
    statistics: new Set(statistics),
    ttl: stale.ttl !== undefined || stale.columnTtls.size > 0,
  };
}

/** Builds it: one mutation, one rewrite. */
export function planMaterialize(to: TableSpec, built: Built): Statement[] {
  const { index, projection, statistics, ttl } = built;
  const commands = [
    ...[...index].map((name) => `MATERIALIZE INDEX ${quoteIdentifier(name)}`),
    ...[...projection].map((name) => `MATERIALIZE PROJECTION ${quoteIdentifier(name)}`),
    ...[...statistics].map((name) => `MATERIALIZE STATISTICS ${backtick(name)}`),
    ...(ttl ? ["MATERIALIZE TTL"] : []),
  ];
  if (commands.length === 0) return [];
  const body = commands.length === 1 ? ` ${commands[0]}` : `\n    (${commands.join("),\n    (")})`;
  return [
    Object.freeze({
      kind: "statement" as const,
      sql: `ALTER TABLE ${qualifiedName(to)}${body}`,
      hazards: hazardsOf(to, built),
      mutation: true,
    }),
  ];
}

function hazardsOf(to: TableSpec, { index, projection, statistics, ttl }: Built): Hazard[] {
  const table = qualifiedName(to);
  const apart =
    projection.size > 0 && mergesByKey(to.storage.engine)
      ? "; without that, rows in parts with and without a projection would never be merged with each other"
      : "";
  const isBuilt = index.size + projection.size + statistics.size > 0;
  return [
    ...(isBuilt ? [hazard("rewrites-parts", `what is added is built in every part of ${table}${apart}`)] : []),
    ...(ttl
      ? [
          hazard(
            "rewrites-parts",
            `the columns that the TTL reads are rewritten in every part of ${table}, so that parts written before follow it`,
          ),
        ]
      : []),
  ];
}
