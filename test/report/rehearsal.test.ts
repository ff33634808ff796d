import assert from "node:assert/strict";
import { readPreview, readRehearsal, renderReport } from "../../provider/src/report";
import { previewOf } from "../rehearse/support";

const TABLE = "CREATE TABLE d.t (a UInt64, b String) ENGINE = MergeTree ORDER BY a";
const PREVIEW = readPreview(previewOf({ before: TABLE, after: TABLE.replace("b String", "b UInt8") }));
const NOTHING = {
  samples: [],
  statements: [],
  values: [],
  inserts: [],
  readers: [],
  estimates: [],
  notes: [],
  gaps: [],
};
const SECRET = "hunter2";
const error = { code: 6, message: `Cannot parse string '${SECRET}' as UInt8` };
const FOUND = {
  ...NOTHING,
  verdict: "found",
  statements: [
    { object: "d.t", kind: "table", sql: "ALTER TABLE d.t MODIFY COLUMN `b` UInt8;", status: "fails", error },
  ],
  values: [{ object: "d.t", column: "b", from: "String", to: "UInt8", values: 10, unfit: 2, example: SECRET }],
  inserts: [{ object: "d.t", rows: 10, after: error }],
  readers: [
    { object: "d.r", what: "view", status: "fails", changed: true, error },
    { object: "d.sums", what: "written", status: "differs", changed: false, difference: { missing: [{ b: SECRET }] } },
    { object: "d.same", what: "view", status: "same", changed: false },
    { object: "d.t", what: "table", status: "differs", changed: true },
  ],
  estimates: [{ object: "d.t", rows: 1000, seconds: 61.2, bytes: { before: 1, after: 2 } }],
  gaps: [{ object: "d.u", message: "this user may not read it: GRANT SELECT ON d.u TO ci;" }],
};

describe("the section of a report about a rehearsal", () => {
  const section = (rehearsal: object): string => {
    const report = renderReport(PREVIEW, { rehearsal: readRehearsal(JSON.stringify(rehearsal)) });
    return report.slice(report.indexOf("### Rehearsal"), report.indexOf("### Changes")).trim();
  };

  it("lists what was found, and no value of a row even if the file has some", () => {
    const text = section(FOUND);
    assert.doesNotMatch(text, /hunter2/);
    assert.deepEqual(text.split("\n").slice(4), [
      "- ❌ <code>d.t</code>: <code>ALTER TABLE d.t MODIFY COLUMN &#96;b&#96; UInt8;</code> fails (code 6)",
      "- ❌ <code>d.t</code>, column <code>b</code>, <code>String</code> → <code>UInt8</code>: of 10 values, 2 do not fit",
      "- ❌ <code>d.t</code>: inserts as they are sent today are refused (code 6)",
      "- ❌ <code>d.r</code> cannot be read any more (code 6)",
      "- ❌ <code>d.sums</code>, written by views, returns something else, and is not changed itself",
      "- ⚠️ <code>d.u</code>: not rehearsed: this user may not read it: GRANT SELECT ON d.u TO ci;",
      "- <code>d.t</code>: about 62 s for 1000 rows",
    ]);
  });

  it("is one line where all is fine, and says why there is none where it failed", () => {
    assert.match(section({ ...NOTHING, verdict: "fine" }), /^### Rehearsal\n\n✅ .*all is fine\.$/);
    const failed = renderReport(PREVIEW, {
      rehearsal: readRehearsal('{"error":{"code":"server-unreachable","message":"no answer"}}'),
    });
    assert.match(failed, /⚠️ Not rehearsed: no answer/);
    assert.doesNotMatch(renderReport(PREVIEW), /ehears/);
  });

  it("keeps to its share of the report", () => {
    const many = Array.from({ length: 2000 }, (_, at) => ({
      object: `d.v${at}`,
      what: "view",
      status: "fails",
      changed: false,
    }));
    const rehearsal = readRehearsal(JSON.stringify({ ...NOTHING, verdict: "found", readers: many }));
    const report = renderReport(PREVIEW, { rehearsal, max: 8000 });
    assert.ok(report.length <= 8000);
    assert.match(report, /- <i>\d+ more<\/i>/);
  });

  it("refuses a file that is no rehearsal, and says how to make one", () => {
    for (const text of ["", "[]", "{}", '{"steps":[]}'])
      assert.throws(() => readRehearsal(text), /clickhouse-schema rehearse preview\.json --json > rehearsal\.json/);
  });
});
