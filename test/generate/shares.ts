/**
 * How much of real DDL goes from a live server to code and back: `npm run shares`. Prints a table by engine and one by feature.
 * With `TEST_EFFORT=soak` the whole corpus, else a few of its projects; always the statements of this repository. Words
 * behind it select groups of statements: `npm run shares -- views`.
 */
import { quotedName } from "../../provider/src/sql/object-key";
import type { ObjectSpec } from "../../provider/src/sql/spec";
import { EFFORT } from "../support/effort";
import { compile } from "./compile";
import { featuresOf } from "./features";
import { type Journey, type Outcome, STEPS, type Step, travel } from "./journey";
import { corpusGroups, type Group, ownGroups } from "./statements";

/** Sends groups on their way, one after the other. */
export async function journeysOf(groups: readonly Group[]): Promise<{ journeys: Journey[]; outcomes: Outcome[] }> {
  const outcomes: Outcome[] = [];
  for (const group of groups) outcomes.push(await travel(group));
  const wrong = compile(new Map(outcomes.map(({ group, program }) => [group, program])));
  const files = new Map(
    outcomes.flatMap(({ group, program }) =>
      program.resources.map(({ key, file }) => [`${group}\0${quotedName(key)}`, `${group}/${file}.ts`] as const),
    ),
  );
  const journeys = outcomes.flatMap((outcome) =>
    outcome.journeys.map((journey): Journey => {
      const messages = wrong.get(files.get(`${journey.group}\0${journey.name}`) ?? "") ?? wrong.get("");
      if (messages === undefined || journey.live === undefined) return journey;
      return { ...journey, problems: new Map([...journey.problems, ["compiled" as const, messages.join("; ")]]) };
    }),
  );
  return { journeys, outcomes };
}

/** Kind, and the engine of a table. */
export function sortOf(live: ObjectSpec | undefined): string {
  if (live === undefined) return "not read";
  return live.kind === "table" ? `table ${/\w+/.exec(live.storage.engine ?? "function")?.[0]}` : live.kind;
}

/** A table of shares, a row a group. */
export function sharesTable(journeys: readonly Journey[], groupsOf: (journey: Journey) => readonly string[]): string {
  const rows = new Map<string, Journey[]>();
  for (const journey of journeys) {
    for (const name of groupsOf(journey)) rows.set(name, [...(rows.get(name) ?? []), journey]);
  }
  const lines = [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, group]) => rowOf(name, group));
  const head = ["", "objects", ...STEPS, "by arguments"];
  return [head, ...lines, rowOf("all", journeys)].map(formatRow).join("\n");
}

function rowOf(name: string, group: readonly Journey[]): string[] {
  const without = (step: Step): number => group.filter(({ problems }) => !failedBefore(problems, step)).length;
  const structured = group.filter(({ plain, live }) => live !== undefined && plain === undefined).length;
  return [name, group.length, ...STEPS.map(without), structured].map(String);
}

/** What could not be imported has not gone through the rest either. */
function failedBefore(problems: Journey["problems"], step: Step): boolean {
  return problems.has(step) || problems.has("imported");
}

function formatRow(cells: readonly string[]): string {
  const [name = "", ...rest] = cells;
  return `  ${name.padEnd(38)}${rest.map((cell) => cell.padStart(13)).join("")}`;
}

/** Every object that went wrong somewhere, and what was said. */
export function problemsIn(journeys: readonly Journey[]): { name: string; step: Step; problem: string }[] {
  return journeys.flatMap(({ name, problems }) => [...problems].map(([step, problem]) => ({ name, step, problem })));
}

async function main(): Promise<void> {
  const wanted = process.argv.slice(2);
  const all = [...ownGroups(), ...corpusGroups(EFFORT === "soak")];
  const groups = wanted.length === 0 ? all : all.filter(({ name }) => wanted.some((word) => name.includes(word)));
  const { journeys, outcomes } = await journeysOf(groups);
  console.log(sharesTable(journeys, ({ live }) => [sortOf(live)]));
  console.log(`\n${sharesTable(journeys, ({ live }) => (live === undefined ? [] : featuresOf(live)))}\n`);
  for (const { name, step, problem } of problemsIn(journeys)) console.log(`not ${step}: ${name}: ${problem}`);
  const reasons = new Map<string, string[]>();
  for (const { name, plain } of journeys)
    if (plain !== undefined) reasons.set(plain, [...(reasons.get(plain) ?? []), name]);
  for (const [reason, names] of reasons) console.log(`in plain SQL for ${reason}: ${names.join(", ")}`);
  for (const { group, refused } of outcomes) {
    for (const [sql, problem] of refused) console.log(`not made by the server (${group}): ${problem}\n  ${sql}`);
  }
}

if (require.main === module) {
  main().then(
    () => process.exit(0),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
}
