import type { Connection } from "../connection/connection";
import type { Moment } from "../testing/clock";
import type { Objects } from "./concerned";
import type { Sample } from "./read-sample";

/** A column as the engine has it. */
export interface StageColumn {
  readonly name: string;
  readonly type: string;
  /** `DEFAULT`, `MATERIALIZED`, `ALIAS`, `EPHEMERAL`, or nothing. */
  readonly kind: string;
}

/** Something that can be read. */
export interface Relation {
  readonly key: string;
  readonly engine: string;
  /** Its CREATE. */
  readonly statement: string;
}

/** What a stage begins with. */
export interface Scene {
  readonly objects: Objects;
  readonly samples: ReadonlyMap<string, Sample>;
  /** The clock of all views, so that two stages see the same time. */
  readonly moment: Moment;
  /** The server's. */
  readonly timezone: string;
  /** The server's release. An older one accepts what the embedded engine refuses by default. */
  readonly version: string;
  /** Copies what the server allows its user. */
  readonly prepare: (engine: Connection) => Promise<void>;
}

/** An object that is not, or not as it is on the server. */
export interface Shortfall {
  readonly key: string;
  readonly reason: string;
}
