import { digest } from "../../provider/src/canonical/fingerprint";
import { programOf } from "../../provider/src/cli/import/program";
import { ImportScratch } from "../../provider/src/cli/import/scratch";
import { HIDDEN } from "../../provider/src/code/value";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { normalize } from "../../provider/src/drift/as-written";
import { messageOf } from "../../provider/src/errors";
import { type ImportedResource, type ImportFile, importFile, type Program } from "../../provider/src/generate";
import { type FoundObject, introspectServer, type ServerObjects } from "../../provider/src/introspect/server";
import { diffObject } from "../../provider/src/kinds/object";
import { quotedName } from "../../provider/src/sql/object-key";
import type { ObjectSpec } from "../../provider/src/sql/spec";
import { makeAll, send, serverFor } from "./servers";
import { type Declared, declaredOf, Stage } from "./stage";
import type { Group } from "./statements";

/** What an object goes through, in order. */
export const STEPS = ["imported", "compiled", "adopted", "unchanged", "undrifted", "recreated"] as const;
export type Step = (typeof STEPS)[number];

/** What became of one object. */
export interface Journey {
  readonly group: string;
  readonly name: string;
  /** As it was on the first server; undefined where it could not be read. */
  readonly live: ObjectSpec | undefined;
  /** It is declared in plain SQL, for this reason. */
  readonly plain: string | undefined;
  /** What went wrong, by step; a step that is not here went well. */
  readonly problems: ReadonlyMap<Step, string>;
}

/** What became of a group. */
export interface Outcome {
  readonly group: string;
  readonly program: Program;
  readonly journeys: Journey[];
  /** Statements that the first server refused, with its words. */
  readonly refused: ReadonlyMap<string, string>;
}

/** Sends a group on its way: made, imported, adopted, previewed, refreshed, and made again on another server. */
export async function travel(group: Group): Promise<Outcome> {
  const [origin, copy] = await Promise.all([serverFor(group), serverFor(group)]);
  const [from, to] = await Promise.all([openConnection({ url: origin.url }), openConnection({ url: copy.url })]);
  try {
    const refused = await makeAll(origin.url, group);
    const found = await introspectServer(from);
    const { program, declared } = await importProgram(from, found);
    const file = importFile(program, (key) => observedIn(found, key));
    const problems = new Map(declared.map(({ key }) => [key, new Map<Step, string>()]));
    const note = (step: Step) => (key: string, problem: string) => problems.get(key)?.set(step, problem);
    await adopt(origin.url, declared, note);
    await preview(origin.url, declared, file.resources.filter(isObject), note("unchanged"));
    for (const statement of prerequisites(group)) await send(copy.url, statement);
    await recreate(copy.url, declared, found, note);
    await compare(await introspectServer(to), program, note("recreated"));
    const journeys = program.resources.map(
      ({ key, live, plain }): Journey => ({
        group: group.name,
        name: quotedName(key),
        live,
        plain,
        problems: problems.get(key) ?? new Map(),
      }),
    );
    return { group: group.name, program, journeys: [...journeys, ...unread(group.name, found)], refused };
  } finally {
    await Promise.all([from.close(), to.close()]);
    await Promise.all([origin.stop(), copy.stop()]);
  }
}

function isObject(one: ImportFile["resources"][number]): one is ImportedResource {
  return "inputs" in one;
}

/** What no server shows again, because it is made of secrets. */
function prerequisites({ statements }: Group): string[] {
  return statements.map(({ sql }) => sql).filter((sql) => /^CREATE NAMED COLLECTION/.test(sql));
}

async function importProgram(connection: Connection, found: ServerObjects) {
  const scratch = new ImportScratch();
  try {
    const { program } = await programOf(connection, found, scratch);
    // Nobody knows the secrets; what hides them all the same is as good.
    return { program, declared: declaredOf(program.files, () => HIDDEN) };
  } finally {
    await scratch.close();
  }
}

function observedIn({ managed }: ServerObjects, key: string): string | undefined {
  const found = managed.find((one) => one.key === key);
  return found && digest(found.live.statement);
}

type Note = (key: string, problem: string) => void;

