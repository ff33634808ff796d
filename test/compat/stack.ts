import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { importServer } from "../../provider/src/cli/import";
import { atLeast } from "../../provider/src/clickhouse/version";
import { installInto } from "../support/installed";
import { copyObsfly, type ObsflyCopy } from "../support/obsfly";
import { createProject } from "../support/pulumi";
import { startServer } from "../support/server";
import { assertTrue, verify, Writer } from "./load";
import { judge, type Suite } from "./verdict";

/** The production stack with the real CLI, from an empty server to an empty server. */
export const stack: Suite = async (version, tell) => {
  const server = await startServer({ version });
  const project = await copyObsfly({
    "clickhouse:url": server.url,
    // REFRESH … APPEND came with 24.9; on an older server the preview refuses the stack without this, as test/clickhouse proves of the clause.
    ...(!atLeast(version, "24.9") && { "obsfly:appendDependencies": "false" }),
  });
  try {
    for (const [name, work] of Object.entries(stepsOf(server.url, project))) {
      const verdict = await judge(`ObsFly ${name}`, async () => void (await work()));
      tell(verdict);
      // Each step builds on those before it.
      if (verdict.result !== "ok") break;
    }
  } finally {
    project.remove();
    await server.stop();
  }
};

function stepsOf(url: string, project: ObsflyCopy): Readonly<Record<string, () => Promise<unknown>>> {
  const writer = new Writer(url);
  const isUnchanged = (): Promise<unknown> => project.must(["preview", "--expect-no-changes"]);
  return {
    "comes up": () => project.must(["up", "--yes", "--skip-preview"]),
    "is unchanged at the next preview": isUnchanged,
    "has not drifted": () => project.must(["refresh", "--yes", "--skip-preview", "--expect-no-changes"]),
    "takes rows, and its rollups equal the truth": async () => {
      await writer.fill(20_000);
      await assertTrue(url, writer.written);
    },
    "is verified": () => verify(url),
    "has a table rebuilt and a view changed while rows come": async () => {
      const orderBy = '["AccountId", "ServiceName", "Timestamp"]';
      project.edit("logs.ts", `orderBy: ${orderBy}`, 'orderBy: ["ServiceName", "AccountId", "Timestamp"]');
      project.edit("logs.ts", "where: \"BodyHash != ''\"", 'where: "notEmpty(BodyHash)"');
      const { stdout } = await project.must(["preview", "--json"]);
      assert.match(stdout, /rebuild logs\.logs_v1, because/);
      assert.match(stdout, /log_patterns_mv[^"]* MODIFY QUERY/);
      await writer.meanwhile(() => project.must(["up", "--yes", "--skip-preview"]));
    },
    "has no row lost or doubled after that, and is unchanged": async () => {
      await assertTrue(url, writer.written);
      await verify(url);
      await isUnchanged();
    },
    "is imported into an empty program, whose preview is empty": () => importsUnchanged(url),
    "is taken down": () => project.must(["destroy", "--yes", "--skip-preview"], { CLICKHOUSE_ALLOW_DROP: "true" }),
  };
}

async function importsUnchanged(url: string): Promise<void> {
  const parent = mkdtempSync(path.join(tmpdir(), "clickhouse-schema-import-"));
  const out = path.join(parent, "schema");
  try {
    let said = "";
    const tell = (text: string): void => {
      said += text;
    };
    assert.equal(await importServer({ url, out }, { out: tell, error: tell }), 0, said);
    installInto(out);
    const project = await createProject({ workDir: out, config: { "clickhouse:url": url } });
    try {
      await project.must(["import", "--file", "import.json", "--generate-code=false", "--protect=false", "--yes"]);
      await project.must(["preview", "--expect-no-changes", "--diff"]);
    } finally {
      project.remove();
    }
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
}
