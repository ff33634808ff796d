import assert from "node:assert/strict";
import { byEffort, SEED } from "../../support/effort";
import { sharedServer } from "../../support/server";
import { type Campaign, startCampaign } from "./run";

const RUNS = byEffort({ fast: 1, full: 1, soak: 100 });

/** `npm run crashes:checkpoints` has more of them. */
describe(`an up that writes no checkpoints, killed at a random moment (TEST_SEED=${SEED})`, function () {
  this.timeout(300_000);
  let campaign: Campaign;
  before(async () => {
    campaign = await startCampaign(await sharedServer(), SEED);
  });
  after(() => campaign?.close());

  for (let index = 0; index < RUNS; index += 1) {
    it(`is finished by the next one, which asks for nothing (${index + 1})`, async () => {
      const run = await campaign.run(index);
      assert.deepEqual(run.wrong, [], JSON.stringify(run));
    });
  }
});
