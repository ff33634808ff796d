import { equal } from "node:assert/strict";
import { Refused } from "../support/provider";
import { judge } from "./verdict";

const ENDS = [
  { said: "a refusal at preview", step: "preview", error: new Refused("needs 24.9"), result: "refused" },
  { said: "a refusal of what is declared first", step: "declare", error: new Refused("needs 24.9"), result: "refused" },
  { said: "a refusal after the change", step: "preview again", error: new Refused("needs 24.9"), result: "failed" },
  { said: "an error at preview", step: "preview", error: new Error("Code: 62"), result: "failed" },
  { said: "an error of the change", step: "change", error: new Error("Code: 62"), result: "failed" },
];

describe("verdicts of compat", () => {
  for (const { said, step, error, result } of ENDS) {
    it(`${said} is ${result}`, async () => {
      const verdict = await judge("one", async (at) => {
        at(step);
        throw error;
      });
      equal(verdict.result, result);
      equal(verdict.problem, `[${step}] ${error.message}`);
    });
  }

  it("nothing said is ok", async () => {
    equal((await judge("one", async (at) => at("preview"))).result, "ok");
  });
});
