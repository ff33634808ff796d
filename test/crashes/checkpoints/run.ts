/** `pulumi up` without checkpoints, killed at random moments: the next one has to finish, lose nothing and ask for nothing. */
import { setTimeout as sleep } from "node:timers/promises";
import { ask } from "../../../bench/server";
import { isWorkingTable } from "../../../provider/src/operation/names";
import { random } from "../../apply/writers";
import { killCli } from "../../e2e/processes";
import { namesIn } from "../../e2e/support";
import { createProject, type Project } from "../../support/pulumi";
import { freshDatabase, type TestServer } from "../../support/server";
import { namesOf, programOf, rowsOf, type Side, signsOf } from "./program";
import { startWatch, type Watch } from "./watch";

/** Pulumi writes the state once, at the end of an `up`, and not after each resource. */
const WITHOUT_CHECKPOINTS = { PULUMI_EXPERIMENTAL: "true", PULUMI_SKIP_CHECKPOINTS: "true" };
const UP = ["up", "--yes", "--skip-preview"];
const ROWS = 10_000;
/** A provider finishes the statement at which it is before it notices. */
const PATIENCE = 60_000;

/** One `up` that was killed, and what became of it. */
export interface KilledUp {
  readonly to: Side;
  /** The statement before which it was killed, or how long after its start; undefined if it was over before. */
  readonly at: string | undefined;
  /** Empty when the next `up` did what it should. */
  readonly wrong: readonly string[];
}

/** A stack that is changed from one program to the other and back, and killed each time. */
export interface Campaign {
  /** @param index which of the runs; what is random in it derives from this. */
  run(index: number): Promise<KilledUp>;
  close(): Promise<void>;
}

/** How much an `up` is that nobody kills. */
interface Length {
  readonly statements: number;
  readonly milliseconds: number;
}

/** Deploys the program, puts rows into its tables, and changes it there and back. */
export async function startCampaign(server: TestServer, seed: number): Promise<Campaign> {
  const watch = await startWatch(server.url);
  const database = await freshDatabase(server);
  const project = await createProject({ program: programOf(database, "A"), config: { "clickhouse:url": watch.url } });
  const rows = (side: Side): Promise<string> => rowsIn(server.url, database, side);
  const close = async (): Promise<void> => {
    project.remove();
    await watch.close();
    await ask(server.url, `DROP DATABASE IF EXISTS ${database} SYNC`);
  };
  try {
    await project.must(UP, WITHOUT_CHECKPOINTS);
    for (const table of ["changed", "rebuilt", "moved_A"]) {
      const values = `SELECT number, toString(number % 7) FROM numbers(${ROWS})`;
      await ask(server.url, `INSERT INTO ${database}.${table} (a, b) ${values}`);
    }
    const expected = await rows("A");
    const length: Partial<Record<Side, Length>> = {};
    for (const to of ["B", "A"] as const) {
      project.write(programOf(database, to));
      length[to] = await lengthOf(watch, () => project.must(UP, WITHOUT_CHECKPOINTS));
    }
    let side: Side = "A";
    const run = async (index: number): Promise<KilledUp> => {
      side = side === "A" ? "B" : "A";
      project.write(programOf(database, side));
      const at = await killedUp(project, watch, length[side], random(seed * 1000 + index));
      const wrong = await finished(project, server.url, database, side);
      if (wrong.length === 0) {
        const found = await rows(side);
        if (found !== expected) wrong.push(`rows: ${found}, expected ${expected}`);
      }
      return { to: side, at, wrong };
    };
    return { run, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function lengthOf(watch: Watch, work: () => Promise<unknown>): Promise<Length> {
  let statements = 0;
  watch.onChange = () => {
    statements += 1;
  };
  const start = performance.now();
  await work();
  watch.onChange = () => undefined;
  return { statements, milliseconds: performance.now() - start };
}

/** Starts `up` and kills it: mostly at one of its statements, else at any moment. @returns when it was killed. */
async function killedUp(
  project: Project,
  watch: Watch,
  { statements, milliseconds }: Length = { statements: 1, milliseconds: 1 },
  chance: () => number,
): Promise<string | undefined> {
  const byTime = chance() < 0.25;
  const [number, delay, moment] = [Math.floor(chance() * statements), chance() * 20, chance() * milliseconds];
  let seen = 0;
  const reached = new Promise<string>((resolve) => {
    watch.onChange = (statement) => {
      if (seen++ === number && !byTime) setTimeout(() => resolve(statement.replace(/\s+/g, " ").slice(0, 80)), delay);
    };
    if (byTime) setTimeout(() => resolve(`${Math.round(moment)} ms`), moment);
  });
  const up = project.start(UP, WITHOUT_CHECKPOINTS);
  const at = await Promise.race([reached, up.ended.then(() => undefined)]);
  watch.onChange = () => undefined;
  if (at === undefined) return undefined;
  await killCli(up, project.dir, PATIENCE);
  // What was sent before is still running on the server.
  await sleep(50);
  return at;
}

/** Runs `up` again, as a user would. @returns what is not as declared. */
async function finished(project: Project, url: string, database: string, side: Side): Promise<string[]> {
  // Without a lock there is nothing to cancel.
  await project.run(["cancel", "--yes"]);
  const up = await project.run(UP, WITHOUT_CHECKPOINTS);
  if (up.code !== 0) return [`the next up ended with ${up.code}: ${up.text}`];
  const wrong: string[] = [];
  const preview = await project.run(["preview", "--expect-no-changes"]);
  if (preview.code !== 0) wrong.push(`something is left to do: ${preview.text}`);
  const names = (await namesIn(url, database)).filter((name) => !isWorkingTable(name));
  if (names.join() !== namesOf(side).join()) wrong.push(`on the server: ${names.join(", ")}`);
  const [query, answer] = signsOf(database, side);
  const found = await ask(url, query);
  if (found !== answer) wrong.push(`it is ${found}, expected ${answer}`);
  const urns = ((await project.state()).deployment.resources ?? []).map(({ urn }) => urn);
  if (new Set(urns).size !== urns.length) wrong.push("a resource is in the state twice");
  return wrong;
}

/** Counts and hashes of what has to stay. */
async function rowsIn(url: string, database: string, side: Side): Promise<string> {
  const answers: string[] = [];
  for (const table of rowsOf(side)) {
    const what = table === "target" ? "sum(n), 0" : "count(), sum(cityHash64(a, b))";
    answers.push(await ask(url, `SELECT ${what} FROM ${database}.${table}`));
  }
  return answers.join("; ");
}
