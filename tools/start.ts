import path from "node:path";
import { ensurePulumi } from "./pulumi-cli";
import { DEMO_STACK, pulumiEnvironment } from "./pulumi-cli/environment";
import { exitWith, runPulumi } from "./pulumi-cli/run";

const ROOT = path.resolve(__dirname, "..");

/** `npm start`: the whole stack on the embedded ClickHouse engine, with its state in this folder. */
async function main(): Promise<number> {
  process.stdout.write(
    "Deploying the ObsFly schema to a ClickHouse engine on this machine (`pulumi up`, stack dev).\n\n",
  );
  const cli = await ensurePulumi();
  const env = pulumiEnvironment(cli, ROOT, { local: true, stack: DEMO_STACK });
  const select = ["stack", "select", DEMO_STACK, "--create", "--secrets-provider", "passphrase"];
  const code =
    (await runPulumi(cli, select, env)) || (await runPulumi(cli, ["up", "--yes", "--stack", DEMO_STACK], env));
  // For somebody logged in to another backend, a bare `npm run pulumi` would use that one.
  const backend = env["PULUMI_BACKEND_URL"] ?? "";
  const sameWithout = pulumiEnvironment(cli, ROOT)["PULUMI_BACKEND_URL"] === backend;
  if (code === 0) process.stdout.write(whatNext(sameWithout ? "" : `  export PULUMI_BACKEND_URL='${backend}'\n`));
  return code;
}

function whatNext(first: string): string {
  return `
Done. What to try next:
${first}  npm start                               again: nothing changes
  npm run pulumi -- preview --diff        after an edit in examples/obsfly
  npm run pulumi -- stack output
  npm run load                            rows for the rollups to fill with; then
  npx clickhouse-schema status --url chdb://./examples/obsfly/.clickhouse/dev
`;
}

exitWith(main());
