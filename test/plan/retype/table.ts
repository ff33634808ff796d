/** docs/retypes.md: what every pair of types comes to. Written by the run over all pairs, compared with by every other. */
import { resolve } from "node:path";
import type { PairReport } from "./oracle";
import { SAMPLES } from "./types";

export const PAGE = resolve(__dirname, "../../../docs/retypes.md");

type How = PairReport["how"];
type Pair = Pick<PairReport, "from" | "to" | "how">;

const COLUMNS: readonly How[] = ["metadata-only", "rewritten", "asked"];

const HEAD = `# Which type can become which

What \`MODIFY COLUMN\` does to the values that are there, for every pair of ${SAMPLES.length} types with values at their borders. This page is made by a test that plans
each change, runs it on an engine with rows, and compares every value with what it was: \`RETYPE_PAIRS=all UPDATE_DOCS=1 npx mocha test/plan/retype/retype.test.ts\`.

- **as it is**: the server reads the stored bytes as the new type; nothing is rewritten, and every value stays the same.
- **rewritten**: the server rewrites the column in every part; every value stays the same.
- **asked**: whether values stay the same depends on them. The rows are asked at preview and again before the first statement: where all stay the same the change
  runs, where some would become others it needs \`allow: ["drops-data"]\`, where one cannot be converted it is refused.
- What is in none of the columns has **no conversion** on the server, and is refused at preview.

A NULL that has to become something is counted apart and needs \`allow: ["drops-data"]\`; so does an element of a tuple that goes.

`;

/** The page; types with the same row stand together. */
export function renderPage(pairs: readonly Pair[]): string {
  const rows = new Map<string, string[]>();
  for (const { type } of SAMPLES) {
    const cells = COLUMNS.map((how) =>
      list(pairs.filter((pair) => pair.from === type && pair.how === how).map(({ to }) => to)),
    );
    const key = cells.join(" | ");
    rows.set(key, [...(rows.get(key) ?? []), type]);
  }
  const lines = [...rows].map(([cells, types]) => `| ${list(types)} | ${cells} |`);
  return `${HEAD}| from | as it is | rewritten | asked |\n|---|---|---|---|\n${lines.join("\n")}\n`;
}

/** How the page says that a pair goes. */
export function readPage(page: string): (from: string, to: string) => How {
  const rows = page
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) =>
      line
        .slice(2, -2)
        .split(" | ")
        .map((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, type = ""]) => type)),
    );
  return (from, to) => {
    const row = rows.find(([types]) => types?.includes(from));
    const at = COLUMNS.findIndex((_, index) => row?.[index + 1]?.includes(to));
    return COLUMNS[at] ?? "no conversion";
  };
}

function list(types: readonly string[]): string {
  return types.map((type) => `\`${type}\``).join(", ");
}
