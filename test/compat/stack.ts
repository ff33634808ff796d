import { atLeast } from "../../provider/dist/clickhouse/version";
import { copyObsfly } from "../support/obsfly";
import { startServer } from "../support/server";
import { judge, type Suite } from "./verdict";

/** The production stack with the real CLI: made, unchanged, drifted from nothing, taken down. */
export const stack: Suite = async (version, tell) => {
  const server = await startServer({ version });
  const project = await copyObsfly({
    "clickhouse:url": server.url,
    // REFRESH … APPEND came with 24.9; on an older server the preview refuses the stack without this, as test/clickhouse proves of the clause.
    ...(!atLeast(version, "24.9") && { "obsfly:appendDependencies": "false" }),
  });
  const steps: readonly (readonly [name: string, args: readonly string[]])[] = [
    ["comes up", ["up", "--yes", "--skip-preview"]],
    ["is unchanged at the next preview", ["preview", "--expect-no-changes"]],
    ["has not drifted", ["refresh", "--yes", "--skip-preview", "--expect-no-changes"]],
    ["is taken down", ["destroy", "--yes", "--skip-preview"]],
  ];
  try {
    for (const [name, args] of steps) {
      const env = { CLICKHOUSE_ALLOW_DROP: "true" };
      const verdict = await judge(`ObsFly ${name}`, async () => void (await project.must(args, env)));
      tell(verdict);
      if (verdict.result !== "ok") break;
    }
  } finally {
    project.remove();
    await server.stop();
  }
};
