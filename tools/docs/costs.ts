/**
 * Which rows of docs/changes.md apply to a change of an argument, by interface (`*` for every other) and argument. Arguments not listed
 * only control how changes are made, and cost nothing to change.
 */
export const COSTS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  "*": {
    comment: ["comment of a database, table, view or column"],
    engine: ["engine and its parameters", "a table without rows (Null, Buffer, Distributed, Kafka)"],
    orderBy: ["sorting key", "`ORDER BY` extended by new columns"],
    primaryKey: ["primary key"],
    partitionBy: ["partition key"],
    sampleBy: ["`SAMPLE BY`"],
    ttl: ["table TTL longer; recompression", "table TTL set or shorter"],
    settings: ["table settings", "`index_granularity` and the like"],
    indexes: ["index", "index or projection with `materialize: true`"],
    projections: ["projection", "index or projection with `materialize: true`"],
    constraints: ["constraint"],
    columns: ["column added, anywhere", "column dropped", "column reordered"],
    sqlSecurity: ["`sqlSecurity`, `definer`"],
    definer: ["`sqlSecurity`, `definer`"],
  },
  DatabaseArgs: {
    name: ["database renamed"],
    engine: ["engine of a database"],
  },
  TableArgs: {
    name: ["table renamed"],
    database: ["table moved"],
  },
  SqlFunctionArgs: {},
  ViewArgs: {
    name: ["ordinary view renamed"],
    query: ["query of an ordinary view", "query of an ordinary view that loses or retypes a column"],
    columns: [],
  },
  MaterializedViewArgs: {
    name: ["materialized view renamed", "refreshable view renamed"],
    query: ["query of a materialized view", "query of a refreshable view"],
    to: ["target (`to`) of a materialized view"],
    inner: ["layout of an inner table", "inner table → explicit target"],
    refresh: ["refresh schedule", "incremental → refreshable", "refreshable → incremental"],
    append: ["`append` added", "`append` taken away"],
    columns: [],
  },
  ColumnArgs: {
    name: ["column renamed (`renamedFrom`)"],
    type: [
      "wider type of a column",
      "no longer Nullable",
      "type of a column that not every value may fit (narrower, String → number, Enum value gone)",
      "wider type of a key column",
    ],
    default: ["column default"],
    materialized: ["default ↔ materialized"],
    alias: ["expression of an ALIAS", "stored → ALIAS or EPHEMERAL", "ALIAS or EPHEMERAL → stored"],
    codec: ["column codec"],
    statistics: ["column statistics"],
    ttl: ["column TTL longer", "column TTL set or shorter"],
    settings: ["column settings"],
  },
  IndexArgs: {},
  ProjectionArgs: { settings: [] },
  RollupArgs: {
    engine: [],
    orderBy: [],
    partitionBy: [],
    ttl: [],
    settings: [],
    indexes: [],
    columns: [],
    comment: [],
  },
};
