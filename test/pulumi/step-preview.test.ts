import { deepEqual } from "node:assert/strict";
import { consistent } from "../../provider/dist/pulumi/step-preview";

const NONE = "-- no insert is refused";
const SOME =
  "-- inserts are refused (error 469, to be retried) for at most 4 s at a time while the names are exchanged";
const COPY = "-- to copy: 1,000 rows, 8.1 KiB";

describe("what the steps of one change say of inserts", () => {
  for (const { when, said, shown } of [
    { when: "one step refuses none", said: [NONE], shown: [NONE] },
    { when: "two steps refuse none", said: [NONE, COPY, NONE], shown: [NONE, COPY] },
    { when: "the first of two refuses some", said: [SOME, COPY, NONE], shown: [SOME, COPY] },
    { when: "the second of two refuses some", said: [NONE, COPY, SOME], shown: [COPY, SOME] },
    {
      when: "both refuse some",
      said: [SOME, SOME.replace("names", "tables")],
      shown: [SOME, SOME.replace("names", "tables")],
    },
  ]) {
    it(when, () => deepEqual(consistent(said), shown));
  }
});
