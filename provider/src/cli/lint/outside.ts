import { lex } from "../../sql/lexer";
import type { ObjectSpec, StorageSpec } from "../../sql/spec";

/**
 * Engines that reach out of the process: some as soon as they are created, others when a view reads them. A Kafka table with a view
 * would consume the real topic.
 */
const ENGINES = new RegExp(
  "^(?:Kafka|RabbitMQ|NATS|FileLog|\\w+Queue|Redis|MySQL|SQLite|(?:Materialized)?PostgreSQL|MongoDB|[OJ]DBC|ExternalDistributed|" +
    "S3|GCS|OSS|COSN|HDFS|Hive|URL|File|AzureBlobStorage|Iceberg\\w*|DeltaLake\\w*|Hudi|Paimon\\w*|YTsaurus|ArrowFlight|" +
    "Executable(?:Pool)?|Remote\\w*|QueryRunner|KeeperMap)\\b",
  "i",
);
/** Table functions that do. */
const FUNCTIONS = new RegExp(
  "^(?:url|file|s3|gcs|oss|cosn|hdfs|azureBlobStorage|iceberg\\w*|deltaLake\\w*|hudi|paimon\\w*|hive|ytsaurus|arrowFlight|executable|" +
    "remote|remoteSecure|mysql|postgresql|mongodb|sqlite|redis|odbc|jdbc|\\w+Cluster|cluster|clusterAllReplicas)$",
  "i",
);
const LOCAL_DATABASES = /^(?:Atomic|Ordinary|Memory|Lazy|Replicated|Shared)\b/;

/** What a spec would reach for when it is created, as a piece of SQL; undefined for what stays within the engine. */
export function reachesOut(spec: ObjectSpec): string | undefined {
  if (spec.kind === "database") {
    return spec.engine === undefined || LOCAL_DATABASES.test(spec.engine) ? undefined : nameOf(spec.engine);
  }
  if (spec.kind === "table" && spec.as) return outsideFunction(spec.as.text) ?? outsideStorage(spec.storage);
  const storage = "storage" in spec ? spec.storage : undefined;
  return ("query" in spec ? outsideFunction(spec.query) : undefined) ?? (storage && outsideStorage(storage));
}

/** The first table function in a query that reads from outside. */
export function outsideFunction(query: string): string | undefined {
  const tokens = lex(query).filter(({ kind }) => kind !== "comment");
  return tokens.find(
    ({ kind, text }, index) =>
      kind === "word" &&
      FUNCTIONS.test(text) &&
      tokens[index + 1]?.text === "(" &&
      /^(?:FROM|JOIN|,|AS)$/i.test(tokens[index - 1]?.text ?? "AS"),
  )?.text;
}

/** The nearest object that stays within the engine; undefined where columns are only known outside. */
export function localKind(spec: ObjectSpec): ObjectSpec | undefined {
  if (spec.kind !== "table" || spec.as || spec.columns.length === 0) return undefined;
  const { engine = "", settings } = spec.storage;
  return ENGINES.test(engine)
    ? { ...spec, indexes: [], projections: [], constraints: [], storage: { engine: "Memory", settings: [] } }
    : { ...spec, storage: { ...spec.storage, settings: settings.filter((setting) => !isInlineDisk(setting)) } };
}

function outsideStorage({ engine = "", settings }: StorageSpec): string | undefined {
  if (ENGINES.test(engine)) return nameOf(engine);
  const disk = settings.find(isInlineDisk);
  return disk && `${disk.name} = ${nameOf(disk.value)}`;
}

/** `disk = disk(type = s3, …)` writes there to see whether it can. */
function isInlineDisk({ name, value }: { name: string; value: string }): boolean {
  return name === "disk" && value.includes("(");
}

function nameOf(call: string): string {
  return /^\s*(\w+)/.exec(call)?.[1] ?? call;
}
