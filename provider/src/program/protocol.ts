import type { Properties } from "../util/properties";
/** What `load.ts` asks of the process that runs a program. */
export interface ProgramRequest {
  /** File or folder that is loaded. */
  readonly entry: string;
  /** The package is an ES module. */
  readonly isModule: boolean;
  readonly project: string;
  readonly stack: string;
  /** Config by full key, `project:key`. */
  readonly config: Readonly<Record<string, string>>;
}

/** A resource as the program registered it. */
export interface Registered {
  readonly type: string;
  readonly name: string;
  readonly inputs: Properties;
}

/** The answer: what was registered, or why the program failed. */
export type ProgramReply = { readonly resources: readonly Registered[] } | { readonly failure: string };