/** `up` over what exists there: everything is adopted, and a refresh finds no drift. */
async function adopt(url: string, declared: readonly Declared[], note: (step: Step) => Note): Promise<void> {
  const stage = new Stage(url);
  try {
    for (const one of declared) {
      const problem = await attempt(async () => {
        const made = await stage.create(one);
        if (!made.adopted) throw new Error("was recreated, although it existed");
        const again = await stage.changes(one, made.inputs, made.outs);
        if (again !== undefined) note("unchanged")(one.key, again);
        const drift = (await stage.drift(one, made.outs)) ?? (await stage.drift(one, { ...made.outs, __observed: "" }));
        if (drift !== undefined) note("undrifted")(one.key, drift);
      });
      if (problem !== undefined) note("adopted")(one.key, problem);
    }
  } finally {
    await stage.close();
  }
}

/** A preview and a refresh after `pulumi import --file`, by a process that knows nothing yet. */
async function preview(
  url: string,
  declared: readonly Declared[],
  imported: readonly ImportedResource[],
  note: Note,
): Promise<void> {
  const stage = new Stage(url);
  const byId = new Map(imported.map((one) => [`${one.type}\0${one.id}`, one]));
  try {
    for (const one of declared) {
      const state = byId.get(`${one.type}\0${quotedName(one.key)}`);
      if (state === undefined) continue;
      const problem = await attempt(async () => {
        const change = await stage.changes(one, state.inputs, state.outputs);
        if (change !== undefined) throw new Error(change);
        const drift = await stage.drift(one, state.outputs);
        if (drift !== undefined) throw new Error(drift);
      });
      if (problem !== undefined) note(one.key, `after import: ${problem}`);
    }
  } finally {
    await stage.close();
  }
}

/** `up` on an empty server, and a refresh there; what is not managed is created manually when its turn has come. */
async function recreate(
  url: string,
  declared: readonly Declared[],
  { unmanaged }: ServerObjects,
  note: (step: Step) => Note,
): Promise<void> {
  const stage = new Stage(url);
  let open = declared;
  let byHand = unmanaged.filter(({ statement }) => statement !== "").map(({ statement }) => statement);
  try {
    for (;;) {
      const failed = new Map<string, string>();
      for (const one of open) {
        const problem = await attempt(async () => {
          const { outs } = await stage.create(one);
          const drift = await stage.drift(one, outs);
          if (drift !== undefined) note("undrifted")(one.key, `elsewhere: ${drift}`);
        });
        if (problem !== undefined) failed.set(one.key, problem);
        const left: string[] = [];
        for (const statement of byHand) if ((await send(url, statement)) !== undefined) left.push(statement);
        byHand = left;
      }
      if (failed.size === 0 || failed.size === open.length) {
        for (const [key, problem] of failed) note("recreated")(key, problem);
        return;
      }
      open = open.filter(({ key }) => failed.has(key));
    }
  } finally {
    await stage.close();
  }
}

async function compare({ managed }: ServerObjects, { resources }: Program, note: Note): Promise<void> {
  const made = new Map(managed.map((object) => [object.key, object]));
  for (const { key, live, declared } of resources) {
    const problem = difference(live, declared, made.get(key));
    if (problem !== undefined) note(key, problem);
  }
}

function difference(live: ObjectSpec, declared: ObjectSpec, made: FoundObject | undefined): string | undefined {
  if (made === undefined) return undefined;
  const [from, to] = [normalize(live, declared), normalize(made.spec, declared)];
  const [change] = diffObject(from, to);
  if (change !== undefined) return `differs: ${JSON.stringify(change)}`;
  const columns = (spec: ObjectSpec): string => ("query" in spec ? JSON.stringify(spec.columns) : "");
  return columns(from) === columns(to) ? undefined : `differs in columns: ${columns(from)} and ${columns(to)}`;
}

/** Tables and views that could not be read: the server has them, and the program does not. */
function unread(group: string, { unmanaged }: ServerObjects): Journey[] {
  return unmanaged
    .filter(
      ({ kind }) => !["dictionary", "function", "named collection"].includes(kind) && !kind.startsWith("database"),
    )
    .map(({ key, reason }) => ({
      group,
      name: quotedName(key),
      live: undefined,
      plain: undefined,
      problems: new Map([["imported" as const, reason]]),
    }));
}

async function attempt(work: () => Promise<void>): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
