/** Each release line of Node that the package supports, from the packages that npm itself has of them. */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { cacheFolder } from "../provider/src/server/cache";

const run = promisify(execFile);

/** By release line. */
const RELEASES = { 20: "20.20.2", 22: "22.23.5", 24: "24.22.3" } as const;
type ReleaseLine = keyof typeof RELEASES;
export const RELEASE_LINES = Object.keys(RELEASES).map(Number) as ReleaseLine[];

/**
 * A folder with `node` of a release line: this process's own, or one in the user's cache, which is fetched once (45 MB, 110 MB unpacked).
 *
 * @throws {Error} when it has to be fetched and cannot be, with npm's words.
 */
export async function ensureNode(line: ReleaseLine, log = (_line: string): void => undefined): Promise<string> {
  if (process.version.startsWith(`v${line}.`)) return path.dirname(process.execPath);
  const name = `node-${process.platform}-${process.arch}`;
  const target = cacheFolder(process.env, "node", `${name}-${RELEASES[line]}`);
  if (existsSync(target)) return path.join(target, "bin");
  log(`fetching Node ${RELEASES[line]} (npm's ${name}, about 45 MB, once)`);
  mkdirSync(path.dirname(target), { recursive: true });
  const shop = mkdtempSync(path.join(path.dirname(target), ".fetching-"));
  try {
    // npm verifies the checksum. Nothing is installed, and no script of the package runs.
    await run("npm", ["pack", `${name}@${RELEASES[line]}`, "--ignore-scripts", "--pack-destination", shop], {
      cwd: shop,
    });
    const [file] = readdirSync(shop).filter((one) => one.endsWith(".tgz"));
    if (file === undefined) throw new Error(`npm pack ${name}@${RELEASES[line]} wrote no file`);
    await run("tar", ["-xzf", file], { cwd: shop });
    publish(path.join(shop, "package"), target);
  } finally {
    rmSync(shop, { recursive: true, force: true });
  }
  return path.join(target, "bin");
}

/** Another process may have been faster: then its copy is as good. */
function publish(folder: string, target: string): void {
  try {
    renameSync(folder, target);
  } catch (error) {
    if (!existsSync(target)) throw error;
  }
}
