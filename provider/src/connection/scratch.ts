import { accessSync, constants, mkdtempSync, readdirSync, rmSync, statfsSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ChdbConnection, openPrivateChdb } from "./chdb";

/** In memory; a container's default of 64 MB is enough for thousands of tables. */
const SHARED_MEMORY = "/dev/shm";
const WANTED_BYTES = 32 * 1024 * 1024;
const PREFIX = "clickhouse-scratch-";
/** After this time, in milliseconds, a directory whose owner is gone is an orphan. */
const ORPHAN_AGE = 3_600_000;

/**
 * Opens a separate, empty embedded engine for trying statements out.
 *
 * It has one session: statements run one after the other, and a `SET` persists. Its directory is removed when it is
 * closed and when this process exits, however it exits.
 *
 * @param setup statements that run first, also in a session that has to replace another.
 * @throws {ConnectionError} when chdb is not installed.
 */
export async function openScratch(setup: readonly string[] = []): Promise<ChdbConnection> {
  const base = scratchBase();
  removeOrphans(base);
  const path = mkdtempSync(join(base, `${PREFIX}${process.pid}-`));
  try {
    // Nothing here outlives the process, so nothing needs to be flushed to disk.
    return await openPrivateChdb(path, ["SET fsync_metadata = 0", ...setup]);
  } catch (error) {
    rmSync(path, { recursive: true, force: true });
    throw error;
  }
}

function scratchBase(): string {
  try {
    accessSync(SHARED_MEMORY, constants.W_OK);
    const { bavail, bsize } = statfsSync(SHARED_MEMORY);
    return bavail * bsize >= WANTED_BYTES ? SHARED_MEMORY : tmpdir();
  } catch {
    return tmpdir();
  }
}

/** Removes what is left if parent and child were killed together, as when a container stops; it would fill memory. */
function removeOrphans(base: string): void {
  for (const name of readdirSync(base)) {
    const owner = name.startsWith(PREFIX) ? Number.parseInt(name.slice(PREFIX.length), 10) : Number.NaN;
    if (Number.isNaN(owner) || isRunning(owner)) continue;
    try {
      const path = join(base, name);
      if (Date.now() - statSync(path).mtimeMs > ORPHAN_AGE) rmSync(path, { recursive: true, force: true });
    } catch {
      // Another user's, or just removed by another process.
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is running, as another user.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
