import assert from "node:assert/strict";
import type { Connection } from "../../provider/src/connection/connection";
import { ServerError } from "../../provider/src/connection/errors";
import { openScratch } from "../../provider/src/connection/scratch";
import * as messages from "../../provider/src/connection/server-message";

const { fragmentAt, parseServerMessage } = messages;
/** Predicates by name. */
const predicates: Readonly<Record<string, unknown>> = { ...messages };

describe("an engine's message", () => {
  const cases: readonly {
    readonly title: string;
    readonly raw: string;
    readonly code: number;
    readonly message: string;
  }[] = [
    {
      title: "loses prefix and version",
      raw: "Code: 60. DB::Exception: Table d.t does not exist. (UNKNOWN_TABLE) (version 26.7.2.1)\n",
      code: 60,
      message: "Table d.t does not exist. (UNKNOWN_TABLE)",
    },
    {
      title: "loses a version with parentheses in it",
      raw: "Code: 60. DB::Exception: Table d.t does not exist. (UNKNOWN_TABLE) (version 24.8.1.2684 (official build))",
      code: 60,
      message: "Table d.t does not exist. (UNKNOWN_TABLE)",
    },
    {
      title: "loses the prefix of a synchronous embedded query",
      raw: "Query failed: Code: 81. DB::Exception: Database d does not exist. (UNKNOWN_DATABASE)",
      code: 81,
      message: "Database d does not exist. (UNKNOWN_DATABASE)",
    },
    {
      title: "comes out of the format of the rows, as some releases write it",
      raw: JSON.stringify({
        exception: "Code: 62. DB::Exception: Syntax error at 'x'. (SYNTAX_ERROR) (version 25.8.2.1)",
      }),
      code: 62,
      message: "Syntax error at 'x'. (SYNTAX_ERROR)",
    },
    {
      title: "loses a stack trace",
      raw: "Code: 47. DB::Exception: Unknown x. (UNKNOWN_IDENTIFIER), Stack trace (when copying this message, always include the lines below):\n\n0. DB::Exception::Exception() @ 0x1\n (version 26.7.2.1)",
      code: 47,
      message: "Unknown x. (UNKNOWN_IDENTIFIER)",
    },
    {
      title: "of a cluster says everything once",
      raw: "Code: 57. DB::Exception: There was an error on [h:9000]: Code: 57. DB::Exception: Table d.t already exists. (TABLE_ALREADY_EXISTS) (version 26.7.2.1). (TABLE_ALREADY_EXISTS) (version 26.7.2.1)",
      code: 57,
      message: "There was an error on [h:9000]: Table d.t already exists. (TABLE_ALREADY_EXISTS)",
    },
    {
      title: "keeps words in parentheses and lines",
      raw: "Code: 62. DB::Exception: Syntax error: failed at position 8 (ENGINE) (line 1, col 8): ENGINE\nx. (SYNTAX_ERROR)",
      code: 62,
      message: "Syntax error: failed at position 8 (ENGINE) (line 1, col 8): ENGINE\nx. (SYNTAX_ERROR)",
    },
    {
      title: "of a mutation loses the frames, which have no heading",
      raw: "Code: 341. DB::Exception: Exception happened during execution of mutation 'mutation_2.txt'. Mutation can be killed with KILL MUTATION query \n\n0. ? @ 0x000000001629d2ac\n1. start_thread @ 0x00000000000891f5\n\n. (UNFINISHED) (version 25.8.2.1)",
      code: 341,
      message:
        "Exception happened during execution of mutation 'mutation_2.txt'. Mutation can be killed with KILL MUTATION query (UNFINISHED)",
    },
    {
      title: "names eight of what could be there",
      raw: "Code: 62. DB::Exception: Syntax error: failed at position 1 (x): x. Expected one of: a, b, c, d, e, f, g, h, i, j. (SYNTAX_ERROR)",
      code: 62,
      message:
        "Syntax error: failed at position 1 (x): x. Expected one of: a, b, c, d, e, f, g, h and 2 more. (SYNTAX_ERROR)",
    },
    { title: "without a code is kept", raw: " something else ", code: 0, message: "something else" },
    { title: "that is empty still says something", raw: "", code: 0, message: "error 0 without a message" },
  ];
  for (const { title, raw, code, message } of cases) {
    it(title, () => assert.deepEqual(parseServerMessage(raw), { code, message }));
  }
});

describe("a fragment", () => {
  it("is absent where the message names no place in the statement", () => {
    assert.equal(fragmentAt("SELECT 1", "Unknown table"), undefined);
    assert.equal(fragmentAt("SELECT 1", "failed at position 99 (x)"), undefined);
  });
  it("points behind the end", () => {
    assert.equal(fragmentAt("SELECT", "failed at position 7 (end of query)"), "1 | SELECT\n  |       ^");
  });
  it("shows a piece of a long line, with the caret below the place", () => {
    const sql = `SELECT ${"a, ".repeat(200)}@ ${", b".repeat(200)}`;
    const [line = "", pointer = ""] = (fragmentAt(sql, `failed at position ${sql.indexOf("@") + 1} (@)`) ?? "").split(
      "\n",
    );
    assert.ok(line.length < 140);
    assert.equal(line[pointer.indexOf("^")], "@");
  });
});

describe("a predicate's number", () => {
  let scratch: Connection;
  before(async () => {
    scratch = await openScratch();
  });
  after(() => scratch.close());

  const names: readonly [keyof typeof messages, string][] = [
    ["isUnknownTable", "UNKNOWN_TABLE"],
    ["isUnknownDatabase", "UNKNOWN_DATABASE"],
    ["isTableExists", "TABLE_ALREADY_EXISTS"],
    ["isDatabaseExists", "DATABASE_ALREADY_EXISTS"],
    ["isSyntaxError", "SYNTAX_ERROR"],
    ["isAccessDenied", "ACCESS_DENIED"],
    ["isReadonly", "READONLY"],
    ["isUnknownFunction", "UNKNOWN_FUNCTION"],
    ["isUnknownColumn", "UNKNOWN_IDENTIFIER"],
    ["isUnknownColumn", "NO_SUCH_COLUMN_IN_TABLE"],
    ["isUnknownSetting", "UNKNOWN_SETTING"],
    ["isAuthenticationFailed", "AUTHENTICATION_FAILED"],
    ["isAuthenticationFailed", "UNKNOWN_USER"],
    ["isAuthenticationFailed", "WRONG_PASSWORD"],
    ["isAuthenticationFailed", "REQUIRED_PASSWORD"],
    ["isOutOfMemory", "MEMORY_LIMIT_EXCEEDED"],
    ["isConstraintViolated", "VIOLATED_CONSTRAINT"],
    ["isTooSlow", "TIMEOUT_EXCEEDED"],
    ["isTooSlow", "TOO_SLOW"],
  ];
  for (const [predicate, name] of names) {
    it(`of ${predicate} is the engine's own for ${name}`, async () => {
      const rows = await scratch.query<{ code: number }>(
        "SELECT number AS code FROM numbers(1100) WHERE errorCodeToName(number) = {name:String}",
        { name },
      );
      const code = Number(rows[0]?.code);
      const holds = predicates[predicate] as (error: unknown) => boolean;
      assert.equal(holds(new ServerError("", code, "")), true, `${name} is ${code}`);
      assert.equal(holds(new ServerError("", 1, "")), false);
      assert.equal(holds(new Error("60")), false);
    });
  }
});
