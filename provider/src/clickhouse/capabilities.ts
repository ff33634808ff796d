import { quoteString } from "../sql/identifiers";
import { atLeast } from "./version";

/** Something that some servers can do and others cannot. */
export interface Capability {
  /** In a sentence's subject place: what the server can do. */
  readonly what: string;
  /** The first release with it: decides where the server's parser has not been, or cannot be, asked. */
  readonly since: string;
  /** A statement that only the parser of a server with it takes. Without one the release decides alone. */
  readonly parses?: string;
  /** What is done where it is missing. */
  readonly otherwise: string;
}

/** What differs between servers, and what is done on those without it. Nothing else decides by a server's version. */
export const CAPABILITIES = {
  replaceMaterializedView: {
    what: "CREATE OR REPLACE MATERIALIZED VIEW",
    since: "26.4",
    parses: "CREATE OR REPLACE MATERIALIZED VIEW a TO b AS SELECT 1",
    otherwise:
      "the new view is made beside the old one and the two are exchanged, while inserts into their sources are refused; a runner that dies in between " +
      "leaves them refused until the operation is resumed or aborted",
  },
} as const satisfies Readonly<Record<string, Capability>>;

/** The name of a row of the table. */
export type CapabilityName = keyof typeof CAPABILITIES;

/** What one server can do. */
export type Capabilities = Readonly<Record<CapabilityName, boolean>>;

const ROWS: Readonly<Record<string, Capability>> = CAPABILITIES;
const PROBED = Object.entries(ROWS).flatMap(([name, { parses }]) => (parses === undefined ? [] : [{ name, parses }]));

/** Asks a server who it is and what its parser takes, in one question. */
export const GREETING = `SELECT version() AS version, [${PROBED.map(({ parses }) => probe(parses)).join(", ")}] AS parses`;
/** For a server that is too old for that. */
export const OLD_GREETING = "SELECT version() AS version";

/** The row that answers {@link GREETING} or {@link OLD_GREETING}. */
export interface Greeting {
  readonly version: string;
  /** 1 for each statement that the parser takes, in the order of the table. */
  readonly parses?: readonly number[];
}

/** What a server can do by its own word and, where that was not asked, by its version. */
export function capabilitiesOf({ version, parses }: Greeting): Capabilities {
  const told = new Map(PROBED.map(({ name }, index) => [name, parses?.[index]]));
  const entries = Object.entries(ROWS).map(([name, { since }]) => {
    const answer = told.get(name);
    return [name, answer === undefined ? atLeast(version, since) : answer === 1];
  });
  return Object.freeze(Object.fromEntries(entries)) as Capabilities;
}

function probe(statement: string): string {
  return `isNotNull(formatQueryOrNull(${quoteString(statement)}))`;
}
