/**
 * Writes docs/changes.md from the plan cases; a test compares.
 * Run: npx ts-node -T test/plan/costs.ts --write
 */
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseCreate } from "../../provider/src/sql/parse";
import type { PlanCase } from "./case";
import { columnClauses } from "./cases/column-clauses";
import { columnNames } from "./cases/column-names";
import { columns } from "./cases/columns";
import { defaults } from "./cases/defaults";
import { elements } from "./cases/elements";
import { engines } from "./cases/engines";
import { materializedViews } from "./cases/materialized-views";
import { names } from "./cases/names";
import { rebuilds } from "./cases/rebuilds";
import { retypes } from "./cases/retypes";
import { stale } from "./cases/stale";
import { storage } from "./cases/storage";
import { views } from "./cases/views";
import { type Cells, cellsOf } from "./cost-cells";
import { CHANGES, type CostRow, LIFE, ROWS } from "./cost-rows";
import { Bench } from "./support";

/** Where the tables are. */
export const MANUAL = resolve(__dirname, "../../docs/changes.md");

const CASES = new Map(
  [
    ...[columns, columnNames, defaults, columnClauses, retypes, elements],
    ...[stale, storage, engines, rebuilds, views, materializedViews, names],
  ].flatMap((group) => group.map((one) => [one.name, one] as const)),
);

/** A case as plan, cells, and what it was before and after. */
export interface Priced extends Cells {
  readonly from: string;
  readonly to: string;
}

/** A row with what its examples cost, the one to show first. */
export interface PricedRow {
  readonly row: CostRow;
  readonly examples: readonly [Priced, ...Priced[]];
}

/** @throws {Error} for a name that no plan case has. */
export function caseNamed(name: string): PlanCase {
  const found = CASES.get(name);
  if (found === undefined) throw new Error(`No case in test/plan/cases is called ${JSON.stringify(name)}`);
  return found;
}

/** What every row costs: its examples brought into canonical form by an engine, compared and planned. */
export async function priceAll(rows: readonly CostRow[] = ROWS): Promise<PricedRow[]> {
  const bench = await Bench.open();
  try {
    const priced: PricedRow[] = [];
    for (const row of rows) {
      const found: Priced[] = [];
      for (const name of row.examples) found.push(await priceCase(bench, caseNamed(name)));
      if (row.inline !== undefined) {
        const { from, to } = row.inline;
        found.push({ ...cellsOf(parseCreate(from), parseCreate(to), {}), from, to });
      }
      const [first, ...others] = found;
      if (first === undefined) throw new Error(`${row.what}: no example`);
      priced.push({ row, examples: [first, ...others] });
    }
    return priced;
  } finally {
    await bench.close();
  }
}

async function priceCase(bench: Bench, one: PlanCase): Promise<Priced> {
  for (const database of ["q", "q3"]) await bench.engine.command(`DROP DATABASE IF EXISTS ${database} SYNC`);
  await bench.reset(one.setup);
  const [from, to] = [await bench.canonicalize(one.from), await bench.canonicalize(one.to)];
  return { ...cellsOf(from, to, one), from: one.from, to: one.to };
}

/** Longest line of the short table, in characters. */
export const WIDTH = 160;

/** The short table: what is changed in one way and costs the same is in one group, in as many lines as it takes. */
export function renderShort(rows: readonly PricedRow[]): string {
  const groups = new Map<string, string[]>();
  for (const { row, examples } of rows) {
    if (row.detail) continue;
    const cells = `${examples[0].how} | ${examples[0].cost}`;
    groups.set(cells, [...(groups.get(cells) ?? []), row.what]);
  }
  const [spelling = "", ...others] = [...groups].flatMap(([cells, whats]) => pack(whats, cells));
  const life = LIFE.map(({ what, how, cost }) => `| ${what} | ${how} | ${cost} |`);
  return ["| change | how | cost |", "|---|---|---|", spelling, ...life, ...others].join("\n");
}

function pack(whats: readonly string[], cells: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const what of whats) {
    const longer = line === "" ? what : `${line}; ${what}`;
    if (line !== "" && `| ${longer} | ${cells} |`.length > WIDTH) {
      lines.push(line);
      line = what;
    } else line = longer;
  }
  return [...lines, line].map((text) => `| ${text} | ${cells} |`);
}

