import { quoteString } from "../sql/identifiers";
import { GATES, type OpenGates, openGates, SETTINGS_QUESTION, type SettingRow } from "./gates";
import { atLeast } from "./version";

/** Something that some servers support and others do not. */
export interface Capability {
  /** What the server supports, as the subject of a sentence. */
  readonly what: string;
  /** The first release with it: decides if the server's parser was not, or cannot be, queried. */
  readonly since: string;
  /** A statement that only the parser of a server with it accepts. Without one, the release alone decides. */
  readonly parses?: string;
  /** Finds it in a statement that needs it. */
  readonly needed?: RegExp;
  /** What is done without it. */
  readonly otherwise: string;
}

const REFUSED = "refused at preview";

/** What differs between servers, and what is done on those without it. No other code depends on a server's version. */
export const CAPABILITIES = {
  replaceMaterializedView: {
    what: "CREATE OR REPLACE MATERIALIZED VIEW",
    since: "26.7",
    parses: "CREATE OR REPLACE MATERIALIZED VIEW a TO b AS SELECT 1",
    otherwise:
      "the new view is made beside the old one and the two are exchanged, while inserts into their sources are refused; a runner that dies in between " +
      "leaves them refused until the operation is resumed or aborted",
  },
  commentBeforeQuery: {
    what: "COMMENT before AS in CREATE VIEW and CREATE MATERIALIZED VIEW",
    since: "26.3",
    parses: "CREATE VIEW a COMMENT 'x' AS SELECT 1",
    otherwise: "the comment is written after the query, which gets parentheses",
  },
  attachAllPartitions: {
    what: "ALTER TABLE … ATTACH PARTITION ALL FROM",
    since: "24.9",
    otherwise: "partitions are attached one by one",
  },
  pauseView: {
    what: "SYSTEM PAUSE VIEW",
    since: "26.7",
    parses: "SYSTEM PAUSE VIEW a.b",
    otherwise: "a running refresh is awaited, and SYSTEM STOP VIEW prevents the next one",
  },
  groupByMemoryRatio: {
    what: "the setting max_bytes_ratio_before_external_group_by",
    since: "24.12",
    otherwise: "comparing a rollup with its source spills to disk by bytes alone",
  },
  alterUnderIndex: {
    what: "ALTER of the type of a column that a data-skipping index reads",
    since: "26.3",
    otherwise: "the index is dropped first, and added and built again afterwards, in the same change",
  },
  alterUnderStatistics: {
    what: "ALTER of the type of a column with STATISTICS",
    since: "26.3",
    otherwise:
      "the statistics are dropped and added again in the same change; parts have none until they merge, or MATERIALIZE STATISTICS builds them",
  },
  minmaxStatistics: {
    what: "STATISTICS of type minmax",
    since: "25.5",
    needed: /\bSTATISTICS\b[^\n]*\bminmax\b/,
    otherwise: REFUSED,
  },
  uniqOfStrings: {
    what: "STATISTICS of type uniq on a String",
    since: "25.5",
    needed: /` (?:\w+\()*(?:Fixed)?String\b[^\n]* STATISTICS\([^\n)]*\buniq\b/,
    otherwise: REFUSED,
  },
  basicStatistics: {
    what: "STATISTICS of type basic or uniq_v2",
    since: "26.7",
    needed: /\bSTATISTICS\b[^\n]*\b(?:basic|uniq_v2)\b/,
    otherwise: REFUSED,
  },
  textIndex: {
    what: "an index of type text with the embedded engine's arguments",
    since: "26.3",
    needed: /\bTYPE text\b/,
    otherwise: REFUSED,
  },
  sparseGramsIndex: {
    what: "an index of type sparse_grams",
    since: "26.3",
    needed: /\bTYPE sparse_grams\b/,
    otherwise: REFUSED,
  },
  appendRefresh: {
    what: "REFRESH … APPEND",
    since: "24.9",
    parses: "CREATE MATERIALIZED VIEW a REFRESH EVERY 1 HOUR APPEND TO b AS SELECT 1",
    needed: /\bREFRESH (?:EVERY|AFTER)\b[^\n]*\bAPPEND\b/,
    otherwise: REFUSED,
  },
  databaseComment: {
    what: "ALTER DATABASE … MODIFY COMMENT",
    since: "25.4",
    parses: "ALTER DATABASE a MODIFY COMMENT 'x'",
    needed: /^ALTER DATABASE [^\n]* MODIFY COMMENT/,
    otherwise: REFUSED,
  },
  projectionIndex: {
    what: "PROJECTION … INDEX … TYPE",
    since: "26.3",
    parses: "ALTER TABLE a ADD PROJECTION p INDEX x TYPE basic",
    needed: /\bPROJECTION\s+\S+\s+INDEX\b/,
    otherwise: REFUSED,
  },
  projectionSettings: {
    what: "PROJECTION … WITH SETTINGS",
    since: "26.3",
    parses: "ALTER TABLE a ADD PROJECTION p (SELECT x ORDER BY x) WITH SETTINGS (index_granularity = 1)",
    needed: /\bPROJECTION\b[\s\S]*\)\s*WITH SETTINGS\b/,
    otherwise: REFUSED,
  },
  masksCollections: {
    what: "named collections without their values in `system.query_log`",
    since: "25.8",
    otherwise: "said at preview; secrets of a named collection are in the server's logs",
  },
  wildcardGrants: {
    what: "GRANT on a prefix of names (`shop_*.*`)",
    since: "24.10",
    parses: "GRANT SELECT ON a*.* TO b",
    otherwise: REFUSED,
  },
  keepsGrants: {
    what: "READ of a source granted without WRITE, and prefixes inside of prefixes, over a restart",
    since: "26.7",
    otherwise: 'refused at preview, unless `allow: ["unproven"]` says that the configuration keeps them',
  },
  severalMethods: {
    what: "a user with several ways to log in",
    since: "24.9",
    parses: "CREATE USER a IDENTIFIED WITH sha256_password BY '', kerberos",
    needed:
      /\bIDENTIFIED WITH (?:[^'\n]|'(?:[^'\\]|\\.)*')*?, (?:\w+_(?:password|hash)|ldap|kerberos|http|ssl_certificate)\b/,
    otherwise: REFUSED,
  },
  hostLikeAndRegexp: {
    what: "LIKE beside REGEXP in the hosts of one user, of which older ones keep REGEXP alone",
    since: "26.7",
    needed: /\bHOST [^\n]*\bREGEXP '[^\n]*, LIKE '/,
    otherwise: REFUSED,
  },
  urlOfCollection: {
    what: "a table of URL with a named collection, with which older ones do not start again",
    since: "25.8",
    needed: /\bENGINE = URL\((?:`[^`]+`|[A-Za-z_]\w*)\s*[,)]/,
    otherwise: REFUSED,
  },
  timeSeriesSamples: {
    what: "a TimeSeries table with SAMPLES, TAGS and METRICS as the embedded engine writes them",
    since: "26.7",
    parses: "CREATE TABLE a ENGINE = TimeSeries SAMPLES b",
    needed: /\bENGINE = TimeSeries\b[\s\S]*\bSAMPLES\b/,
    otherwise: REFUSED,
  },
} as const satisfies Readonly<Record<string, Capability>>;

