/** `npm run crashes:checkpoints -- 26.7 [UPS]`: `pulumi up` without checkpoints, killed at random moments, and the next one. */

import { versionNamed } from "../../../provider/src/server/engines";
import { exitWith } from "../../../tools/pulumi-cli/run";
import { SEED } from "../../support/effort";
import { startServer } from "../../support/server";
import { startCampaign } from "./run";

const HELP = "npm run crashes:checkpoints -- VERSION [UPS]\n  UPS  how many are killed; 100 unless given";

async function main([named = "", count = "100"]: readonly string[]): Promise<number> {
  if (named === "" || !/^\d+$/.test(count)) {
    console.error(HELP);
    return 2;
  }
  const server = await startServer({ version: versionNamed(named) });
  let [killed, wrong] = [0, 0];
  try {
    const campaign = await startCampaign(server, SEED);
    try {
      for (let index = 0; index < Number(count); index += 1) {
        const run = await campaign.run(index);
        killed += run.at === undefined ? 0 : 1;
        wrong += run.wrong.length === 0 ? 0 : 1;
        console.log(`${run.wrong.length === 0 ? "ok" : "WRONG"}  ${index} to ${run.to}: ${run.at ?? "over before"}`);
        for (const one of run.wrong) console.log(one);
      }
    } finally {
      await campaign.close();
    }
  } finally {
    await server.stop();
  }
  console.log(`\n${named}: ${count} ups, ${killed} killed, ${wrong} that the next one did not finish`);
  return wrong === 0 ? 0 : 1;
}

exitWith(main(process.argv.slice(2)));
