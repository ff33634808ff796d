import { rmSync, symlinkSync } from "node:fs";
import { loadavg } from "node:os";
import path from "node:path";
import { createProject, type Project, type State } from "../test/support/pulumi";
import { ask, countQueries } from "./server";
import type { Variant } from "./variants";

/** What is timed, in the order it is run. */
export const PHASES = {
  up: ["up", "--yes"],
  "up --skip-preview": ["up", "--yes", "--skip-preview"],
  "preview, no change": ["preview", "--expect-no-changes"],
  refresh: ["refresh", "--yes"],
  "preview --refresh": ["preview", "--refresh", "--expect-no-changes"],
} as const;

export type Phase = keyof typeof PHASES;

/** How often a phase is run in each round; those that change nothing are short, so one run says little. */
const RUNS: Record<Phase, number> = {
  up: 1,
  "up --skip-preview": 1,
  "preview, no change": 3,
  refresh: 2,
  "preview --refresh": 2,
};

/** Phases whose queries are counted. */
export const COUNTED = ["refresh", "preview --refresh"] as const satisfies readonly Phase[];
type Counted = (typeof COUNTED)[number];

/** Seconds of every run, by phase. The n-th runs of two variants were made side by side. */
export type Times = Record<Phase, number[]>;

/** What was measured of one variant. */
export interface Measured {
  readonly variant: Variant;
  readonly times: Times;
  /** Queries that reached the server in each run. */
  readonly queries: Record<Counted, number[]>;
  state: State | undefined;
}

/** How often and how big. */
export interface Size {
  readonly tables: number;
  readonly rounds: number;
}

/**
 * Runs every phase of every variant, side by side: one after the other within a round, each round starting with another one, so that
 * what else the machine does falls on all of them alike.
 */
export async function measure(url: string, variants: readonly Variant[], size: Size, log: Log): Promise<Measured[]> {
  const all = variants.map(
    (variant): Measured => ({ variant, times: noTimes(), queries: noCounts(), state: undefined }),
  );
  for (let round = 0; round < size.rounds; round++) {
    const turns = all.map((_, index) => all[(index + round) % all.length] as Measured);
    await runRound(url, turns, size, (line) => log(`round ${round + 1}: ${line}`));
  }
  return all;
}

type Log = (line: string) => void;

interface Turn {
  readonly measured: Measured;
  readonly database: string;
  project: Project;
}

async function runRound(url: string, order: readonly Measured[], size: Size, log: Log): Promise<void> {
  const turns: Turn[] = [];
  try {
    for (const [index, measured] of order.entries()) {
      const database = `bench_${index}`;
      const program = measured.variant.program(database, size.tables);
      turns.push({ measured, database, project: await newProject(url, measured.variant, program) });
    }
    for (const phase of Object.keys(PHASES) as Phase[]) {
      for (let run = 0; run < RUNS[phase]; run++) {
        for (const turn of turns) {
          if (phase === "up --skip-preview") await startAnew(url, turn, size);
          await runPhase(url, turn, phase);
        }
      }
      const times = turns.map(
        ({ measured: { variant, times } }) => `${variant.name} ${times[phase].at(-1)?.toFixed(2)} s`,
      );
      log(`${phase}: ${times.join(", ")} (load ${loadavg()[0]?.toFixed(1)})`);
    }
  } finally {
    for (const { project, database } of turns) {
      project.remove();
      await ask(url, `DROP DATABASE IF EXISTS ${database}`);
    }
  }
}

async function runPhase(url: string, { measured, project }: Turn, phase: Phase): Promise<void> {
  const run = async (): Promise<void> => {
    const start = process.hrtime.bigint();
    await project.must(PHASES[phase], measured.variant.env);
    measured.times[phase].push(Number(process.hrtime.bigint() - start) / 1e9);
  };
  const counted = COUNTED.find((one) => one === phase);
  if (counted === undefined) return run();
  measured.queries[counted].push(await countQueries(url, run));
  measured.state = await project.state();
}

/** The same program with an empty state and an empty server. */
async function startAnew(url: string, turn: Turn, size: Size): Promise<void> {
  const { variant } = turn.measured;
  turn.project.remove();
  await ask(url, `DROP DATABASE IF EXISTS ${turn.database}`);
  turn.project = await newProject(url, variant, variant.program(turn.database, size.tables));
}

async function newProject(url: string, variant: Variant, program: string): Promise<Project> {
  const project = await createProject({ program, config: { "clickhouse:url": url } });
  if (variant.checkout !== undefined) {
    const modules = path.join(project.dir, "node_modules");
    rmSync(modules);
    symlinkSync(path.join(variant.checkout, "node_modules"), modules);
  }
  return project;
}

function noCounts(): Record<Counted, number[]> {
  return { refresh: [], "preview --refresh": [] };
}

function noTimes(): Times {
  return Object.fromEntries(Object.keys(PHASES).map((phase) => [phase, [] as number[]])) as Times;
}