/** The name of a row in the table. */
export type CapabilityName = keyof typeof CAPABILITIES;

/** What one server supports. */
export interface Capabilities extends Readonly<Record<CapabilityName, boolean>> {
  /** Settings with which it accepts what newer servers accept without them. */
  readonly gates: OpenGates;
}

/** The oldest tested release. Older ones lack what reading definitions, gates and journals rely on. */
export const OLDEST = "24.8";

/** A warning about a server; undefined for a tested release. */
export function unsupported(version: string): string | undefined {
  if (atLeast(version, OLDEST)) return undefined;
  return (
    `ClickHouse ${version} is older than ${OLDEST} LTS, the oldest release that this package is tested on: it lacks functions and columns of system tables ` +
    "by which definitions are read and changes made, so previews and changes may fail there"
  );
}

const ROWS: Readonly<Record<string, Capability>> = CAPABILITIES;
const PROBED = Object.entries(ROWS).flatMap(([name, { parses }]) => (parses === undefined ? [] : [{ name, parses }]));

/** Queries a server's version, what its parser accepts and which settings it has, in one query. */
export const GREETING = `SELECT version() AS version, [${PROBED.map(({ parses }) => probe(parses)).join(", ")}] AS parses, ${SETTINGS_QUESTION} AS settings`;
/** For a server that is too old for {@link GREETING}. */
export const OLD_GREETING = "SELECT version() AS version";

/** The row that answers {@link GREETING} or {@link OLD_GREETING}. */
export interface Greeting {
  readonly version: string;
  /** 1 for each statement that the parser accepts, in the order of the table. */
  readonly parses?: readonly number[];
  readonly settings?: readonly SettingRow[];
}

/** What a server supports by its own answer or, if that was not queried, by its version. */
export function capabilitiesOf({ version, parses, settings = [] }: Greeting): Capabilities {
  const told = new Map(PROBED.map(({ name }, index) => [name, parses?.[index]]));
  const entries = Object.entries(ROWS).map(([name, { since }]) => {
    const answer = told.get(name);
    return [name, answer === undefined ? atLeast(version, since) : answer === 1];
  });
  return Object.freeze({ ...Object.fromEntries(entries), gates: openGates(settings) }) as Capabilities;
}

/**
 * What a statement needs and a server lacks, in words that name the release; empty if nothing is known to be missing.
 *
 * @param version of the server.
 */
export function missingFor(statement: string, capabilities: Capabilities): string[] {
  const lacking = Object.entries(ROWS).flatMap(([name, { needed, since, what }]) =>
    needed?.test(statement) && !capabilities[name as CapabilityName] ? [`${what} came with ClickHouse ${since}`] : [],
  );
  const closed = GATES.filter(
    ({ needed, setting }) => capabilities.gates.closed.includes(setting) && needed.test(statement),
  );
  return [
    ...lacking,
    ...closed.map(({ setting, what }) => `${what} needs ${setting} = 1, which this user may not set`),
  ];
}

function probe(statement: string): string {
  return `isNotNull(formatQueryOrNull(${quoteString(statement)}))`;
}
