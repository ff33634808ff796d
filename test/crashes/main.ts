/** `npm run crashes -- 25.8 [RUNS] [PROTOCOL…]`: long protocols under writers while the runner and the server are killed. */

import { versionNamed } from "../../provider/src/server/engines";
import { exitWith } from "../../tools/pulumi-cli/run";
import { SEED } from "../support/effort";
import { startServer, type TestServer } from "../support/server";
import { isProtocol, PROTOCOLS, type ProtocolName } from "./protocols";
import { type CrashRun, crashRun } from "./run";
import { add, nothing, table } from "./sums";

const RUNS = 30;
const ALL = Object.keys(PROTOCOLS) as ProtocolName[];
const HELP = `npm run crashes -- VERSION [RUNS] [PROTOCOL…]
  RUNS      of each protocol; ${RUNS} unless given
  PROTOCOL  ${ALL.join(", ")}; all of them unless given`;

async function main([named = "", ...args]: readonly string[]): Promise<number> {
  const count = args.find((arg) => /^\d+$/.test(arg));
  const names = args.filter(isProtocol);
  if (named === "" || args.some((arg) => arg !== count && !isProtocol(arg))) {
    console.error(HELP);
    return 2;
  }
  const version = versionNamed(named);
  const sums = new Map((names.length > 0 ? names : ALL).map((name) => [name, nothing()]));
  const server = await startServer({ version });
  try {
    for (let index = 0; index < Number(count ?? RUNS); index += 1) {
      for (const [name, sum] of sums) add(sum, await told(server, version, name, index));
    }
  } finally {
    await server.stop();
  }
  console.log(`\n${table([...sums].map(([protocol, counts]) => ({ version, protocol, sums: counts })))}`);
  return [...sums.values()].some(({ lost, doubled, other }) => lost + doubled + other > 0) ? 1 : 0;
}

/** One run, with a line about it on the terminal, and all of it where something is wrong. */
export async function told(
  server: TestServer,
  version: string,
  name: ProtocolName,
  index: number,
  seed = SEED * 1000 + index,
): Promise<CrashRun> {
  const run = await crashRun(server, name, index, seed);
  const { lost, doubled, surprises, wrong, ...rest } = run;
  const isGood = lost + doubled + surprises.length + wrong.length === 0;
  const label = `${version} ${name} ${index}: ${PROTOCOLS[name].caseName(index)}`;
  const deaths = `killed: runner ${rest.killedRunner.length}, server ${rest.killedServer.length}`;
  console.log(`${isGood ? "ok" : "WRONG"}  ${label}; ${rest.rows} rows, ${deaths}`);
  if (!isGood) console.log(JSON.stringify({ seed, lost, doubled, surprises, wrong, ...rest }, undefined, 2));
  return run;
}

if (require.main === module) exitWith(main(process.argv.slice(2)));
