import { setImmediate } from "node:timers/promises";
import type { Connection } from "../../connection/connection";
import { type Draft, draftsOf, type FoundRollups, findRollups, type Program, writeProgram } from "../../generate";
import type { ServerObjects } from "../../introspect/server";
import type { ObjectSpec } from "../../sql/spec";
import { confirmRollups } from "./rollups";
import type { ImportScratch } from "./scratch";
import { type ComparedViews, compareViews } from "./views";

/** Objects drafted at a time: a millisecond's worth. */
const TURN = 10;

/** How a program is made from a server's objects. */
export interface ProgramRequest {
  /** User that read the server, if rollups are to be recognised; undefined writes none. */
  readonly rollupsFor?: string;
}

/** A program, and what is worth reporting about how it was made. */
export interface ImportedProgram {
  readonly program: Program;
  readonly views: ComparedViews;
  /** What was recognised as a rollup, and what not. */
  readonly rollups: FoundRollups;
}

/** Makes the program from what was found on a server. Queries the server for what else views read, and the embedded engine for the rest. */
export async function programOf(
  connection: Connection,
  found: ServerObjects,
  scratch: ImportScratch,
  { rollupsFor }: ProgramRequest = {},
): Promise<ImportedProgram> {
  const { managed, unmanaged } = found;
  const specs = managed.map(({ spec }) => spec);
  const engine = scratch.engineFor(connection, found);
  const viewDrafts = draftsOf(specs.filter((spec) => "query" in spec));
  // The engine checks views while this process works on the rest.
  const compared = compareViews(engine, viewDrafts);
  compared.catch(() => undefined);
  const others = await draftsInTurns(specs.filter((spec) => !("query" in spec)));
  const drafts = new Map([...others, ...viewDrafts.values()].map((draft) => [draft.key, draft]));
  const views = await compared;
  const rollups =
    rollupsFor === undefined
      ? { rollups: [], refused: new Map<string, string>() }
      : await confirmRollups(engine, findRollups(specs, rollupsFor));
  const program = writeProgram(drafts, { unmanaged, listed: views.listed, rollups: rollups.rollups });
  return { program, views, rollups };
}

/** Yields to the event loop now and then. */
async function draftsInTurns(specs: readonly ObjectSpec[]): Promise<Draft[]> {
  const drafts: Draft[] = [];
  for (let from = 0; from < specs.length; from += TURN) {
    drafts.push(...draftsOf(specs.slice(from, from + TURN)).values());
    await setImmediate();
  }
  return drafts;
}
