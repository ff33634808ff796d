import assert from "node:assert/strict";
import { readdirSync, readlinkSync, rmSync, symlinkSync, unlinkSync } from "node:fs";
import path from "node:path";
import { dataFolder } from "../../provider/src/server/config";
import { temporaryDirectory } from "../../provider/src/server/temporary";
import { quotedName } from "../../provider/src/sql/object-key";
import { declarable, declared } from "../compat/objects";
import { send, serverFor } from "../generate/servers";
import { type Declared, Stage } from "../generate/stage";
import { type Group, ownGroups } from "../generate/statements";
import { byEffort } from "../support/effort";
import type { Version } from "../support/server";
import { testedVersions } from "../support/versions";

/** A server is upgraded through these, on the same data. */
const PATH: readonly Version[] = ["24.8", "25.8", "26.3", "26.7", "26.9"];
/** Of the statements in `test/generate`. */
const GROUPS = byEffort<readonly string[] | undefined>({ fast: ["views"], full: undefined, soak: undefined });
/** The packages of 26.x lack some engines, and then do not start: a group of them is upgraded as far as there are whole servers. */
const SHORTER: Readonly<Record<string, readonly Version[]>> = { engines: ["24.8", "25.8"] };
/** What later packages do not load, and then do not start: 25.8's no MongoDB, those of 26.x no named collections. */
const UNLOADABLE: ReadonlySet<string> = new Set([
  "engines.mongo",
  "expressions_url",
  "expressions_kafka",
  "expressions.by_collection",
  "expressions.kafka_collection",
]);
type Bag = Record<string, unknown>;

interface Made {
  readonly one: Declared;
  readonly inputs: Bag;
  readonly outs: Bag;
}

describe("an upgrade of the server under a state of an older one", function () {
  this.timeout(600_000);
  for (const group of testedVersions(PATH).length < PATH.length ? [] : ownGroups()) {
    const versions = SHORTER[group.name] ?? PATH;
    const [first, ...later] = versions;
    if (first === undefined || GROUPS?.includes(group.name) === false) continue;
    it(`is no difference at preview and refresh: ${group.name}, ${versions.join(" → ")}`, async () => {
      const dataDir = temporaryDirectory("clickhouse-upgrade-");
      try {
        const made = await keptBy(first, group, dataDir, await makeOn(first, group, dataDir));
        assert.ok(made.length > 0, `${first} makes none of them`);
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
      // What is altered manually drifts on one version as well.
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
      if (UNLOADABLE.has(quotedName(one.key))) continue;
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

/** Without what a restart of the same version forgets (a Memory database), and what the group renames later. */
async function keptBy(version: Version, group: Group, dataDir: string, made: readonly Made[]): Promise<Made[]> {
  const server = await serverFor(group, version, dataDir);
  const stage = new Stage(server.url);
  const kept: Made[] = [];
  try {
    for (const object of made) if ((await stage.drift(object.one, object.outs)) !== "is gone") kept.push(object);
  } finally {
    await stage.close();
    await server.stop();
  }
  return kept;
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
      for (const text of [drift, changes]) if (text !== undefined) found.push(`${quotedName(one.key)} ${text}`);
    }
  } finally {
    await stage.close();
    await server.stop();
  }
  return found;
}
