/**
 * Writes docs/cli.md from what each command says of itself; a test compares. Run after a build: npx ts-node -T tools/docs/cli.ts
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const ROOT = resolve(__dirname, "../..");
const PROGRAM = join(ROOT, "provider/bin/clickhouse-schema.js");
export const PAGE = join(ROOT, "docs/cli.md");

const HEAD = `# Command line

\`npx clickhouse-schema COMMAND\` comes with the package. The server is \`--url\` or \`CLICKHOUSE_URL\`, the user \`--user\` or \`CLICKHOUSE_USER\`; the
password comes from \`CLICKHOUSE_PASSWORD\` only, so that it is in no list of processes. This page is made from what each command says of itself.

Exit codes, in every command:

| code | meaning |
|---|---|
| 0 | done, and nothing found |
| 1 | something was found: drift, a difference, an error of lint or doctor, a gate of \`--fail-on\`, a view that does not work, a statement that is wrong |
| 2 | it could not be done: a wrong option, a file or a server that cannot be read, a statement that failed |

Sizes are bytes or have a unit (\`4GiB\`), times are ISO 8601 in UTC. \`NO_COLOR\` is respected.
`;

/** The text of the page. */
export function renderCli(): string {
  const commands = [...help([]).matchAll(/^ {2}([a-z]+)(?: .*)?$/gm)].flatMap(([, name = ""]) =>
    name === "help" ? [] : [name],
  );
  const chapters = commands.map((name) => `## ${name}\n\n\`\`\`\n${help([name]).trimEnd()}\n\`\`\``);
  return `${HEAD}\n${chapters.join("\n\n")}\n`;
}

function help(command: readonly string[]): string {
  const environment = { PATH: process.env["PATH"], HOME: process.env["HOME"], COLUMNS: "100", NO_COLOR: "1" };
  return execFileSync(process.execPath, [PROGRAM, ...command, "--help"], { encoding: "utf8", env: environment });
}

if (require.main === module) writeFileSync(PAGE, renderCli());
