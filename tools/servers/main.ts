import { parseArgs } from "node:util";
import { exitWith } from "../pulumi-cli/run";
import { ENGINES, VERSIONS, versionNamed } from "./engines";
import { fetchEngine } from "./fetch";
import { startServer } from "./server";
import { OPEN_USERS } from "./users";
import { fetchZookeeper } from "./zookeeper";

const HELP = `npm run servers               fetch every version that the tests use, about 160 MB each, and ZooKeeper, once
npm run servers -- VERSION    start one of ${VERSIONS.join(", ")} and keep it until Ctrl-C
  --port PORT                 its HTTP port; a free one unless given
  --dir DIRECTORY             where its data are kept; a directory that goes at the end unless given`;

/** `npm run servers -- ARGS` */
async function main(args: string[]): Promise<number> {
  const options = { port: { type: "string" }, dir: { type: "string" }, help: { type: "boolean" } } as const;
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  const [name] = positionals;
  if (values.help) log(HELP);
  else if (name === undefined) await fetchAll();
  else await serve(name, values);
  return 0;
}

async function fetchAll(): Promise<void> {
  for (const version of VERSIONS.filter((one) => "wheel" in ENGINES[one])) await fetchEngine(version, log);
  await fetchZookeeper(log);
  log(`These can be started: ${VERSIONS.join(", ")}`);
}

async function serve(name: string, { port, dir }: { readonly port?: string; readonly dir?: string }): Promise<void> {
  const version = versionNamed(name);
  const server = await startServer({
    version,
    users: OPEN_USERS,
    log,
    ...(port !== undefined && { port: Number(port) }),
    ...(dir !== undefined && { dataDir: dir }),
  });
  const ended = new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, resolve);
  });
  process.stdout.write(`${server.url}\n`);
  log(`ClickHouse ${version}, user default without a password. Ctrl-C ends it, or: kill ${process.pid}`);
  await ended;
  await server.stop();
}

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}

exitWith(main(process.argv.slice(2)));
