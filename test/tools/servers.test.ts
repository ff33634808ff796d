import assert from "node:assert/strict";
import { ENGINES, type Version } from "../../provider/src/server/engines";
import { startCluster } from "../support/cluster";
import { startServer, type TestServer } from "../support/server";
import { canReplicate, testedVersions } from "../support/versions";

/** What the packages change, and what a server has. */
const DEFAULTS: Readonly<Record<string, string>> = {
  "SELECT value FROM system.server_settings WHERE name = 'background_pool_size'": "16",
  "SELECT value FROM system.server_settings WHERE name = 'background_fetches_pool_size'": "16",
  "SELECT value FROM system.merge_tree_settings WHERE name = 'old_parts_lifetime'": "480",
  "SELECT value FROM system.merge_tree_settings WHERE name = 'number_of_free_entries_in_pool_to_execute_mutation'":
    "20",
  "SELECT value FROM system.settings WHERE name = 'mutations_sync'": "0",
  "SELECT count() FROM system.settings WHERE name = 'implicit_select' AND value != '0'": "0",
};

async function ask({ url }: Pick<TestServer, "url">, sql: string): Promise<string> {
  const answer = await fetch(url, { method: "POST", body: sql });
  const text = (await answer.text()).trim();
  assert.ok(answer.ok, text);
  return text.replaceAll('"', "");
}

describe("test servers", function () {
  this.timeout(300_000);

  for (const version of testedVersions(Object.keys(ENGINES) as Version[])) {
    it(`${version} is that version, has a server's defaults, and keeps its rows over SIGKILL`, async () => {
      const server = await startServer({ version, settings: { max_threads: 1, no_such_setting: 1 } });
      try {
        assert.match(await ask(server, "SELECT version()"), new RegExp(`^${version.replace(".", "\\.")}\\.`));
        for (const [query, expected] of Object.entries(DEFAULTS))
          assert.equal(await ask(server, query), expected, query);
        assert.equal(await ask(server, "SELECT getSetting('max_threads')"), "1");
        await ask(server, "CREATE DATABASE d");
        await ask(server, "CREATE TABLE d.t (a UInt64) ENGINE = MergeTree ORDER BY a SETTINGS fsync_after_insert = 1");
        await ask(server, "INSERT INTO d.t SELECT number FROM numbers(10)");
        await server.kill();
        await assert.rejects(fetch(server.url));
        await server.start();
        assert.equal(await ask(server, "SELECT count() FROM d.t"), "10");
      } finally {
        await server.stop();
      }
    });
  }

  for (const version of canReplicate(["25.8"])) {
    it(`two replicas of ${version} share rows and statements ON CLUSTER, also after one was killed`, async () => {
      const cluster = await startCluster({ version });
      const [first, second] = cluster.nodes;
      assert.ok(first !== undefined && second !== undefined);
      try {
        await ask(first, "CREATE DATABASE d ON CLUSTER main");
        await ask(first, "CREATE TABLE d.t ON CLUSTER main (a UInt64) ENGINE = ReplicatedMergeTree ORDER BY a");
        await second.kill();
        await ask(first, "INSERT INTO d.t SELECT number FROM numbers(10)");
        await second.start();
        await ask(second, "SYSTEM SYNC REPLICA d.t");
        assert.equal(await ask(second, "SELECT count() FROM d.t"), "10");
      } finally {
        await cluster.stop();
      }
    });
  }
});
