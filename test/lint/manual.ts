/** Writes docs/lint.md from the rules and their fixtures; a test compares. Run: npx ts-node -T test/lint/manual.ts */
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { rules } from "../../provider/src/lint";
import { type Marked, readFixture } from "./fixture";

/** Where the manual is. */
export const MANUAL = resolve(__dirname, "../../docs/lint.md");

const HEAD = `# Lint rules

Every object that is checked is looked at by these rules, in the engine's own canonical form and with what it reads and writes beside
it. An \`error\` fails the check, a \`warning\` is printed on the resource's row, an \`info\` is only listed. What a rule cannot read or
does not know, it leaves alone.

The examples are test fixtures: the bad ones were created on a real engine (or refused with the code given) and fire the rule, the good
ones were created as well and fire none. This file is made from them. Users, roles and the like are read as they are written, and
\`CREATE GRANTS\` is the text that a [\`Grants\`](resources.md#grants) has in plans: no server has such a statement.

`;

/** The text of the manual. */
export function renderManual(): string {
  const rows = rules.map(({ id, severity, summary }) => `| [\`${id}\`](#${id}) | ${severity} | ${summary} |`);
  const table = ["| rule | severity | what it finds |", "| --- | --- | --- |", ...rows].join("\n");
  const chapters = rules.map(({ id, severity, summary, why }) => {
    const [bad] = readFixture(join(__dirname, "fixtures", `${id}.bad.sql`)).bad;
    const [good] = readFixture(join(__dirname, "fixtures", `${id}.good.sql`)).good;
    const code = bad?.code === undefined ? "" : `, refused with code ${bad.code}`;
    return [
      `## ${id}`,
      `**${severity}.** ${summary}`,
      why,
      `Bad${code}: ${bad?.reason}`,
      fenced(bad),
      `Good: ${good?.reason}`,
      fenced(good),
    ].join("\n\n");
  });
  return `${HEAD}${table}\n\n${chapters.join("\n\n")}\n`;
}

/** With the target it names; the table of orders, which most fixtures read, only where its TTL matters. */
function fenced(example: Marked | undefined): string {
  if (example === undefined) throw new Error("a fixture marks no statement");
  const context = example.context.filter((sql) => !/ shop\.(?:orders|metrics)\n/.test(sql) || sql.includes("\nTTL "));
  return `\`\`\`sql\n${[...context, example.sql].map((sql) => `${sql};`).join("\n")}\n\`\`\``;
}

if (require.main === module) writeFileSync(MANUAL, renderManual());