const HEAD = `# What each change costs

A changed declaration becomes the statements below; \`pulumi preview\` shows them before they run. This file is generated from the test cases of
the plan: the columns "how" and "cost" are read off the plan of each example. Those that are \`ALTER\`, \`RENAME\` or \`CREATE OR REPLACE\` run on
a real engine in the tests, one after the other; rebuilds and view protocols have tests of their own, with clients that write at the same time.
[retypes.md](retypes.md) has every pair of types.

How:

- \`ALTER\` **in place**: one statement, or a few where the engine wants it. \`pulumi up\` waits for what the server then does to its parts.
- \`RENAME\` **with its dependents**: views, dictionaries and defaults that name the object get the new name in the same step. Without that nothing
  would feed a view, or it would make every insert into its source fail.
- **rebuild, rows kept**: a new table is built beside the old one, the rows are copied while clients write, the two exchange names, rows that came
  in the meantime follow, and both are compared by count and hash. The old table is kept for \`keepOld\` (24 hours). If the process is killed, the
  next \`pulumi up\` resumes. \`rebuild: "offline"\` is the plain copy of a table that nobody writes to.
- **view protocol**: the view is replaced at a moment when no insert is on its way to it, and the rows of an inner table are carried over.

Cost:

- **metadata only**: no rows are rewritten, whatever the table holds; where an index, a projection or statistics go, files of parts are linked again,
  and small parts of one file (compact ones) rewritten. Old parts keep the old codec, index or TTL until they merge.
- **rewrites parts**: the server rewrites the column (builds the index, applies the TTL) in every part, in the background; \`pulumi up\` waits and
  reports progress.
- **copies rows**: takes time and disk like one \`INSERT … SELECT\` of the table; free disk is checked first.
- **needs** \`allow\`: values or rows are lost, or the operation is untested for the engine. Nothing runs before the resource says
  \`allow: ["drops-data"]\` or the stack's config \`clickhouse:allow\`; the preview names what is lost.
- **readers must follow**: queries, inserts and views that use the old name, order or type have to change too. A rename changes those that it names.
- **checks the rows first**: at preview and again before the first statement, every value is converted as the server would and turned back. If all are
  the same, the change runs; if some would become others, it needs \`allow: ["drops-data"]\`, and the preview says how many, with an example; if one
  cannot be converted, it is refused.
- **Parts older than a column** hold no values of it: every read computes them from the default of that moment. Another default, another type, or a
  change of what the default reads would change what those rows read. The rows of such parts are checked too: where one would read another value, the
  change needs \`allow: ["drops-data"]\`, and the preview names the statement that stores the old values first.
- **old rows keep the old meaning**: what is in the table or target stays as it was made. **Rows follow with the next refresh**: it computes all of
  them again.
- **inserts refused for a moment**: error 469, clients should retry, for at most 4 s at a time, so that materialized views miss no row (or because
  the order of rows counts for the engine). In a rename also error 60, while the target of a view has lost its name; one that is killed in that
  moment refuses them until the next \`pulumi up\`.

`;

/** The short table, then the long one with an example of each row. */
export function renderLong(rows: readonly PricedRow[]): string {
  const life = LIFE.map(({ what, how, cost }) => `| ${what} | ${how} | ${cost} |`);
  const chapters = CHANGES.map((change) => {
    const own = rows.filter(({ row }) => row.change === change);
    const table = own.map(({ row, examples: [{ how, cost }] }) => `| ${row.what} | ${how} | ${cost} |`);
    const head = ["| change | how | cost |", "|---|---|---|", ...table, ...(change === CHANGES[0] ? life : [])];
    return [`## ${change}`, head.join("\n"), ...own.map(renderRow)].join("\n\n");
  });
  return `${HEAD}## At a glance\n\n${renderShort(rows)}\n\n${chapters.join("\n\n")}\n`;
}

function renderRow({ row, examples: [example] }: PricedRow): string {
  const { from, to, how, cost, plan, awaited } = example;
  const done = how === "refused" ? plan.replace(/^/gm, "-- ") : plan || "-- nothing";
  const words = [
    `**${how}**: ${cost}.`,
    awaited ? "`pulumi up` waits for the server's mutation." : "",
    row.notes ?? "",
  ];
  const sql = [`-- before\n${from};`, `-- after\n${to};`, `-- the plan\n${done}`].join("\n\n");
  return [`### ${row.what}`, words.filter((text) => text !== "").join(" "), `\`\`\`sql\n${sql}\n\`\`\``].join("\n\n");
}

async function main(): Promise<void> {
  const rows = await priceAll();
  const short = renderShort(rows);
  if (!process.argv.includes("--write")) return void process.stdout.write(`${short}\n`);
  writeFileSync(MANUAL, renderLong(rows));
}

if (require.main === module) {
  main().catch((error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
}
