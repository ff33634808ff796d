/**
 * Writes the table of codes in docs/errors.md; a test compares.
 * Run: npx ts-node -T tools/docs/errors.ts
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { ERRORS } from "../../provider/dist/error-codes.js";

const ROOT = resolve(__dirname, "../..");
export const PAGE = join(ROOT, "docs/errors.md");
const START = "## Codes\n";

/** The page with its table renewed. */
export function renderErrors(page: string): string {
  const start = page.indexOf(START);
  if (start < 0) throw new Error(`${PAGE}: has no chapter "Codes"`);
  const rows = Object.entries(ERRORS).map(([code, [meaning, next]]) => `| \`${code}\` | ${meaning} | ${next} |`);
  const table = ["| code | meaning | next step |", "|---|---|---|", ...rows].join("\n");
  return `${page.slice(0, start)}${START}
Every error and every refusal of this package has a code, which \`--json\` prints. Codes do not change between versions; messages do.

${table}
`;
}

if (require.main === module) writeFileSync(PAGE, renderErrors(readFileSync(PAGE, "utf8")));
