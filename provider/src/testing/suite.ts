import { sourcesOf } from "../lineage/sources";
import { type DeclaredProgram, loadProgram, type ProgramOptions } from "../program/load";
import { qualifiedName } from "../sql/identifiers";
import { quotedName } from "../sql/object-key";
import { reachable } from "../util/graph";
import type { Subject } from "../verify";
import { Bed } from "./bed";
import { type FileProblem, readTestFiles } from "./files";
import { type RandomOptions, type RandomResult, runRandom } from "./random";
import { keysExpected, runTest, type TestResult } from "./run";
import type { PlacedTest } from "./test";

/** Which targets get random rows: those that no written test covers, all, or none. */
export const RANDOM_CHOICES = ["untested", "all", "none"] as const;
export type RandomChoice = (typeof RANDOM_CHOICES)[number];

/** What {@link runSuite} runs. */
export interface SuiteOptions extends ProgramOptions, RandomOptions {
  /** Test files, or folders of them. Default: the program's folder. */
  readonly files?: readonly string[];
  /** Runs only written tests whose name contains this. */
  readonly grep?: string;
  /** Default: `untested`. */
  readonly random?: RandomChoice;
}

/** The results of written tests and of random rows. */
export interface SuiteResult {
  readonly tests: readonly TestResult[];
  readonly random: readonly RandomResult[];
  /** The seed of the random rows. */
  readonly seed: number;
  /** What is wrong in test files. */
  readonly problems: readonly FileProblem[];
  /** What is here otherwise than declared: the reasons, by quoted name. */
  readonly notes: Readonly<Record<string, string>>;
  readonly seconds: number;
}

/**
 * Runs the tests of a program's views on an embedded engine.
 *
 * @throws {SchemaError} when the program cannot be run, its objects cannot be created, or a path cannot be read.
 */
export async function runSuite(options: SuiteOptions = {}): Promise<SuiteResult> {
  const began = Date.now();
  const { bed, program } = await openProgram(options);
  const { grep = "", random = "untested", seed = 1 } = options;
  try {
    const read = readTestFiles(options.files ?? [program.project.folder]);
    const chosen = read.tests.filter(({ test }) => test.name.includes(grep));
    const tests: TestResult[] = [];
    for (const test of chosen) tests.push(await runTest(bed, test));
    const results = random === "none" ? [] : await runRandom(bed, options, wantedBy(bed, random, read.tests));
    const notes = Object.fromEntries([...bed.notes].map(([key, note]) => [quotedName(key), note]));
    return {
      tests,
      random: results.filter(({ target, views }) => random === "all" || !isCovered(bed, read.tests, target, views)),
      seed,
      problems: read.problems,
      notes,
      seconds: (Date.now() - began) / 1000,
    };
  } finally {
    await bed.close();
  }
}

/** A program with its objects on an engine. */
export interface OpenProgram {
  readonly bed: Bed;
  readonly program: DeclaredProgram;
}

/** @throws {SchemaError} as {@link runSuite}. */
export async function openProgram(options: ProgramOptions): Promise<OpenProgram> {
  const loading = loadProgram(options);
  const bed = await Bed.open(loading.then(({ objects }) => objects.map(({ spec }) => spec)));
  return { bed, program: await loading };
}

function wantedBy(bed: Bed, random: RandomChoice, tests: readonly PlacedTest[]) {
  if (random === "all") return () => true;
  return ({ feeds, shown }: Subject): boolean =>
    !isCovered(
      bed,
      tests,
      qualifiedName(shown),
      feeds.map(({ view }) => qualifiedName(view)),
    );
}

/** Whether written tests expect rows of a target, or of a view over it. */
function isCovered(bed: Bed, tests: readonly PlacedTest[], target: string, views: readonly string[]): boolean {
  const declared = new Set(bed.names);
  const expected = new Set(tests.flatMap(({ test }) => keysExpected(bed, test.expect)));
  const read = [...expected].flatMap((key) => [
    ...reachable((one) => {
      const spec = bed.find(one);
      return spec?.kind === "view" ? sourcesOf(spec, declared) : [];
    }, key),
  ]);
  const names = new Set(read.map(quotedName));
  return names.has(target) || views.some((view) => names.has(view));
}
