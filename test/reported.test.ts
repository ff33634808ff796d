/** What users of such tools have reported, and the test that would fail if it happened here. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";

const REPORTED: readonly (readonly [mistake: string, file: string, words: string])[] = [
  [
    "elements leave a tuple, in arrays and maps too, without a word",
    "pulumi/rows-asked.test.ts",
    "an element of a tuple in an array that goes",
  ],
  ["numbers wrap around, times overflow in a retype", "pulumi/rows-asked.test.ts", "milliseconds as DateTime"],
  ["NULL in an array makes a table unreadable", "pulumi/rows-asked.test.ts", "NULL in an array"],
  ["a longer TTL does not reach old parts", "plan/ttl.test.ts", "not what it said when the part was written"],
  ["a refreshable view replaces rows at creation", "pulumi/creation.test.ts", "a refreshable view over rows"],
  ["rows not merged are merged by another function", "pulumi/rows-asked.test.ts", "when another function merges them"],
  ["a time zone changes under a key", "plan/cases/stale.ts", "PARTITION BY gives other values"],
  ["an alias changes under an index", "plan/cases/stale.ts", "alias under an index"],
  [
    "NULL becomes something else than the plan said",
    "pulumi/rows-asked.test.ts",
    "NULL, with a default that reads another column",
  ],
  ["a projection keeps parts from being merged", "plan/cases/elements.ts", "deduplicate_merge_projection_mode"],
  ["a view loses a column that another view reads", "pulumi/readers.test.ts", "a view that loses a column"],
  [
    "a dictionary loses an attribute that others ask for",
    "pulumi/dictionary-readers.test.ts",
    "a column that an attribute is read from goes",
  ],
  ["a view under a new name doubles rows", "pulumi/creation.test.ts", "v1 → v2"],
  ["the profile of the user changes types", "pulumi/profile.test.ts", "join_use_nulls"],
  ["a SQL function of the server is unknown", "pulumi/functions.test.ts", "are known to the embedded engine"],
  [
    "after a failed ALTER the reverted program sees no change",
    "pulumi/failed-statement.test.ts",
    "the program as it was plans the way back",
  ],
  ["every version of a row is counted", "lint/two-inserts.test.ts", "counts-replaced-rows"],
  ["doubled numbers compare as equal until a merge", "verify/cases.test.ts", "equal only until the source merges"],
  ["partial rows are counted", "lint/two-inserts.test.ts", "aggregate-of-partial-rows"],
  ["sums overflow their column", "lint/two-inserts.test.ts", "sum-overflows-column"],
  ["a Kafka table is refused by up alone", "pulumi/refusal-cases.ts", "a setting of a Kafka table that a view reads"],
  [
    "a table is renamed and rebuilt in one run",
    "apply/side-by-side.test.ts",
    "several protocols in the plan of one object",
  ],
  [
    "the first operations of many kinds disturb each other",
    "apply/side-by-side.test.ts",
    "try the server out at the same time",
  ],
  ["a rename of a target stops inserts on an LTS", "apply/failing-runs.ts", "a rename of a target"],
  ["a column added on a replica rebuilds the table", "plan/replicas.test.ts", "column added at the end"],
  ["a right is missing only at up", "pulumi/rights-of-changes.test.ts", "a rename without DROP TABLE"],
  [
    "CREATE TABLE AS SELECT fills nothing, or once",
    "pulumi/created-from.test.ts",
    "is refused where rows would come with it",
  ],
  ["without chdb a comment rebuilds a table", "pulumi/without-chdb.test.ts", "a comment takes one ALTER"],
  ["two resources of one name move a table", "e2e/identity.test.ts", "refuses two tables of one resource name"],
  ["what may not be seen is called gone", "e2e/rights.test.ts", "changes nothing in the state by refresh"],
  ["another URL is no change", "e2e/servers.test.ts", "is given what it lacks when the stack moves there"],
  ["an imported project does not compile", "cli/import.test.ts", "installed"],
  ["a refused removal advises to destroy the stack", "e2e/identity.test.ts", "how just this one is allowed"],
  ["a variable of the shell leads to another server", "e2e/servers.test.ts", "when the environment leads there"],
  ["a shorter TTL counts all rows", "plan/asked.test.ts", "a shorter TTL that no row is past"],
  ["a rename without an alias splits the rows", "e2e/identity.test.ts", "without an alias where rows would be split"],
  ["mistakes in the config pass the preview", "e2e/servers.test.ts", "mistakes in the config are errors at preview"],
  [
    "verify ends where a statement takes too long",
    "verify/cases.test.ts",
    "windows that take longer than a statement may",
  ],
  ["a resource in a plain string is parsed as SQL", "pulumi/check.test.ts", "a resource in a plain string"],
  ["a Rollup in the SQL becomes [object Object]", "e2e/mistakes.test.ts", "which object of a Rollup is meant"],
  ["a password with a quote breaks the SQL", "resources/sql.test.ts", "keeps every text between quotes"],
  ["a backfill that is declared later is passed over", "pulumi/backfill.test.ts", "a backfill comes too late"],
  ["the steps that import prints do not work", "cli/import-as-printed.test.ts", "after the printed steps"],
  [
    "a database is dropped with tables that are declared",
    "e2e/identity.test.ts",
    "keeps a database that leaves the program",
  ],
  ["a mistake in a type names no column", "pulumi/check.test.ts", "names the argument that is wrong"],
  [
    "a destroy that is refused has dropped views",
    "e2e/identity.test.ts",
    "changes nothing by a destroy that is refused",
  ],
  [
    "two expressions in one string are refused elsewhere",
    "pulumi/check.test.ts",
    "takes several expressions in one string",
  ],
  ["progress runs backwards", "apply/pace.test.ts", "never runs backwards"],
  [
    "progress is pushed off the row by what the provider keeps for itself",
    "e2e/quiet.test.ts",
    "\\[diff: ~statement\\]",
  ],
  ["a comparison says nothing for minutes", "apply/pace.test.ts", "the rows that it has read once it takes long"],
  ["a table without connections tears a band open", "graph/drawings.test.ts", "leaves no strip of a band empty"],
  ["boxes stay white in the dark", "graph/drawings.test.ts", "in the light and in the dark"],
  ["a warning comes with every change of a source", "pulumi/lint.test.ts", "says a warning once"],
  ["the old plan is shown as removed lines", "e2e/quiet.test.ts", "no earlier plan"],
  ["the package has no license, and does not load", "package/install.test.ts", "is loaded by require and by import"],
];

describe("what has been reported", () => {
  for (const [mistake, file, words] of REPORTED) {
    it(`has a test: ${mistake}`, () =>
      assert.ok(readFileSync(path.join(__dirname, file), "utf8").includes(words), `${file} has no "${words}"`));
  }
});
