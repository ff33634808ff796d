import assert from "node:assert/strict";
import { readdirSync, readlinkSync, rmSync, symlinkSync, unlinkSync } from "node:fs";
import path from "node:path";
import { dataFolder } from "../../provider/src/server/config";
import { temporaryDirectory } from "../../provider/src/server/member";
import { declarable, declared } from "../compat/objects";
import { send, serverFor } from "../generate/servers";
import { type Declared, Stage } from "../generate/stage";
import { type Group, ownGroups } from "../generate/statements";
import { byEffort } from "../support/effort";
import type { Version } from "../support/server";
import { testedVersions } from "../support/versions";

/** A server is upgraded through these, on the same data. */
const PATH: readonly Version[] = ["24.8", "25.8", "26.3", "26.7", "26.9"];
/** Of the statements in `test/generate`; the other groups hold much that 24.8 does not have. */
const GROUPS = byEffort<readonly string[] | undefined>({
  fast: ["views"],
  full: ["columns", "layout", "views"],
  soak: undefined,
});
type Bag = Record<string, unknown>;

interface Made {
  readonly one: Declared;
  readonly inputs: Bag;
  readonly outs: Bag;
}

describe("an upgrade of the server under a state of an older one", function () {
  this.timeout(600_000);
  const [first, ...later] = PATH;

  for (const group of testedVersions(PATH).length < PATH.length ? [] : ownGroups()) {
    if (first === undefined || GROUPS?.includes(group.name) === false) continue;
    it(`is no difference at preview and refresh: ${group.name}, ${PATH.join(" → ")}`, async () => {
      const dataDir = temporaryDirectory("clickhouse-upgrade-");
      try {
        const made = await makeOn(first, group, dataDir);
        assert.ok(made.length > 5, `${first} makes ${made.length} objects only`);
        for (const version of later) assert.deepEqual(await differencesOn(version, group, dataDir, made), [], version);
      } finally {
        rmSync(dataDir, { recursive: true, force: true });
      }
    });
  }
});

/** Makes what the version can make. */
async function makeOn(version: Version, group: Group, dataDir: string): Promise<Made[]> {
  const server = await serverFor(group, version, dataDir);
  const stage = new Stage(server.url);
  const made: Made[] = [];
  try {
    for (const { sql, settings } of group.statements) {
      // What is altered by hand drifts on one version as well.
      if (/^ALTER/.test(sql)) continue;
      const spec = settings === undefined ? declarable(sql) : undefined;
      if (spec === undefined) {
        await send(server.url, sql, { ...(settings && { settings }) });
        continue;
      }
      const one = declared(
        spec,
        sql,
        made.map(({ one: { urn } }) => urn),
      );
      try {
        made.push({ one, ...(await stage.create(one)) });
      } catch {
        // The old version does not have it, which is another test's matter.
      }
    }
  } finally {
    await stage.close();
    await server.stop();
  }
  return made;
}

/**
 * 24.8 links a database's metadata by an absolute path with a slash at its end, which newer servers leave, and of which the embedded engines of 26.x
 * read an empty UUID (error 376). 25.8 links what it makes itself like this.
 */
function relink(dataDir: string): void {
  const folder = path.join(dataFolder(dataDir), "metadata");
  for (const entry of readdirSync(folder, { withFileTypes: true }).filter((one) => one.isSymbolicLink())) {
    const link = path.join(folder, entry.name);
    const target = path.relative(folder, path.resolve(folder, readlinkSync(link)));
    unlinkSync(link);
    symlinkSync(target, link);
  }
}

async function differencesOn(
  version: Version,
  group: Group,
  dataDir: string,
  made: readonly Made[],
): Promise<string[]> {
  relink(dataDir);
  const server = await serverFor(group, version, dataDir);
  const stage = new Stage(server.url);
  const found: string[] = [];
  try {
    for (const { one, inputs, outs } of made) {
      const drift = await stage.drift(one, outs);
      const changes = await stage.changes(one, inputs, outs);
      found.push(...[drift, changes].filter((text) => text !== undefined));
    }
  } finally {
    await stage.close();
    await server.stop();
  }
  return found;
}
