import assert from "node:assert/strict";
import { createProject, type Project } from "../../support/pulumi";
import { startServer, type TestServer } from "../../support/server";
import { assertPresentable, identities, run } from "../support";
import { answers, GROUPS, type Preview, plansOf, programOf, type Side } from "./play";

for (const [group, rows] of Object.entries(GROUPS)) {
  describe(`${group}, with the real CLI`, function () {
    this.timeout(300_000);
    let server: TestServer;
    let project: Project;
    let plans: Readonly<Record<string, string>>;
    let kept: Readonly<Record<string, string>>;
    const program = (side: Side): string =>
      programOf(
        rows.map((row) => [row, side]),
        `${side} 'it'`,
      );

    before(async () => {
      server = await startServer();
      project = await createProject({ program: program("before"), config: { "clickhouse:url": server.url } });
      await project.must(["up", "--yes", "--skip-preview"]);
      await run(server.url, ...rows.flatMap((row) => row.rows ?? []));
      kept = await answers(
        server.url,
        rows.flatMap((row) => row.kept ?? []),
      );
      project.write(program("after"));
    });

    after(async () => {
      project?.remove();
      await server?.stop();
    });

    it("are previewed, which changes nothing", async () => {
      const before = await identities(server.url, "e");
      const preview = JSON.parse((await project.must(["preview", "--json"])).stdout) as Preview;
      plans = plansOf(preview);
      const replaced = preview.steps.filter(({ op }) => op.includes("replace") || op === "delete" || op === "create");
      assert.deepEqual(
        replaced.map(({ urn }) => urn.split("::").at(-1)),
        rows.flatMap(({ creates = [] }) => creates),
      );
      assert.match(plans["e"] ?? "", /ALTER DATABASE e MODIFY COMMENT 'after \\'it\\''/);
      assert.deepEqual(await identities(server.url, "e"), before);
    });

    it("come up", async () => {
      const { text } = await project.must(["up", "--yes", "--skip-preview"]);
      assertPresentable(text);
    });

    for (const row of rows) {
      it(row.name, async () => {
        for (const [name, expected] of Object.entries(row.plans)) assert.match(plans[name] ?? "(no plan)", expected);
        await run(server.url, ...(row.later ?? []));
        for (const [query, answer] of Object.entries(await answers(server.url, row.kept ?? []))) {
          assert.equal(answer, kept[query], query);
        }
        assert.deepEqual(await answers(server.url, Object.keys(row.afterwards ?? {})), row.afterwards ?? {});
      });
    }

    it("leave nothing to do and no drift", async () => {
      await project.must(["preview", "--expect-no-changes"]);
      await project.must(["refresh", "--yes", "--skip-preview", "--expect-no-changes"]);
      await project.must(["preview", "--expect-no-changes"]);
    });
  });
}
