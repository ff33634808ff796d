import path from "node:path";
import { pulumiEnvironment } from "./environment";
import { ensurePulumi } from "./index";
import { run } from "./process";
import { exitWith, runPulumi } from "./run";
import { stackNamed } from "./stack";

const ROOT = path.resolve(__dirname, "../..");

/** `npm run pulumi -- ARGS` */
async function main(args: readonly string[]): Promise<number> {
  const cli = await ensurePulumi();
  const env = pulumiEnvironment(cli, ROOT);
  const stack = stackNamed(args, env) ?? (await selected(path.join(cli.path, "pulumi"), env));
  return runPulumi(cli, args, pulumiEnvironment(cli, ROOT, { stack }));
}

async function selected(pulumi: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const answer = await run(pulumi, ["stack", "--show-name", "--non-interactive"], { env, timeoutSeconds: 15 });
  return answer.code === 0 ? answer.stdout.trim() : undefined;
}

exitWith(main(process.argv.slice(2)));
