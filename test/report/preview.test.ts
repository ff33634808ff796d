import assert from "node:assert/strict";
import { changesOf, readPreview } from "../../provider/src/report";
import { fixture, preview } from "./support";

describe("a preview", () => {
  const plain = fixture("mixed.json");

  it("is read with its steps, its messages and its counts", () => {
    const { steps, diagnostics, changeSummary } = readPreview(plain);
    assert.deepEqual(changeSummary, { create: 3, delete: 3, replace: 1, same: 4 });
    assert.equal(steps.filter(({ op }) => op !== "same").length, 7);
    assert.deepEqual(
      diagnostics.map(({ severity, message }) => [severity, message]),
      [["info", "exists on the server and equals the declaration; it will be adopted."]],
    );
  });

  it("is read the same with other lines around it, and written in one line", () => {
    const noise = `npm warn something\n{ not json }\nUpdating (dev):\n${plain}\nwarning: done {}\n`;
    assert.deepEqual(readPreview(noise), readPreview(plain));
    assert.deepEqual(readPreview(JSON.stringify(JSON.parse(plain))), readPreview(plain));
    assert.deepEqual(readPreview(`npm warn\n${JSON.stringify(JSON.parse(plain))}\n`), readPreview(plain));
    assert.deepEqual(readPreview(`\uFEFF${plain}`.replaceAll("\n", "\r\n")), readPreview(plain));
  });

  it("is read the same as events, line by line", () => {
    const [events, whole] = [readPreview(fixture("mixed.events.txt")), readPreview(plain)];
    const meaning = (one: typeof whole) =>
      Object.fromEntries(
        changesOf(one)
          .filter(({ op }) => op !== "none")
          .map(({ urn, replaceReasons: _, ...change }) => [urn, change]),
      );
    assert.deepEqual(meaning(events), meaning(whole));
    assert.deepEqual(events.changeSummary, whole.changeSummary);
    assert.deepEqual(events.diagnostics, whole.diagnostics);
  });

  it("has messages without severity, colour or the resource's address in front", () => {
    assert.equal(
      preview("failed.json").diagnostics[0]?.message,
      "d.typo: Unknown data type family: UInt46. Maybe you meant: ['UInt16','UInt32']. (UNKNOWN_TYPE)",
    );
    const coloured = JSON.stringify({
      diagnostics: [{ message: "<{%fg 1%}>error: <{%reset%}>\u001b[31mno\u001b[0m\n", severity: "error" }],
    });
    assert.deepEqual(readPreview(coloured).diagnostics, [{ severity: "error", message: "no" }]);
  });

  it("is asked for with the command that makes it, where something else is found", () => {
    for (const [text, found] of [
      ["", "nothing"],
      ["error: no stack selected\n", '"error: no stack selected"'],
      ['{"deployment": {}}', '"{\\"deployment\\": {}}"'],
      ['{"steps": [', '"{\\"steps\\": ["'],
    ] as const) {
      assert.throws(
        () => readPreview(text),
        (error: Error) => error.message.includes(`found ${found}`) && error.message.includes("pulumi preview --json"),
        text,
      );
    }
  });
});
