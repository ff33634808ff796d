import type { Lattice } from "../sql/rights/lattice";
import type { Spread } from "./spread";

/** An object as it is on the server. */
export interface LiveObject {
  readonly key: string;
  /** CREATE statement as the server prints it, one element per line. */
  readonly statement: string;
  readonly engine: string;
  readonly uuid: string;
  /** Rows it stores itself; undefined where the engine does not count them (views, remote engines). */
  readonly rows: number | undefined;
  /** Size on disk, compressed; undefined where the engine does not report it. */
  readonly bytes: number | undefined;
  /** Of a user, a role and the like: the access storage that it is in, and others that have one of its name. */
  readonly access?: { readonly storage: string; readonly others: readonly string[] };
  /** Of a grant, whose statement is all that the grantee has: the privileges in terms of which a part of it is told. */
  readonly privileges?: Lattice;
  /** On which hosts of the cluster it is; absent where there is none. */
  readonly spread?: Spread;
}
