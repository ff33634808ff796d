/** The stacks that are compared: the same tables, declared by this package and by providers that do nothing. */

/** A program with a name. */
export interface Variant {
  readonly name: string;
  /** JavaScript of the program, in the scope of `createProject`. */
  program(database: string, tables: number): string;
  /** Checkout whose build of the package the program uses; this one unless given. */
  readonly checkout?: string;
  /** Further environment of the CLI. */
  readonly env?: Readonly<Record<string, string>>;
}

/** This package. */
export const OURS: Variant = {
  name: "ours",
  program: (database, tables) => `
const db = new clickhouse.Database("bench", { name: "${database}" });
for (let i = 0; i < ${tables}; i++) {
  new clickhouse.Table("events_" + i, {
    database: db,
    columns: ${JSON.stringify(COLUMNS)},
    partitionBy: "toDate(Timestamp)",
    orderBy: ["ServiceName", "SeverityText", "Timestamp"],
    ttl: "toDateTime(Timestamp) + INTERVAL 14 DAY",
    settings: { index_granularity: 8192, ttl_only_drop_parts: 1 },
  });
}
`,
};

/** A dynamic provider that does nothing, written as the Pulumi documentation does. */
export const EMPTY: Variant = { name: "empty", program: (database, tables) => emptyProgram(database, tables, "{}") };

/** The same, with the trick of this package: the state holds a constant instead of the provider's code. */
export const EMPTY_CONSTANT: Variant = {
  name: "empty, constant text",
  program: (database, tables) => emptyProgram(database, tables, CONSTANT_TEXT),
};

/** This package, with the state written once at the end and not after each resource. */
export const OURS_WITHOUT_CHECKPOINTS: Variant = {
  ...OURS,
  name: "no checkpoints",
  env: { PULUMI_EXPERIMENTAL: "true", PULUMI_SKIP_CHECKPOINTS: "true" },
};

/** This package as another checkout has it built. */
export function otherCheckout(checkout: string): Variant {
  return { ...OURS, name: "against", checkout };
}

const COLUMNS = {
  Timestamp: { type: "DateTime64(9)", codec: "Delta(8), ZSTD(1)" },
  TraceId: { type: "String", codec: "ZSTD(1)" },
  SpanId: { type: "String", codec: "ZSTD(1)" },
  TraceFlags: "UInt32",
  SeverityText: { type: "LowCardinality(String)", codec: "ZSTD(1)" },
  SeverityNumber: "Int32",
  ServiceName: { type: "LowCardinality(String)", codec: "ZSTD(1)" },
  Body: { type: "String", codec: "ZSTD(1)" },
  ResourceAttributes: { type: "Map(LowCardinality(String), String)", codec: "ZSTD(1)" },
  LogAttributes: { type: "Map(LowCardinality(String), String)", codec: "ZSTD(1)" },
  DurationMs: { type: "Nullable(Float64)", comment: "wall clock" },
  InsertedAt: { type: "DateTime", default: "now()" },
};

/** The statement that the engine makes of the table above; an empty provider stores it as it comes. */
const STATEMENT_TAIL = `
(
    \`Timestamp\` DateTime64(9) CODEC(Delta(8), ZSTD(1)),
    \`TraceId\` String CODEC(ZSTD(1)),
    \`SpanId\` String CODEC(ZSTD(1)),
    \`TraceFlags\` UInt32,
    \`SeverityText\` LowCardinality(String) CODEC(ZSTD(1)),
    \`SeverityNumber\` Int32,
    \`ServiceName\` LowCardinality(String) CODEC(ZSTD(1)),
    \`Body\` String CODEC(ZSTD(1)),
    \`ResourceAttributes\` Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    \`LogAttributes\` Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    \`DurationMs\` Nullable(Float64) COMMENT 'wall clock',
    \`InsertedAt\` DateTime DEFAULT now()
)
ENGINE = MergeTree
PARTITION BY toDate(Timestamp)
ORDER BY (ServiceName, SeverityText, Timestamp)
TTL toDateTime(Timestamp) + toIntervalDay(14)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1`;

const CONSTANT_TEXT = `{
  transformations: [({ props, opts }) => ({
    props: { ...props, __provider: "exports.handler=()=>({create:async(inputs)=>({id:inputs.qualifiedName,outs:inputs})})" },
    opts,
  })],
}`;

function emptyProgram(database: string, tables: number, opts: string): string {
  return `
const provider = {
  async create(inputs) {
    return { id: inputs.qualifiedName, outs: inputs };
  },
};
class Empty extends pulumi.dynamic.Resource {
  constructor(name, props) {
    super(provider, name, props, ${opts});
  }
}
const tail = ${JSON.stringify(STATEMENT_TAIL)};
const db = new Empty("bench", { name: "${database}", qualifiedName: "${database}", statement: "CREATE DATABASE ${database}" });
for (let i = 0; i < ${tables}; i++) {
  const name = "events_" + i;
  const qualifiedName = pulumi.interpolate\`\${db.name}.\${name}\`;
  const statement = pulumi.interpolate\`CREATE TABLE \${qualifiedName}\${tail}\`;
  new Empty(name, { database: db.name, name, qualifiedName, statement });
}
`;
}
