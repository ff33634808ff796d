/**
 * Writes docs/cli.md from each command's own help; a test compares. Run after a build: npx ts-node -T tools/docs/cli.ts
 */
import { execFileSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const ROOT = resolve(__dirname, "../..");
const PROGRAM = join(ROOT, "provider/bin/clickhouse-schema.js");
export const PAGE = join(ROOT, "docs/cli.md");

const head = (): string => `# Command line

\`npx clickhouse-schema COMMAND\` comes with the package. This page is made from what each command says of itself.

The server is, in this order: \`--url\` and \`--user\`; \`CLICKHOUSE_URL\`, \`CLICKHOUSE_USER\` and the other [environment variables](configuration.md); with
\`--stack prod\`, the config of that Pulumi stack, secrets included. Passwords come from \`CLICKHOUSE_PASSWORD\` or the stack only, so that they are in no
list of processes. \`--timeout\` is in seconds and about one statement.

Exit codes, in every command:

| code | meaning |
|---|---|
| 0 | done, and nothing found |
| 1 | something was found: drift, a difference, what is unproven, an error of lint or doctor, a gate of \`--fail-on\`, a view that does not work, a statement that is wrong |
| 2 | it could not be done: a wrong option, a file or a server that cannot be read, a statement that failed |

Sizes are bytes or have a unit (\`4GiB\`), times are ISO 8601 in UTC. Colours go to terminals; \`NO_COLOR=1\` switches them off, \`FORCE_COLOR=1\` on.

What \`--json\` prints is described by JSON Schemas, which come with the package: ${schemas()}. Messages and progress go to standard error. Where
the exit code is 2, standard output is \`{ "error": { "message": "…" } }\`, or empty if nothing had been asked for as JSON.
`;

/** Links to the schemas, by command. */
function schemas(): string {
  return readdirSync(join(ROOT, "provider/schemas"))
    .map((file) => `[${file.replace(".schema.json", "")}](../provider/schemas/${file})`)
    .join(", ");
}

/** The text of the page. */
export function renderCli(): string {
  const commands = [...help([]).matchAll(/^ {2}([a-z]+)(?: .*)?$/gm)].flatMap(([, name = ""]) =>
    name === "help" ? [] : [name],
  );
  const chapters = commands.map((name) => `## ${name}\n\n\`\`\`\n${help([name]).trimEnd()}\n\`\`\``);
  return `${head()}\n${chapters.join("\n\n")}\n`;
}

function help(command: readonly string[]): string {
  const environment = { PATH: process.env["PATH"], HOME: process.env["HOME"], COLUMNS: "100", NO_COLOR: "1" };
  return execFileSync(process.execPath, [PROGRAM, ...command, "--help"], { encoding: "utf8", env: environment });
}

if (require.main === module) writeFileSync(PAGE, renderCli());
