import { isStored, type Stored, standIns } from "../../canonical/stand-in";
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
/** Without Keeper they cannot stand, and with ON CLUSTER left out some refuse for that. */
const CLUSTERED = /^(?:Replicated|Shared)\w*MergeTree\b/;
const LOCAL_DATABASES = /^(?:Atomic|Ordinary|Memory|Lazy|Replicated|Shared)\b/;

/**
 * Why a spec is not created as it is written: what it would reach for, or that it lives in a cluster. Undefined for what an engine on
 * its own can host.
 */
export function reachesOut(spec: ObjectSpec): string | undefined {
  if (spec.kind === "database") {
    return spec.engine === undefined || LOCAL_DATABASES.test(spec.engine) ? undefined : reaches(spec.engine);
  }
  const query = "query" in spec ? spec.query : spec.kind === "table" ? spec.as?.text : undefined;
  const called = query === undefined ? undefined : outsideFunction(query);
  if (called !== undefined) return reaches(called);
  return "storage" in spec && spec.storage ? outsideStorage(spec.storage) : undefined;
}

/** The nearest object that stays within the engine; undefined where there is none, or columns are only known outside. */
export function localKind(spec: ObjectSpec): Stored | undefined {
  if (!isStored(spec) || ("query" in spec && outsideFunction(spec.query))) return undefined;
  const isKnown =
    spec.columns.length > 0 || spec.kind === "materializedView" || !ENGINES.test(spec.storage?.engine ?? "");
  const isCopy = spec.kind === "table" && spec.as !== undefined && outsideFunction(spec.as.text) !== undefined;
  return isKnown && !isCopy ? standIns(spec)[0] : undefined;
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

function outsideStorage({ engine = "", settings }: StorageSpec): string | undefined {
  if (ENGINES.test(engine)) return reaches(engine);
  if (CLUSTERED.test(engine)) return `${nameOf(engine)} needs a cluster`;
  const disk = settings.find(isInlineDisk);
  return disk && reaches(`${disk.name} = ${disk.value}`);
}

function reaches(what: string): string {
  return `${nameOf(what)} reaches out of the engine, which is never done here`;
}

/** `disk = disk(type = s3, …)` writes there to see whether it can. */
function isInlineDisk({ name, value }: { name: string; value: string }): boolean {
  return name === "disk" && value.includes("(");
}

function nameOf(call: string): string {
  return /^\s*(\w+)/.exec(call)?.[1] ?? call;
}
