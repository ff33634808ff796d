/** The scenarios that access control was built for, and the test of each; what is left out, and why. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";

/** A scenario, the file of its test, and words in it. */
type Row = readonly [number: number, scenario: string, file: string, words: string];

const SCENARIOS: readonly Row[] = [
  [1, "a role, a user and grants from nothing", "e2e/access.test.ts", "up makes them, in order"],
  [1, "each right is tried by doing it", "access/grants.test.ts", "let a user do what they say, and nothing else"],
  [
    2,
    "no password or hash anywhere, with the CLI",
    "e2e/access.test.ts",
    "neither password nor hash is in outputs, state",
  ],
  [2, "nor in what the server keeps", "kinds/user.test.ts", "no password is anywhere"],
  [2, "nor a secret of a collection", "e2e/grants-and-collections.test.ts", "not even a digest of one"],
  [3, "another password is one ALTER", "kinds/user.test.ts", "a new password is one ALTER that keeps rights and UUID"],
  [4, "a rename keeps the rights", "kinds/access.test.ts", "a rename keeps the members, the rights and the UUID"],
  [4, "and the grants follow", "e2e/grants-and-collections.test.ts", "follow the new name of a role"],
  [5, "a manual GRANT is drift, and taken back", "access/grants.test.ts", "GRANT INSERT ON d.orders TO alice"],
  [6, "a manual REVOKE is drift, and given again", "access/grants.test.ts", "REVOKE SELECT ON d.* FROM alice"],
  [
    7,
    "narrower rights without a query that fails",
    "access/grants.test.ts",
    "shrink while somebody reads, and no query fails",
  ],
  [8, "ALL and groups equal their members", "access/rights.test.ts", "have one normal form, which means the same"],
  [8, "on the server", "access/grants.test.ts", "ALL ON d.*"],
  [9, "a column that is taken out", "access/grants.test.ts", 'except: ["SELECT(card) ON d.orders"]'],
  [
    10,
    "a grant beside those of others",
    "access/grant.test.ts",
    "gives its rights and takes them back, and leaves what an admin gave",
  ],
  [10, "refused beside Grants", "access/grant.test.ts", "is refused beside Grants of the same grantee"],
  [11, "prefixes read back, also after a restart", "access/law.test.ts", "are all there after a restart"],
  [
    12,
    "limits in other words, and one that is no setting",
    "kinds/access.test.ts",
    "a setting that does not exist, and a value that it cannot have",
  ],
  [12, "limits hold", "kinds/access.test.ts", "a limit holds for those who have a role"],
  [13, "a profile is not dropped while its limits hold", "kinds/access.test.ts", "a profile not while its limits hold"],
  [14, "a quota stops at its limit", "kinds/access.test.ts", "a quota stops whom it applies to at its limit"],
  [
    14,
    "a quota on everybody needs allow",
    "kinds/access.test.ts",
    "what would lock the deployment's user out needs allow",
  ],
  [
    15,
    "a policy filters, a wrong column fails the preview",
    "access/row-policies.test.ts",
    "a condition over a column that does not exist",
  ],
  [
    16,
    "a policy follows its table",
    "e2e/row-policies.test.ts",
    "follow their table to another name, and nobody sees more",
  ],
  [
    17,
    "a changed function changes the view and the default",
    "kinds/sql-function.test.ts",
    "changes the view and the default that call it",
  ],
  [
    18,
    "a dictionary is replaced while inserts continue",
    "kinds/dictionary.test.ts",
    "by CREATE OR REPLACE while inserts continue",
  ],
  [
    18,
    "and keeps what a view asks for",
    "kinds/dictionary.test.ts",
    "is not changed to lack what a view and a default ask for",
  ],
  [
    19,
    "a collection changes a secret, and is not dropped in use",
    "access/named-collection.test.ts",
    "is not dropped or renamed while something uses it",
  ],
  [20, "a rebuild shows nobody more", "apply/guarded-rows.test.ts", "sees no more of them in any table of a rebuild"],
  [21, "users of users.xml are refused", "kinds/user.test.ts", "one of users.xml is told apart"],
  [21, "and grants to them", "access/grants.test.ts", "server's configuration \\(users_xml\\)"],
  [
    22,
    "import writes what there is, and the next preview is empty",
    "access/import.test.ts",
    "so that the next preview is empty",
  ],
  [
    23,
    "the rights that doctor prints are enough, and each is needed",
    "doctor/access-rights.test.ts",
    "are needed: without",
  ],
  [23, "also for a whole stack", "obsfly/access.test.ts", "the deployer has the very rights that doctor prints"],
  [
    25,
    "the definer of a view is not dropped",
    "kinds/user.test.ts",
    "is not dropped while a view runs with its rights",
  ],
  [26, "random grants arrive", "access/law.test.ts", "change from any to any by Grants"],
  [
    26,
    "random entities too",
    "kinds/access-law.test.ts",
    "what is declared is what is read, and one ALTER leads from any to any other",
  ],
  [27, "a restart between up and preview", "kinds/user.test.ts", "a restart keeps everything"],
  [
    27,
    "also with a row policy, by the CLI",
    "e2e/row-policies.test.ts",
    "after a restart of the server there is nothing to do",
  ],
  [28, "a user of users.xml appears over a managed one", "kinds/user.test.ts", "DROP USER later FROM local_directory"],
  [
    29,
    "two replicas, forty grants, a preview on the other",
    "access/replicated.test.ts",
    "many grants to one user from both replicas at once",
  ],
  [
    30,
    "a missing grantee leaves no open user",
    "kinds/user.test.ts",
    "one that goes in between leaves no open user behind",
  ],
  [
    31,
    "a collection's secret with a deployer who may see it",
    "access/named-collection.test.ts",
    "keeps it out of the state, the messages and the server's log",
  ],
  [
    32,
    "columns without a table on 24.8",
    "access/not-kept.test.ts",
    "a column of every table of a database gives all columns",
  ],
];

/** What no test does, or not all of it. */
const LEFT_OUT: Readonly<Record<number, string>> = {
  24: "the runner is killed in the operations on tables; for access objects each statement is one change of its own, so the next run completes it",
};

describe("the scenarios of access control", () => {
  for (const [number, scenario, file, words] of SCENARIOS) {
    it(`${number}: ${scenario}`, () => {
      const text = readFileSync(path.join(__dirname, "..", file), "utf8");
      assert.ok(text.includes(words), `${file} has no "${words}"`);
    });
  }

  it("are all in the table, or left out for a reason", () => {
    const known = new Set([...SCENARIOS.map(([number]) => number), ...Object.keys(LEFT_OUT).map(Number)]);
    assert.deepEqual(
      [...known].sort((a, b) => a - b),
      Array.from({ length: 32 }, (_, index) => index + 1),
    );
  });
});
