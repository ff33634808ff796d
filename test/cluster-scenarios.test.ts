/** What has to hold on a cluster, and the test that shows it, or why none does. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";

const SCENARIOS: readonly (readonly [scenario: string, file: string, words: string])[] = [
  ["a whole stack comes to all hosts by one up", "obsfly/cluster.test.ts", "comes up on every host, and is unchanged"],
  ["an engine without its path is no difference", "plan/replicas.test.ts", "adopted without a difference"],
  ["a host is down: nothing runs", "e2e/cluster.test.ts", "runs nothing while a host does not answer, and names it"],
  ["a host is down: the queue brings it", "e2e/cluster.test.ts", "leaves the rest to the queue"],
  ["a host refuses, and the next run does the rest", "pulumi/cluster.test.ts", "the next run does the rest"],
  ["a late host is no error, and named", "e2e/cluster.test.ts", "waits in the DDL queue"],
  ["a table that one host has lost comes back", "e2e/cluster.test.ts", "brings back what one host has lost"],
  ["a view that differs on one host is corrected", "e2e/cluster.test.ts", "1 of 2: different on"],
  ["a host that joins gets the whole schema", "pulumi/cluster.test.ts", "gives a host that joins it the whole schema"],
  ["a load balancer is as good as a host", "pulumi/cluster-bad-input.test.ts", "behind a load balancer, each request"],
  ["a column comes under writers", "apply/cluster-writers.test.ts", "when a column is added"],
  ["a column goes, first from the Distributed table", "e2e/cluster.test.ts", "loses a column on both hosts"],
  ["a mutation that takes long blocks nobody", "pulumi/cluster.test.ts", "holds no statement of another stack"],
  [
    "a key changes under writers, on shards and replicas",
    "crashes/cluster/cluster.test.ts",
    "while a table is rebuilt",
  ],
  ["a host or the runner dies in it", "crashes/cluster/cluster.test.ts", "lose nothing and double nothing"],
  ["a column is renamed under writers", "apply/cluster-columns.test.ts", "keeps every value, and every row once"],
  ["a Replicated database gets no ON CLUSTER", "pulumi/cluster.test.ts", "there is no ON CLUSTER and no UUID of ours"],
  ["two tables under one name are not touched", "pulumi/cluster.test.ts", "are refused, never touched"],
  ["an imported cluster has an empty preview", "cli/cluster.test.ts", "no path that is the default"],
  ["the doctor names what is wrong", "doctor/cluster.test.ts", "names a host that is down, and one that is frozen"],
];

/** What is refused, or was never run, in the words of docs/clusters.md. */
const NOT: readonly (readonly [scenario: string, words: string])[] = [
  ["another name for a table under writers", "a new name for an object or a database"],
  ["a view gets another target under writers", "It was not run with hosts killed"],
  ["a backfill on every shard", "`backfill` of a new view"],
  ["ClickHouse Cloud", "ClickHouse Cloud, which was not available"],
];

describe("what has to hold on a cluster", () => {
  for (const [scenario, file, words] of SCENARIOS) {
    it(`has a test: ${scenario}`, () =>
      assert.ok(readFileSync(path.join(__dirname, file), "utf8").includes(words), `${file} has no "${words}"`));
  }

  const page = readFileSync(path.join(__dirname, "../docs/clusters.md"), "utf8");
  for (const [scenario, words] of NOT) {
    it(`is refused or was not run, as the documentation admits: ${scenario}`, () =>
      assert.ok(page.includes(words), words));
  }
});
