/** What a server takes and does not keep, run manually on the real one and over a restart, beside what the preview says of it. */
import assert from "node:assert/strict";
import { OPEN_USERS } from "../../provider/src/server/users";
import type { ObjectKind } from "../../provider/src/sql/spec";
import { askAs, byHand, inProcess } from "../support/access";
import { startServer, type TestServer, type Version } from "../support/server";

/** Whether a user may do something: before the restart, and after it. */
type Tried = readonly [sql: string, before: boolean, after: boolean];

interface Case {
  readonly what: string;
  readonly version: Version;
  /** Statements of an administrator; `{who}` is a user without a password, who may do nothing yet. `{url}` is the server's. */
  readonly manually: readonly string[];
  readonly tried: readonly Tried[];
  /** The same in a program, and what its preview says; nothing where it is kept. */
  readonly refused: { readonly kind: ObjectKind; readonly args: object; readonly says?: RegExp };
}

const rights = (
  privileges: readonly string[],
  says: RegExp | undefined,
  except: readonly string[] = [],
): Case["refused"] => ({
  kind: "grants",
  args: { privileges, ...(except.length > 0 && { except }) },
  ...(says && { says }),
});
const READ_URL = "SELECT * FROM url('{url}/?query=SELECT+1', 'TSV', 'x UInt8')";
const write = (name: string): string => `INSERT INTO FUNCTION file('${name}.tsv', 'TSV', 'x UInt8') SELECT 1`;

const CASES: readonly Case[] = [
  {
    what: "WRITE of a source without READ becomes both",
    version: "25.8",
    manually: ["GRANT WRITE ON URL TO {who}", "GRANT CREATE TEMPORARY TABLE ON *.* TO {who}"],
    tried: [[READ_URL, false, true]],
    refused: rights(["WRITE ON URL"], /WRITE ON URL: this server stores it as READ and WRITE/),
  },
  {
    what: "the filter of a source is forgotten",
    version: "25.8",
    manually: ["GRANT READ ON URL('{url}/ping') TO {who}", "GRANT CREATE TEMPORARY TABLE ON *.* TO {who}"],
    tried: [[READ_URL, false, true]],
    refused: rights(["READ ON URL('http://a/.*')"], /a source with a filter is not managed/),
  },
  {
    what: "READ that was taken from one of all sources takes WRITE along",
    version: "25.8",
    manually: [
      "GRANT SOURCES ON *.* TO {who}",
      "REVOKE READ ON FILE FROM {who}",
      "GRANT CREATE TEMPORARY TABLE ON *.* TO {who}",
    ],
    tried: [[write("taken"), true, false]],
    refused: rights(
      ["SOURCES ON *.*"],
      /READ ON FILE: this server stores it as READ and WRITE, so after a restart neither/,
      ["READ ON FILE"],
    ),
  },
  {
    what: "one source that is taken whole out of all sources stays taken",
    version: "25.8",
    manually: [
      "GRANT READ, WRITE ON * TO {who}",
      "REVOKE READ, WRITE ON FILE FROM {who}",
      "GRANT CREATE TEMPORARY TABLE ON *.* TO {who}",
    ],
    tried: [
      [write("kept"), false, false],
      [READ_URL, true, true],
    ],
    refused: rights(["SOURCES ON *.*"], undefined, ["FILE ON *.*"]),
  },
  {
    what: "beside prefixes inside of prefixes a right on collections of such a name is lost",
    version: "25.8",
    manually: [
      "GRANT CREATE NAMED COLLECTION ON * TO {who}",
      "GRANT SELECT ON d*.* TO {who} WITH GRANT OPTION",
      "GRANT INSERT ON d.t* TO {who}",
    ],
    tried: [
      ["CREATE NAMED COLLECTION IF NOT EXISTS d_lost AS a = 1", true, false],
      ["CREATE NAMED COLLECTION IF NOT EXISTS kept AS a = 1", true, true],
    ],
    refused: rights(
      ["CREATE NAMED COLLECTION ON *", "SELECT ON d*.*", "INSERT ON d.t*"],
      /a prefix inside of another prefix, beside a right on users/,
    ),
  },
  ...(["25.8", "24.8"] as const).map(
    (version): Case => ({
      what: "beside REGEXP the LIKE of a host is forgotten",
      version,
      manually: ["ALTER USER {who} HOST LIKE '127.0.0.%', REGEXP 'nowhere'"],
      tried: [["SELECT 1", false, false]],
      refused: {
        kind: "user",
        args: { auth: { none: true }, hosts: { like: ["127.0.0.%"], regexp: ["nowhere"] } },
        says: /LIKE beside REGEXP in the hosts of one user/,
      },
    }),
  ),
  {
    what: "a column of every table of a database gives all columns",
    version: "24.8",
    manually: ["GRANT SELECT(a) ON d.* TO {who}"],
    tried: [["SELECT b FROM d.t", true, true]],
    refused: rights(["SELECT(a) ON d.*"], /columns belong to one table/),
  },
  {
    what: "a column that is taken from every table of a database takes all",
    version: "24.8",
    manually: ["GRANT SELECT ON d.* TO {who}", "REVOKE SELECT(a) ON d.* FROM {who}"],
    tried: [["SELECT b FROM d.t", false, false]],
    refused: rights(["SELECT ON d.*"], /columns belong to one table/, ["SELECT(a) ON d.*"]),
  },
];

