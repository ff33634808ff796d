import assert from "node:assert/strict";
import { type Cluster, startCluster } from "../support/cluster";
import { createProject, type Project } from "../support/pulumi";
import { canReplicate, lastOrAll } from "../support/versions";
import { assertPresentable, namesIn, run } from "./support";

const HEAD = 'const db = new clickhouse.Database("d");\n';
const map = (more = ""): string =>
  `new clickhouse.Table("m", { database: db, columns: { k: "UInt64", v: "String" }, engine: "KeeperMap('/m')", primaryKey: ["k"]${more} });\n`;

for (const version of lastOrAll(canReplicate(["24.8", "25.8"]))) {
  describe(`a KeeperMap table, whose rows are in Keeper, on ClickHouse ${version}`, function () {
    this.timeout(180_000);
    let cluster: Cluster;
    let project: Project;
    let url: string;

    before(async () => {
      const config = "<keeper_map_path_prefix>/maps</keeper_map_path_prefix>";
      cluster = await startCluster({ version, replicas: 1, config });
      url = cluster.nodes[0]?.url ?? "";
      project = await createProject({ program: HEAD + map(), config: { "clickhouse:url": url } });
    });

    after(async () => {
      project?.remove();
      await cluster?.stop();
    });

    it("is created once and is no difference afterwards", async () => {
      await project.must(["up", "--yes", "--skip-preview"]);
      await project.must(["preview", "--expect-no-changes"]);
    });

    it("is not dropped with its rows without permission: not when it leaves the program, nor with the stack", async () => {
      await run(url, "INSERT INTO d.m VALUES (1, 'one'), (2, 'two')");
      project.write(HEAD);
      for (const command of ["up", "destroy"]) {
        const { code, text } = await project.run([command, "--yes", "--skip-preview"]);
        assert.notEqual(code, 0);
        assert.match(text, /d\.m: not dropped, because it holds 2 row\(s\)/);
        assertPresentable(text);
        assert.deepEqual(await namesIn(url, "d"), ["m"]);
      }
    });

    it("is dropped with permission, and its rows go from Keeper", async () => {
      project.write(HEAD + map(', deletion: "drop"'));
      await project.must(["up", "--yes", "--skip-preview"]);
      project.write(HEAD);
      await project.must(["up", "--yes", "--skip-preview"]);
      assert.deepEqual(await namesIn(url, "d"), []);
      project.write(HEAD + map());
      await project.must(["up", "--yes", "--skip-preview"]);
      await run(url, "SELECT throwIf(count() > 0) FROM d.m");
    });

    it("is dropped without permission where it holds none", async () => {
      project.write(HEAD);
      await project.must(["up", "--yes", "--skip-preview"]);
      assert.deepEqual(await namesIn(url, "d"), []);
    });
  });
}
