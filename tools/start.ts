import path from "node:path";
import { parseArgs } from "node:util";
import { ensurePulumi } from "./pulumi-cli";
import { CLUSTER_STACK, DEMO_STACK, pulumiEnvironment } from "./pulumi-cli/environment";
import { exitWith, runPulumi } from "./pulumi-cli/run";

const ROOT = path.resolve(__dirname, "..");

const USAGE = `Deploys the ObsFly schema, with its state in this folder.

  npm start                                            to the embedded ClickHouse engine (stack ${DEMO_STACK})
  npm start -- --url http://HOST:PORT --cluster NAME   to a cluster, e.g. of \`npm run cluster\` (stack ${CLUSTER_STACK})
`;

/** `npm start`: the whole stack on the embedded ClickHouse engine or on a cluster, with its state in this folder. */
async function main(args: readonly string[]): Promise<number> {
  const options = {
    url: { type: "string" },
    cluster: { type: "string" },
    help: { type: "boolean", short: "h" },
  } as const;
  const { url, cluster, help } = parseArgs({ args: [...args], options }).values;
  if (help === true || (url === undefined) !== (cluster === undefined)) {
    process.stderr.write(USAGE);
    return help === true ? 0 : 2;
  }
  const place = url !== undefined && cluster !== undefined ? { url, cluster } : undefined;
  const stack = place === undefined ? DEMO_STACK : CLUSTER_STACK;
  const where =
    place === undefined ? "a ClickHouse engine on this machine" : `cluster ${place.cluster} at ${place.url}`;
  process.stdout.write(`Deploying the ObsFly schema to ${where} (\`pulumi up\`, stack ${stack}).\n\n`);
  const cli = await ensurePulumi();
  const env = pulumiEnvironment(cli, ROOT, { local: true, stack });
  const select = ["stack", "select", stack, "--create", "--secrets-provider", "passphrase"];
  const commands = [select, ...(place === undefined ? [] : [configured(place)]), ["up", "--yes", "--stack", stack]];
  let code = 0;
  for (const command of commands) code ||= await runPulumi(cli, command, env);
  // For somebody logged in to another backend, a bare `npm run pulumi` would use that one.
  const backend = env["PULUMI_BACKEND_URL"] ?? "";
  const sameWithout = pulumiEnvironment(cli, ROOT)["PULUMI_BACKEND_URL"] === backend;
  const first = sameWithout ? "" : `  export PULUMI_BACKEND_URL='${backend}'\n`;
  if (code === 0) process.stdout.write(place === undefined ? whatNext(first) : whatNextOn(place, first));
  return code;
}

interface Place {
  readonly url: string;
  readonly cluster: string;
}

function configured({ url, cluster }: Place): string[] {
  const values = {
    "clickhouse:url": url,
    "clickhouse:cluster": cluster,
    "clickhouse:allowDrop": "true",
    "obsfly:cluster": cluster,
  };
  const pairs = Object.entries(values).flatMap(([key, value]) => ["--plaintext", `${key}=${value}`]);
  return ["config", "set-all", "--stack", CLUSTER_STACK, ...pairs];
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

function whatNextOn({ url, cluster }: Place, first: string): string {
  return `
Done. What to try next:
${first}  npm start -- --url ${url} --cluster ${cluster}
                                          again: nothing changes
  npm run pulumi -- preview --diff --stack ${CLUSTER_STACK}
                                          after an edit in examples/obsfly
  npm run load -- --url ${url}
                                          rows, through the tables of all shards; then, for the rows of one host,
  npx clickhouse-schema status --url ${url}
  npx clickhouse-schema doctor --url ${url} --cluster ${cluster}
  npm run pulumi -- destroy --stack ${CLUSTER_STACK}
`;
}

exitWith(main(process.argv.slice(2)));
