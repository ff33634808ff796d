import assert from "node:assert/strict";
import { readPreview, renderReport } from "../../provider/src/report";
import { changed, preview, updated, updateStep, withFinding } from "./support";

/** The lines from one that holds `start` up to one that holds `end`. */
function between(text: string, start: string, end: string): string {
  const from = text.indexOf(start);
  assert.ok(from >= 0, `${start} is not in:\n${text}`);
  return text.slice(from, text.indexOf(end, from + start.length));
}

/** What is reported of one resource. */
function about(report: string, name: string): string {
  const start = report.indexOf(`<code>${name}</code>`, report.indexOf("### Changes"));
  assert.ok(start >= 0, `${name} is not among the changes of:\n${report}`);
  return report.slice(start, report.indexOf("</details>", start));
}

describe("the report of a new stack", () => {
  const report = renderReport(preview("obsfly-create.json"));

  it("begins with project, stack and counts, and says that nothing drops data", () => {
    assert.match(
      report,
      /^## ClickHouse schema: obsfly-clickhouse \/ test\n\n\*\*38 to create\*\*\n\n✅ Nothing here drops data/,
    );
  });

  it("shows each statement, folded", () => {
    const text = about(report, "metrics.metrics_hourly_mv");
    assert.match(text, /```sql\nCREATE MATERIALIZED VIEW metrics\.metrics_hourly_mv TO metrics\.metrics_hourly\n/);
    assert.doesNotMatch(report, /<details open>/);
    assert.equal(report.split("<details>").length - 1, 38);
  });

  it("draws the way from source to reader", () => {
    const graph = between(report, "```mermaid", "\n```\n");
    const id = (name: string) => new RegExp(`(n\\d+)\\S*"➕\u00a0${name}["<]`).exec(graph)?.[1];
    const [source, view, target, reader] = ["logs_v1", "log_volume_mv", "log_volume", "log_volume_read"].map(id);
    for (const line of [`${source} --> ${view}`, `${view} ==> ${target}`, `${target} --> ${reader}`]) {
      assert.ok(graph.includes(`  ${line}\n`), `${line} is not in:\n${graph}`);
    }
  });
});

describe("the report of what changes", () => {
  const base = preview("obsfly-delete.json");

  it("names a column type change, shows its lines, what runs and what it costs", () => {
    const report = renderReport(
      updated(base, "metrics.metrics_v1", (text) => text.replace("`HostIP` LowCardinality(String)", "`HostIP` String")),
    );
    const text = about(report, "metrics.metrics_v1");
    assert.match(
      text,
      /column <code>HostIP<\/code>: type <code>LowCardinality\(String\)<\/code> → <code>String<\/code>/,
    );
    assert.match(text, /```diff\n--- now\n\+\+\+ declared\n@@[^`]*`[^`]*`/);
    assert.match(text, /^- {4}`HostIP` LowCardinality\(String\),\n\+ {4}`HostIP` String,$/m);
    assert.match(text, /<b>1\.<\/b> 🔁 rewrites parts\n\n```sql\nALTER TABLE metrics\.metrics_v1/);
    assert.match(report, /1 to update\*\* · \*\*6 to delete\*\* · 32 unchanged/);
  });

  it("names a changed query and the history that it leaves", () => {
    const report = renderReport(
      updated(base, "logs.log_volume_mv", (text) => text.replace("GROUP BY", "WHERE Body != ''\nGROUP BY")),
    );
    const text = about(report, "logs.log_volume_mv");
    assert.match(text, /- the query\n/);
    assert.match(text, /^\+WHERE Body != ''$/m);
    assert.match(text, /🕓 <b>keeps old rows<\/b>: /);
  });

  it("shouts first of a dropped column and a dropped table, and only of what holds rows", () => {
    const report = renderReport(
      updated(base, "metrics.metrics_v1", (text) => text.replace(/,\n {4}`Bytes` [^,\n]*/, "")),
    );
    const loud = between(report, "> [!CAUTION]", "### Lineage");
    assert.match(loud, /Drops data: 2 objects/);
    assert.match(loud, /✏️ <b>update<\/b> table <code>metrics\.metrics_v1<\/code>: the values of Bytes/);
    assert.match(
      loud,
      /🗑️ <b>delete<\/b> table <code>metrics\.data_ingestion<\/code>: goes with all its rows \(refused/,
    );
    assert.doesNotMatch(loud, /data_ingestion_(?:mv|read)/);
    assert.ok(report.indexOf("[!CAUTION]") < report.indexOf("### Lineage"));
  });

  it("says who no longer gets rows when a view goes, and who still uses what goes", () => {
    const report = renderReport(base);
    assert.match(about(report, "traces.data_ingestion_mv"), /no longer reach <code>metrics\.data_ingestion<\/code>/);
    const kept = changed(base, "metrics.data_ingestion_read", ({ urn, oldState }) => ({
      op: "same",
      urn,
      ...(oldState && { newState: oldState }),
    }));
    assert.match(
      about(renderReport(kept), "metrics.data_ingestion"),
      /💥 still used by <code>metrics\.data_ingestion_read/,
    );
    assert.doesNotMatch(about(report, "metrics.data_ingestion"), /still used/);
  });

  it("marks in the graph what changes", () => {
    const report = renderReport(
      updated(base, "logs.log_volume_mv", (text) => text.replace("GROUP BY", "WHERE Body != ''\nGROUP BY")),
    );
    assert.match(report, /"✏️\u00a0log_volume_mv"\]\]:::is_update/);
    assert.match(report, /"🗑️\u00a0data_ingestion<br\/><small>AggregatingMergeTree<\/small>"\)\]:::is_delete/);
    assert.match(report, /"metrics_v1<br\/><small>MergeTree<\/small>"\)\]:::is_plain/);
  });

  it("puts findings at their resource, also at one that does not change", () => {
    const report = renderReport(
      withFinding(base, "logs.log_volume", "warning", "missing-ttl: rows stay forever. Add a `ttl`.\nline two"),
    );
    const text = about(report, "logs.log_volume");
    assert.match(
      text,
      /⚠️ missing-ttl: rows stay forever\. Add a <code>ttl<\/code>\.\n {2}\n {2}```\n {2}line two\n {2}```/,
    );
    assert.match(report, /<summary>table <code>logs\.log_volume<\/code> · ⚠️ 1 warning/);
  });

  it("does not promise that nothing is lost where it cannot know", () => {
    const only = (more: Record<string, unknown>) => {
      const { steps, ...rest } = changed(base, "metrics.metrics_v1", (step) => updateStep(step, more));
      return renderReport({ ...rest, steps: steps.filter(({ op }) => op !== "delete") });
    };
    for (const statement of [
      "[secret]",
      "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
      "CREATE TABLE metrics.metrics_v1 (a UInt8) ORDER BY a",
    ]) {
      const report = only({ statement });
      assert.match(
        report,
        /As far as it is known, nothing here drops data\. What runs for 1 change is unknown/,
        statement,
      );
      assert.doesNotMatch(report, /✅|04da6b54/);
    }
    assert.match(
      only({ deletion: "drop" }),
      /✅ Nothing here drops data[\s\S]*<code>deletion: \(none\) → drop<\/code>/,
    );
  });
});

describe("the report of a preview with one of everything", () => {
  const mixed = preview("mixed.json");
  const report = renderReport(mixed);

  it("counts and shouts of replaced tables, dropped tables and inner tables", () => {
    assert.match(report, /\*\*3 to create\*\* · \*\*1 to replace\*\* · \*\*3 to delete\*\* · 3 unchanged/);
    const loud = between(report, "> [!CAUTION]", "###");
    assert.match(loud, /Drops data: 4 objects/);
    assert.match(
      loud,
      /♻️ <b>replace<\/b> table <code>d\.rolled<\/code>: goes with all its rows; it is recreated without them/,
    );
    assert.match(loud, /<code>d\.old<\/code>: goes with all its rows \(allowed: deletion is "drop"\)/);
    assert.match(
      loud,
      /<code>d\.inner_mv<\/code>: goes with its inner table and all rows in it \(refused while it holds any\)/,
    );
  });

  it("knows of the stack's permission to drop", () => {
    const allowed = renderReport({ ...mixed, config: { "clickhouse:allowDrop": "true" } });
    assert.match(allowed, /<code>d\.gone<\/code>: goes with all its rows \(allowed by clickhouse:allowDrop\)/);
    assert.doesNotMatch(allowed, /refused/i);
  });

  it("says that a definition is secret, or not known yet, and shows nothing of either", () => {
    assert.match(about(report, "d.hidden"), /🔒 The definition is secret/);
    assert.match(about(report, "unknown"), /known only after the apply/);
    assert.doesNotMatch(report, /04da6b54|\[secret\]/);
  });

  it("shows nothing of a statement that is secret on one side alone", () => {
    const text = about(
      renderReport(
        changed(preview("obsfly-delete.json"), "logs.logs_v1", (step) =>
          updateStep(step, { statement: "[secret]", plan: "ALTER TABLE logs.logs_v1 DROP COLUMN x" }),
        ),
      ),
      "logs.logs_v1",
    );
    assert.doesNotMatch(text, /CREATE|ALTER|Timestamp/);
    assert.match(text, /🔒/);
  });
});

describe("the report", () => {
  it("says that a renamed resource keeps its object", () => {
    const report = renderReport(preview("renamed.json"));
    assert.match(report, /1 resource renamed, the objects stay/);
    assert.match(report, /✅ Nothing here drops data/);
    assert.match(report, /🏷️ <b>adopt<\/b> table <code>d\.gone<\/code>/);
    assert.doesNotMatch(report, /to delete|CAUTION/);
  });

  it("says that a preview failed, and why", () => {
    const report = renderReport(preview("failed.json"));
    assert.match(report, /\*\*No change could be determined\*\*/);
    assert.match(report, /The preview failed with 1 error/);
    assert.match(about(report, "typo"), /❌ d\.typo: Unknown data type family: UInt46/);
    assert.doesNotMatch(report, /✅/);
  });

  it("shows errors that are about no resource", () => {
    const report = renderReport(
      readPreview('{"diagnostics": [{"message": "error: no passphrase\\nset it", "severity": "error"}]}'),
    );
    assert.match(report, /^## ClickHouse schema\n[\s\S]*❌ no passphrase\n\n```\nset it\n```/);
  });

  it("is short when nothing changes", () => {
    const { steps, ...rest } = preview("obsfly-delete.json");
    const same = { ...rest, steps: steps.filter(({ op }) => op === "same"), changeSummary: { same: 33 } };
    assert.equal(renderReport(same, { title: "prod" }), "## prod\n\n**No changes** · 32 unchanged\n");
  });

  it("counts changes of resources that are not its own", () => {
    const steps = [{ op: "create", urn: "urn:pulumi:a::b::aws:s3/bucket:Bucket::x" }];
    assert.match(renderReport(readPreview(JSON.stringify({ steps }))), /No changes\*\* · 1 change of other resources/);
  });
});

describe("the report of a preview with plans", () => {
  const report = renderReport(preview("updates.json"));

  it("shouts of what a rebuild loses, and of what a secret plan says it does", () => {
    const loud = between(report, "> [!CAUTION]", "###");
    assert.match(loud, /Drops data: 2 objects/);
    assert.match(
      loud,
      /<code>shop\.orders<\/code>: the values of note \(String\) in all rows of shop\.orders are lost/,
    );
    assert.match(loud, /<code>shop\.hidden<\/code>: the details are secret/);
    assert.doesNotMatch(report, /is unknown\./);
  });

  it("shows a rebuild with its reasons, its cost and how much it touches", () => {
    const text = about(report, "shop.orders");
    assert.match(text, /<b>1\.<\/b> ⛔ drops data\n\n```sql\n-- rebuild shop\.orders, because:\n/);
    assert.match(
      text,
      /📦 <b>copies rows<\/b>: all rows of shop\.orders are copied into a new table[^\n]*&#91;0 rows, 0 B&#93;/,
    );
  });

  it("does not repeat the plan that is announced as a message", () => {
    assert.doesNotMatch(report, /plan: \d step|Findings/);
  });

  it("shows nothing but the hazards of a secret", () => {
    const text = about(report, "shop.hidden");
    assert.match(text, /🔒 The definition is secret[\s\S]*<b>1\.<\/b> ⛔ drops data/);
    assert.doesNotMatch(text, /```|ALTER|UInt8/);
  });
});
