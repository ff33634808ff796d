/**
 * Tests of views in a test framework: mocha, jest, vitest, node:test.
 *
 * @packageDocumentation
 */
import type { DeclaredProgram, ProgramOptions } from "../program/load";
import type { Bed } from "./bed";
import { readTestFiles } from "./files";
import { type RandomOptions, type RandomResult, runRandom } from "./random";
import { readTest } from "./read-test";
import { runTest, type TestResult } from "./run";
import { openProgram } from "./suite";
import type { PlacedTest, ViewTest } from "./test";
import { renderMismatch } from "./text";

export type { DeclaredObject, DeclaredProgram, ProgramOptions } from "../program/load";
export type { Project } from "../program/project";
export type { CellDifference, Difference, RowDifference } from "./compare-rows";
export type { RandomOptions, RandomResult } from "./random";
export type { Mismatch, TestResult } from "./run";
export type * from "./test";

/** A test that found a difference. The message holds the table. */
export class ViewTestError extends Error {
  override readonly name = "ViewTestError";
  readonly result: TestResult;

  /** @internal */
  constructor(result: TestResult) {
    super([...result.reasons, ...result.mismatches.map((one) => renderMismatch(one))].join("\n\n"));
    this.result = result;
  }
}

/**
 * The objects of a program on an embedded engine, on which rows are tried. Tests run one after the other, each on empty tables.
 *
 * @example
 * ```ts
 * const views = await openViews({ program: "examples/obsfly" });
 * await views.test({
 *   given: [{ into: "shop.orders", rows: [{ time: "2026-03-01 10:00:00", product: "tea", price: "2.50" }] }],
 *   expect: [{ from: "shop.daily_read", rows: [{ product: "tea", orders: 1, revenue: "2.50" }] }],
 * });
 * await views.close();
 * ```
 */
export class Views {
  private readonly bed: Bed;
  /** The program whose objects these are. */
  readonly program: DeclaredProgram;

  /** @internal */
  constructor(program: DeclaredProgram, bed: Bed) {
    this.program = program;
    this.bed = bed;
  }

  /**
   * Runs a test.
   *
   * @throws {ViewTestError} when rows differ, with a table of them, and when the test cannot be run, with the reason.
   */
  async test(test: Omit<ViewTest, "name"> & { readonly name?: string }): Promise<void> {
    await this.run({ test: readTest({ name: "test", ...test }) });
  }

  /** The tests in files, or in the files of folders. Default: of the program. @throws {Error} naming every mistake in them. */
  written(paths: readonly string[] = [this.program.project.folder]): PlacedTest[] {
    const { problems, tests } = readTestFiles(paths);
    if (problems.length === 0) return [...tests];
    throw new Error(problems.map(({ file, line, message }) => `${file}:${line}: ${message}`).join("\n"));
  }

  /** Runs one of {@link Views.written}. @throws {ViewTestError} as {@link Views.test}. */
  async run(test: PlacedTest): Promise<void> {
    const result = await runTest(this.bed, test);
    if (result.status !== "passed") throw new ViewTestError(result);
  }

  /** Random rows for all incremental views; see `docs/testing-views.md`. */
  random(options: RandomOptions = {}): Promise<RandomResult[]> {
    return runRandom(this.bed, options);
  }

  /** Ends the engine. */
  close(): Promise<void> {
    return this.bed.close();
  }
}

/**
 * Runs a program in a process of its own, without the Pulumi CLI, and creates its objects on an embedded engine. Costs about two seconds.
 *
 * @throws {SchemaError} when the program fails, or the engine refuses one of its objects.
 */
export async function openViews(options: ProgramOptions = {}): Promise<Views> {
  const { bed, program } = await openProgram(options);
  return new Views(program, bed);
}