for (const version of ["25.8", "24.8"] as const satisfies readonly Version[]) {
  describe(`what a server of ${version} takes and does not keep is refused at preview, and nothing else`, function () {
    this.timeout(120_000);
    let server: TestServer;
    const cases = CASES.filter((one) => one.version === version).map((one, index) => ({ ...one, who: `who_${index}` }));
    /** Answers of the users, by case: before the restart, and after it. */
    const answers: boolean[][][] = [[], []];

    const may = async (who: string, sql: string): Promise<boolean> => {
      const text = await askAs(server.url, sql.replaceAll("{url}", server.url), who);
      const code = /^Code: (\d+)/.exec(text)?.[1];
      assert.ok(code === undefined || code === "497" || code === "516", `${who}: ${sql}\n${text}`);
      return code === undefined;
    };
    const tryAll = (): Promise<boolean[][]> =>
      Promise.all(cases.map(({ who, tried }) => Promise.all(tried.map(([sql]) => may(who, sql)))));

    before(async () => {
      server = await startServer({ version, users: OPEN_USERS });
      await byHand(
        server.url,
        "CREATE DATABASE d",
        "CREATE TABLE d.t (a UInt8, b UInt8) ENGINE = MergeTree ORDER BY a",
        "INSERT INTO d.t VALUES (1, 2)",
      );
      for (const { who, manually } of cases) {
        await byHand(server.url, `CREATE USER ${who} IDENTIFIED WITH no_password`, `CREATE ROLE of_${who}`);
        await byHand(
          server.url,
          ...manually.map((sql) => sql.replaceAll("{who}", who).replaceAll("{url}", server.url)),
        );
      }
      answers[0] = await tryAll();
      await server.restart();
      answers[1] = await tryAll();
    });

    after(() => server?.stop());

    const refusal = (kind: ObjectKind, name: string, args: object): Promise<string> =>
      inProcess(server.url, async (provider) => (await provider.check(kind, { name, args })).failures.join("\n"));

    for (const [index, { what, who, tried, refused }] of cases.entries()) {
      it(what, async () => {
        assert.deepEqual(
          [answers[0]?.[index], answers[1]?.[index]],
          [tried.map(([, before]) => before), tried.map(([, , after]) => after)],
          "the refusal, or that there is none, has no reason any more",
        );
        const name = refused.kind === "grants" ? `of_${who}` : `new_${who}`;
        assert.match(await refusal(refused.kind, name, refused.args), refused.says ?? /^$/);
      });
    }

    if (version === "24.8") {
      // The last one: nothing runs on this server any more.
      it("a table of URL with a named collection keeps it from starting again", async () => {
        const args = { database: "d", sql: "CREATE TABLE d.u (x String) ENGINE = URL(web)" };
        assert.match(await refusal("table", "u", args), /cannot run this: a table of URL with a named collection/);
        await byHand(
          server.url,
          `CREATE NAMED COLLECTION web AS url = '${server.url}/', format = 'TSV'`,
          "CREATE TABLE d.u (x String) ENGINE = URL(web)",
        );
        await assert.rejects(server.restart(), "the refusal has no reason any more");
      });
    }
  });
}
