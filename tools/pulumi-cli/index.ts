import { build, built } from "./build";
import { installed } from "./installed";
import { download, downloaded } from "./launcher";

/** A Pulumi CLI that runs here, with the Node language host. */
export interface PulumiCli {
  /** Folder(s) to put first on PATH. */
  path: string;
  version: string;
  source: "installed" | "npm" | "built";
}

export interface EnsureOptions {
  /** Receives the progress, line by line. Default: stderr. */
  log?: (line: string) => void;
  /** The environment to look in. Default: `process.env`. */
  env?: NodeJS.ProcessEnv;
}

/**
 * Finds a Pulumi CLI or gets one: the installed one, then one from an earlier run, then the official download through
 * the npm launcher, and finally a build with Go. Rejects with an Error that tells the user what to install.
 */
export async function ensurePulumi(options: EnsureOptions = {}): Promise<PulumiCli> {
  const env = options.env ?? process.env;
  const log = options.log ?? ((line: string) => void process.stderr.write(`${line}\n`));
  // The disk is tried before the network, so that a firewall that swallows packets costs its timeout only once.
  return (
    (await installed(env, log)) ??
    (await downloaded(env)) ??
    (await built(env, log)) ??
    (await download(env, log)) ??
    (await build(env, log))
  );
}
