import type { Connection } from "../../connection/connection";
import { draftsOf, type FoundRollups, findRollups, type Program, writeProgram } from "../../generate";
import type { ServerObjects } from "../../introspect/server";
import { confirmRollups } from "./rollups";
import type { ImportScratch } from "./scratch";
import { type ComparedViews, compareViews } from "./views";

/** How a program is made of a server's objects. */
export interface ProgramRequest {
  /** As whom the server was read, where rollups are to be recognised; undefined writes none. */
  readonly rollupsFor?: string;
}

/** A program, and what is worth saying of how it was made. */
export interface ImportedProgram {
  readonly program: Program;
  readonly views: ComparedViews;
  /** What was recognised as a rollup, and what not. */
  readonly rollups: FoundRollups;
}

/** Makes the program of what was found on a server. Asks the server for what views read besides, and the scratch engine for the rest. */
export async function programOf(
  connection: Connection,
  found: ServerObjects,
  scratch: ImportScratch,
  { rollupsFor }: ProgramRequest = {},
): Promise<ImportedProgram> {
  const { managed, unmanaged } = found;
  const specs = managed.map(({ spec }) => spec);
  const world = scratch.worldOf(connection, found);
  const drafts = draftsOf(specs);
  const views = await compareViews(world, drafts);
  const rollups =
    rollupsFor === undefined
      ? { rollups: [], refused: new Map<string, string>() }
      : await confirmRollups(world, findRollups(specs, rollupsFor));
  const program = writeProgram(drafts, { unmanaged, listed: views.listed, rollups: rollups.rollups });
  return { program, views, rollups };
}
