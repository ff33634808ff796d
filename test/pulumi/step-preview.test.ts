import { deepEqual } from "node:assert/strict";
import { consistent, type StepCost } from "../../provider/src/pulumi/step-preview";

const when = "the names are exchanged";
const NONE: StepCost = { notes: [], gate: { closes: false, when } };
const SOME: StepCost = { notes: [], gate: { closes: true, when } };
const COPY = "-- to copy: 1,000 rows, 8.1 KiB";
const COPIES: StepCost = { notes: [COPY], gate: { closes: false, when: "the tables are exchanged" } };
const NO_INSERT = "-- no insert is refused";
const INSERTS = `-- inserts are refused (error 469: clients should retry) for at most 4 s at a time while ${when}`;

describe("what the steps of one change say of inserts", () => {
  for (const { name, said, shown } of [
    { name: "one step refuses none", said: [NONE], shown: [NO_INSERT] },
    { name: "two steps refuse none", said: [NONE, COPIES], shown: [NO_INSERT, COPY] },
    { name: "the first of two refuses some", said: [SOME, COPIES], shown: [INSERTS, COPY] },
    { name: "the second of two refuses some", said: [COPIES, SOME], shown: [COPY, INSERTS] },
    { name: "both refuse some", said: [SOME, SOME], shown: [INSERTS, INSERTS] },
    { name: "one has nothing to do with inserts", said: [{ notes: [] }, NONE], shown: [NO_INSERT] },
  ]) {
    it(name, () => deepEqual(consistent(said), shown));
  }
});
