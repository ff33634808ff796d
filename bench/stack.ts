/**
 * How fast and how big a stack of many tables is, beside the same stack with a dynamic provider that does nothing.
 *
 *     npx ts-node -T bench/stack.ts [--tables 300] [--rounds 3] [--constant] [--no-checkpoints] [--against CHECKOUT] [--json]
 *
 * `--constant` adds a second baseline, `--no-checkpoints` this package with PULUMI_SKIP_CHECKPOINTS, `--against` another checkout's build of
 * the package. Times are medians, ratios medians of the ratios within a round. The table goes to stdout, progress to stderr. Exits with 1 when a limit is missed.
 */
import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { startServer } from "../test/support/server";
import { compare, type Figure, markdown } from "./report";
import { type Measured, measure } from "./rounds";
import { EMPTY, EMPTY_CONSTANT, OURS, OURS_WITHOUT_CHECKPOINTS, otherCheckout } from "./variants";

const { values: options } = parseArgs({
  options: {
    tables: { type: "string", default: "300" },
    rounds: { type: "string", default: "3" },
    constant: { type: "boolean", default: false },
    "no-checkpoints": { type: "boolean", default: false },
    against: { type: "string" },
    json: { type: "boolean", default: false },
  },
});

async function main(): Promise<void> {
  const size = { tables: positive("tables"), rounds: positive("rounds") };
  const variants = [
    OURS,
    EMPTY,
    ...(options.constant ? [EMPTY_CONSTANT] : []),
    ...(options["no-checkpoints"] ? [OURS_WITHOUT_CHECKPOINTS] : []),
    ...(options.against === undefined ? [] : [otherCheckout(options.against)]),
  ];
  const loadBefore = loadavg();
  const server = await startServer();
  try {
    const [ours, empty, ...others] = await measure(server.url, variants, size, (line) => console.error(line));
    if (ours === undefined || empty === undefined) throw new Error("nothing was measured");
    const judged = compare(ours, empty);
    const load = { cpus: cpus().length, before: loadBefore, after: loadavg() };
    if (options.json) printJson(judged, { size, load, measured: [ours, empty, ...others] });
    else printTables(ours, empty, others, judged, `${size.tables} tables, ${size.rounds} rounds, ${describe(load)}`);
    if (judged.some((figure) => figure.met === false)) process.exitCode = 1;
  } finally {
    await server.stop();
  }
}

function printTables(ours: Measured, empty: Measured, others: Measured[], judged: Figure[], head: string): void {
  console.log(`${head}\n\n${markdown(judged, ["ours", "empty"])}`);
  for (const other of others) {
    console.log(`\n${markdown(compare(ours, other, false), ["ours", other.variant.name])}`);
    if (other.variant.checkout !== undefined) {
      console.log(`\n${markdown(compare(other, empty), [other.variant.name, "empty"])}`);
    }
  }
}

function printJson(figures: Figure[], circumstances: { size: object; load: object; measured: Measured[] }): void {
  const { measured, ...rest } = circumstances;
  const rounds = measured.map(({ variant, times, queries }) => ({ variant: variant.name, times, queries }));
  console.log(JSON.stringify({ ...rest, figures, rounds }, undefined, 2));
}

function describe(load: { cpus: number; before: number[]; after: number[] }): string {
  return `${load.cpus} CPUs, load ${load.before[0]?.toFixed(1)} before and ${load.after[0]?.toFixed(1)} after`;
}

function positive(name: "tables" | "rounds"): number {
  const value = Number(options[name]);
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`--${name}: expected a whole number above 0, found "${options[name]}"`);
  return value;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
