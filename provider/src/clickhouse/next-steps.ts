import { ERROR_CODES, type ErrorName } from "./error-codes";

const NEWER = "Correct the name; where it is right, a newer release has it, or another build: see docs/servers.md.";
const BUSY = "Run again when the server is less busy.";

/** What to do about server errors that say what is wrong, but not what to do. */
const STEPS: Readonly<Partial<Record<ErrorName, string>>> = {
  ACCESS_DENIED:
    "Ask for the grant, or run as another user (clickhouse:username); `npx clickhouse-schema doctor` names every right that is missing.",
  HAVE_DEPENDENT_OBJECTS:
    "Change or drop what depends on it first; what one program no longer declares goes in that order.",
  KEEPER_EXCEPTION: "Run again when the server is connected to its Keeper.",
  MEMORY_LIMIT_EXCEEDED: "Raise max_memory_usage of the user's profile, or run again when the server is less busy.",
  NOT_ENOUGH_SPACE: "Free space on the disk, or add some, and run again.",
  QUERY_WAS_CANCELLED: "Somebody ended the statement with KILL QUERY; run again.",
  QUOTA_EXCEEDED: "The user's quota is used up: wait for the end of its interval, or ask for a larger one.",
  READONLY: "Use a profile that allows it (readonly = 0), or run as another user (clickhouse:username).",
  SYNTAX_ERROR: "Correct the text; where it is right, a newer release reads it: see docs/servers.md.",
  TABLE_IS_READ_ONLY: "Run again when the replica is connected to its Keeper (is_readonly of system.replicas is 0).",
  TABLE_SIZE_EXCEEDS_MAX_DROP_SIZE_LIMIT:
    "The server protects what is that large: raise max_table_size_to_drop or max_partition_size_to_drop, or create the file that it names, and run again.",
  TIMEOUT_EXCEEDED: "Raise max_execution_time of the user's profile, or run again when the server is less busy.",
  TOO_MANY_PARTS: "Inserts arrive faster than parts merge: run again when fewer arrive, or insert larger batches.",
  TOO_MANY_SIMULTANEOUS_QUERIES: BUSY,
  TOO_SLOW: "Raise max_execution_time of the user's profile, or run again when the server is less busy.",
  UNFINISHED:
    "A mutation is retried until it succeeds: see latest_fail_reason in system.mutations, correct the rows, or end it with KILL MUTATION.",
  UNKNOWN_CODEC: NEWER,
  UNKNOWN_DATABASE: 'Correct the name, or declare it: new Database("…"), and pass it as `database`.',
  UNKNOWN_FUNCTION: NEWER,
  UNKNOWN_SETTING: NEWER,
  UNKNOWN_STORAGE: NEWER,
  UNKNOWN_TABLE:
    "Correct the name, or declare what is read, and use it in the text (sql`… ${table}`), so that it is created first.",
  UNKNOWN_TYPE: NEWER,
  VIOLATED_CONSTRAINT:
    "Nothing of the insert was stored. A constraint retry_schema_change_in_progress_… or _hold_… is one of a schema change: insert again; any other is the table's own.",
};

const BY_CODE = new Map<number, string>(
  Object.entries(STEPS).map(([name, step]) => [ERROR_CODES[name as ErrorName], step]),
);

/** The next step after a server error; undefined if its own words have to be enough. @param code ClickHouse error code. */
export function nextStep(code: number): string | undefined {
  return BY_CODE.get(code);
}
