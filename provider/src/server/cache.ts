import os from "node:os";
import path from "node:path";

/** A folder of this project's in the user's cache, which outlives clones. It need not exist yet. */
export function cacheFolder(env: NodeJS.ProcessEnv, ...names: readonly string[]): string {
  const xdg = env["XDG_CACHE_HOME"] ?? "";
  // A relative one is to be ignored, says its specification.
  const cache = path.isAbsolute(xdg) ? xdg : path.join(env["HOME"] || os.homedir(), ".cache");
  return path.join(cache, "pulumi-clickhouse-schema", ...names);
}
