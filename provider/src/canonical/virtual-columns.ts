import { splitArguments } from "../sql/fragments";
import { quoteString } from "../sql/identifiers";
import type { ColumnSpec, ObjectSpec } from "../sql/spec";
import type { Stored } from "./stand-in";

const FILES =
  "_path LowCardinality(String), _file LowCardinality(String), _size Nullable(UInt64), _time Nullable(DateTime), " +
  "_etag LowCardinality(String), _tags Map(String, String), _row_number Nullable(Int64), " +
  "_data_lake_snapshot_version Nullable(UInt64), _iceberg_metadata_file_path LowCardinality(String), " +
  "_headers Map(LowCardinality(String), LowCardinality(String))";
const BROKEN = "_raw_message String, _error String";

/** Virtual columns by engine, which `*` omits. The names and types are those of 26.7. */
const VIRTUAL: readonly (readonly [RegExp, string])[] = [
  [
    /^Kafka\b/i,
    "_topic LowCardinality(String), _key String, _offset UInt64, _partition UInt64, _timestamp Nullable(DateTime), " +
      `_timestamp_ms Nullable(DateTime64(3)), _headers.name Array(String), _headers.value Array(String), ${BROKEN}`,
  ],
  [
    /^RabbitMQ\b/i,
    "_exchange_name LowCardinality(String), _channel_id String, _delivery_tag UInt64, _redelivered UInt8, " +
      `_message_id String, _timestamp UInt64, ${BROKEN}`,
  ],
  [/^NATS\b/i, `_subject LowCardinality(String), ${BROKEN}`],
  [/^FileLog\b/i, `_filename LowCardinality(String), _offset UInt64, ${BROKEN}`],
  [
    /^(?:\w+Queue|S3|GCS|OSS|COSN|HDFS|Hive|URL|File|AzureBlobStorage|Iceberg\w*|DeltaLake\w*|Hudi|Paimon\w*)\b/i,
    FILES,
  ],
  [
    /^(?:Distributed|Remote\w*)\b/i,
    "_shard_num UInt32, _part LowCardinality(String), _part_index UInt64, _part_uuid UUID, _partition_id LowCardinality(String), " +
      "_sample_factor Float64, _part_offset UInt64, _row_exists UInt8, _block_number UInt64, _block_offset UInt64",
  ],
  [/^MaterializedPostgreSQL\b/i, "_sign Int8, _version UInt64"],
  [/^KeeperMap\b/i, "_version Int32"],
];

/**
 * Adds to a stand-in the virtual columns of the object that it replaces, which views may read, as aliases, which `*` omits as well.
 *
 * @param spec the object itself.
 */
export function withVirtualColumns(spec: ObjectSpec): (standIn: Stored) => Stored {
  const engine = "storage" in spec ? (spec.storage?.engine ?? "") : "";
  const added = VIRTUAL.find(([pattern]) => pattern.test(engine))?.[1];
  return (standIn) => {
    if (added === undefined || standIn.kind !== "table" || standIn.columns.length === 0) return standIn;
    const own = new Set(standIn.columns.map(({ name }) => name));
    return { ...standIn, columns: [...standIn.columns, ...columns(added).filter(({ name }) => !own.has(name))] };
  };
}

function columns(list: string): ColumnSpec[] {
  return splitArguments(list).map((text) => {
    const [name = "", ...type] = text.split(" ");
    // Not a constant, which the engine would fold while it analyses a view.
    const expression = `materialize(defaultValueOfTypeName(${quoteString(type.join(" "))}))`;
    return { name, type: type.join(" "), default: { kind: "ALIAS", expression } };
  });
}
