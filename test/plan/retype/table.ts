/** docs/retypes.md: what every pair of types comes to. Written by the run over all pairs, compared with by every other. */
import { resolve } from "node:path";
import type { PairReport } from "./oracle";
import { CHAPTERS, SAMPLES } from "./types";

export const PAGE = resolve(__dirname, "../../../docs/retypes.md");

type How = PairReport["how"];
type Pair = Pick<PairReport, "from" | "to" | "how">;

const COLUMNS: readonly How[] = ["metadata-only", "rewritten", "asked"];

/** Types that are listed under one name where all of them (but the one that changes) are meant. */
const GROUPS: readonly (readonly [name: string, types: readonly string[]])[] = (
  [
    ["unsigned integers", /^UInt/],
    ["signed integers", /^Int/],
    ["floats", /^(?:BF|F)loat/],
    ["decimals", /^Decimal/],
    ["DateTime", /^DateTime\b/],
    ["DateTime64", /^DateTime64/],
    ["texts", /^(?:String|(?:LowCardinality\(|Nullable\()+String\)+|SimpleAggregateFunction\(anyLast, .*)$/],
    ["enums", /^Enum/],
    ["Nullable numbers", /^Nullable\((?:UInt|Int|Float)/],
    ["simple aggregates", /^SimpleAggregateFunction\((?:sum|max)/],
    ["Variant", /^Variant/],
    ["Dynamic", /^Dynamic/],
    ["JSON", /^JSON/],
  ] as const
).map(([name, pattern]) => [name, SAMPLES.map(({ type }) => type).filter((type) => pattern.test(type))] as const);

const HEAD = `# Which type can become which

What \`MODIFY COLUMN\` does to the values that are there, for every pair of ${SAMPLES.length} types with values at their borders. A test generates this page: it plans
each change, runs it on the embedded engine with rows, and compares every value with what it was. To run it:
\`RETYPE_PAIRS=all UPDATE_DOCS=1 npx mocha test/plan/retype/retype.test.ts\`.

- **as it is**: the server reads the stored bytes as the new type; nothing is rewritten, and every value stays the same.
- **rewritten**: the server rewrites the column in every part; every value stays the same.
- **asked**: whether values stay the same depends on them. The rows are asked at preview and again before the first statement. Where all stay the
  same, the change runs. Where some would become others, it needs \`allow: ["drops-data"]\`. Where one cannot be converted, it is refused.
- A type that is in none of the columns has **no conversion** on the server, and is refused at preview.

NULLs that have to become another value are counted separately and need \`allow: ["drops-data"]\`; so do elements that a tuple loses. In parts that are
older than the column, its values are computed from the default, and the rows there are asked as well ([changes.md](changes.md)).

Names in *italics* stand for all of these, except the type that changes:

${GROUPS.map(([name, types]) => `- *${name}*: ${types.map((type) => `\`${type}\``).join(", ")}`).join("\n")}
`;

/** The page, one table a chapter. */
export function renderPage(pairs: readonly Pair[]): string {
  const chapters = Object.entries(CHAPTERS).map(([chapter, samples]) => {
    const rows = samples.map(({ type }) => {
      const own = pairs.filter(({ from }) => from === type);
      const cells = COLUMNS.map((column) =>
        list(
          own.filter(({ how }) => how === column).map(({ to }) => to),
          type,
        ),
      );
      return `| \`${type}\` | ${cells.join(" | ")} |`;
    });
    return `## ${chapter}\n\n| from | as it is | rewritten | asked |\n|---|---|---|---|\n${rows.join("\n")}\n`;
  });
  return [HEAD, ...chapters].join("\n");
}

/** How the page says that a pair goes. */
export function readPage(page: string): (from: string, to: string) => How {
  const rows = page
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => line.slice(2, -2).split(" | ").map(typesIn));
  return (from, to) => {
    const row = rows.find(([types]) => types?.includes(from));
    const at = COLUMNS.findIndex((_, index) => row?.[index + 1]?.includes(to));
    return COLUMNS[at] ?? "no conversion";
  };
}

function list(types: readonly string[], from: string): string {
  let left = [...types];
  const items: string[] = [];
  for (const type of types) {
    if (!left.includes(type)) continue;
    const [name, members = []] = GROUPS.find(([, all]) => all.includes(type)) ?? [];
    const others = members.filter((member) => member !== from);
    const isWhole = others.length > 1 && others.every((member) => types.includes(member));
    items.push(isWhole ? `*${name}*` : `\`${type}\``);
    left = left.filter((one) => one !== type && !(isWhole && others.includes(one)));
  }
  return items.join(", ");
}

function typesIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`|\*([^*]+)\*/g)].flatMap(([, type, group]) =>
    type === undefined ? (GROUPS.find(([name]) => name === group)?.[1] ?? []) : [type],
  );
}
