import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { ConnectionError } from "../../provider/src/connection/errors";
import { openConnection } from "../../provider/src/connection/open";
import { dataFolder, parseUrl } from "../../provider/src/connection/url";

const SECRET = "hunter2";

describe("a connection URL", () => {
  const good: readonly [string, string][] = [
    ["chdb://./data", `chdb://${join(process.cwd(), "data")}`],
    ["chdb://data/x/", `chdb://${join(process.cwd(), "data/x")}`],
    ["chdb:///var/lib/ch", "chdb:///var/lib/ch"],
    ["http://localhost:8123", "http://localhost:8123"],
    ["https://h.example:8443/", "https://h.example:8443"],
    ["http://proxy/clickhouse/a/", "http://proxy/clickhouse/a"],
    ["HTTP://[::1]:8123", "http://[::1]:8123"],
  ];
  for (const [text, url] of good) it(`${text} is read`, () => assert.equal(parseUrl(text).url, url));

  const bad: readonly [string, RegExp][] = [
    ["", /has no scheme/],
    ["localhost:8123", /has no scheme/],
    [`u:${SECRET}@h:8123`, /has no scheme/],
    [`clickhouse://u:${SECRET}@h:9000`, /unknown scheme "clickhouse"/],
    ["chdb://", /names no folder/],
    ["chdb://~/data", /"~" is not expanded/],
    ["http://", /does not parse/],
    [`http://u:${SECRET}@h:99999999`, /does not parse/],
    [`http://u:${SECRET}@h:8123`, /carries credentials.*clickhouse:password.*CLICKHOUSE_PASSWORD/],
    [`http://h:8123/?user=u&password=${SECRET}`, /carries credentials/],
    [`http://h:8123/?x=${SECRET}`, /part after the path/],
  ];
  for (const [text, words] of bad) {
    it(`${text === "" ? "that is empty" : text} is refused, saying what is expected and showing no password`, async () => {
      await assert.rejects(openConnection({ url: text }), (error) => {
        assert.ok(error instanceof ConnectionError);
        assert.match(error.message, words);
        assert.doesNotMatch(`${error.message} ${error.url} ${error.stack}`, new RegExp(SECRET));
        return true;
      });
    });
  }

  it("of the embedded engine names a folder", () => assert.equal(dataFolder("chdb:///a/../b"), "/b"));
});

describe("loading openConnection", () => {
  it("loads neither the HTTP client nor the embedded engine", () => {
    const open = require.resolve("../../provider/dist/connection/open.js");
    const script = `require(${JSON.stringify(open)});
      console.log(Object.keys(require.cache).filter((path) => /node_modules/.test(path)).length)`;
    assert.equal(execFileSync(process.execPath, ["-e", script], { encoding: "utf8" }).trim(), "0");
  });
});
