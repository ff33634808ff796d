import assert from "node:assert/strict";
import {
  defineLevel,
  defineRollup,
  levelTtl,
  type RollupShape,
  renderFill,
  renderLevelFill,
  renderLevelTarget,
  renderRead,
  renderTarget,
  type Source,
} from "../../provider/src/rollup";
import * as m from "../../provider/src/rollup/measures";
import { parseCreate } from "../../provider/src/sql/parse";
import type { TableSpec } from "../../provider/src/sql/spec";

const SHAPE: RollupShape = {
  keys: ["Service"],
  bucket: { name: "minute", every: "minute", time: "Timestamp" },
  measures: { requests: m.count(), slowest: m.max("Latency", { if: "ok" }), mean: m.avg("Latency") },
};

function source(
  ttl?: string,
  columns = "`Timestamp` DateTime, `Service` String, `Latency` Float64, `Days` UInt8",
): Source {
  const table = parseCreate(
    `CREATE TABLE d.base (${columns}) ENGINE = MergeTree ORDER BY tuple()${ttl ? ` TTL ${ttl}` : ""}`,
  );
  return { name: "d.base", table: table as TableSpec };
}

describe("a rollup's SQL", () => {
  it("fills plain values and states, and reads both merged", () => {
    const rollup = defineRollup(SHAPE);
    assert.equal(
      renderFill({ rollup, source: source() }),
      "SELECT `Service`, toStartOfMinute(Timestamp) AS `minute`, count() AS `requests`, " +
        "maxIf(toNullable(Latency), ok) AS `slowest`, avgState(Latency) AS `mean` FROM d.base GROUP BY `Service`, `minute`",
    );
    assert.match(
      renderRead(rollup, "d.t"),
      /sum\(_source\.`requests`\) AS `requests`, max\(_source\.`slowest`\) AS `slowest`, avgMerge\(_source\.`mean`\) AS `mean` FROM d\.t AS _source GROUP BY `Service`, `minute`$/,
    );
  });

  it("merges the states of the level below instead of computing them again", () => {
    const rollup = defineRollup(SHAPE);
    const level = defineLevel(rollup, { every: "hour", bucket: "hour" }, "cascade[0]");
    assert.equal(
      renderLevelFill(level, { name: "d.t" }, { columns: [] }),
      "SELECT _source.`Service` AS `Service`, toStartOfHour(_source.`minute`) AS `hour`, sum(_source.`requests`) AS `requests`, " +
        "max(_source.`slowest`) AS `slowest`, avgMergeState(_source.`mean`) AS `mean` FROM d.t AS _source GROUP BY `Service`, `hour`",
    );
    assert.equal(
      renderLevelTarget(level, { name: "d.t" }, { columns: [] }).columnsFrom,
      "SELECT `Service`, toStartOfHour(`minute`) AS `hour`, `requests`, `slowest`, `mean` FROM d.t",
    );
  });

  it("means columns of the source where a name of the rollup is the same", () => {
    const rollup = defineRollup({
      keys: { Service: "lower(Service)" },
      bucket: { name: "Timestamp", every: "hour", time: "Timestamp" },
      measures: {
        Latency: m.sum("Latency"),
        n: m.count({ if: "Latency > 1 AND Timestamp > now() - INTERVAL 1 hour" }),
      },
      where: "Service != 'A'",
    });
    assert.equal(
      renderFill({ rollup, source: source() }),
      "SELECT lower(_source.`Service`) AS `Service`, toStartOfHour(_source.`Timestamp`) AS `Timestamp`, " +
        "sum(_source.`Latency`) AS `Latency`, countIf(_source.`Latency` > 1 AND _source.`Timestamp` > now() - INTERVAL 1 hour) AS `n` " +
        "FROM d.base AS _source WHERE _source.`Service` != 'A' GROUP BY `Service`, `Timestamp`",
    );
  });

  it("inherits a TTL that differs from row to row, counted from the end of the bucket", () => {
    const rollup = defineRollup({ ...SHAPE, ttl: "inherit" });
    const feed = {
      rollup,
      source: source("toDateTime(Timestamp) + toIntervalDay(Days), Timestamp + toIntervalDay(1) TO DISK 'cold'"),
    };
    const target = renderTarget([feed]);
    assert.equal(target.ttl, "toDateTime(`minute` + toIntervalMinute(1)) + toIntervalDay(Days)");
    assert.deepEqual(target.orderBy, ["`Service`", "`minute`", "`Days`"]);
    assert.match(
      renderFill(feed),
      /^SELECT `Service`, .* AS `minute`, `Days`, .* GROUP BY `Service`, `minute`, `Days`$/,
    );
    const level = defineLevel(rollup, { every: "day" }, "cascade[0]");
    const ttl = levelTtl(level, rollup, feed.source.table, "d.base");
    assert.deepEqual(ttl, {
      expression: "toDateTime(`minute` + toIntervalDay(1)) + toIntervalDay(Days)",
      columns: ["Days"],
    });
  });

  it("needs no second column for what is a key already", () => {
    const rollup = defineRollup({ ...SHAPE, keys: ["Days", "Service"], ttl: { inherit: true, atLeast: "400 days" } });
    const target = renderTarget([{ rollup, source: source("Timestamp + toIntervalDay(Days)") }]);
    assert.deepEqual(target.orderBy, ["`Days`", "`Service`", "`minute`"]);
    assert.equal(
      target.ttl,
      "greatest((`minute` + toIntervalMinute(1)) + toIntervalDay(Days), `minute` + toIntervalMinute(1) + toIntervalDay(400))",
    );
  });

  const REFUSED: readonly [title: string, shape: Partial<RollupShape>, source: Source, said: RegExp][] = [
    [
      "no TTL",
      {},
      source(),
      /finds no TTL on d\.base, whose rows stay forever\. Give a time instead, e\.g\. ttl: "90 days"/,
    ],
    ["an unknown source", {}, { name: "d.base" }, /needs the definition of d\.base: pass its Table resource/],
    [
      "a conditional TTL",
      {},
      source("Timestamp + toIntervalDay(1) WHERE Days = 1"),
      /has conditions or several deletes/,
    ],
    [
      "another time",
      {},
      source("toDate('2030-01-01') + toIntervalDay(Days)"),
      /does not count from bucket\.time \(Timestamp\)/,
    ],
    [
      "an expression as time",
      { bucket: { ...SHAPE.bucket, time: "toDateTime(Timestamp)" } },
      source("Timestamp + 1"),
      /needs a plain column in bucket\.time/,
    ],
    [
      "a taken name",
      { measures: { Days: m.count() } },
      source("Timestamp + toIntervalDay(Days)"),
      /makes `Days` part of the rollup's key.*Rename that/,
    ],
  ];
  for (const [title, shape, from, said] of REFUSED)
    it(`refuses to inherit: ${title}`, () => {
      const rollup = defineRollup({ ...SHAPE, ...shape, ttl: "inherit" });
      assert.throws(() => renderTarget([{ rollup, source: from }]), said);
    });

  it("refuses sources whose TTLs differ", () => {
    const rollup = defineRollup({ ...SHAPE, ttl: "inherit" });
    const feeds = ["toIntervalDay(1)", "toIntervalDay(2)"].map((days) => ({
      rollup,
      source: source(`Timestamp + ${days}`),
    }));
    assert.throws(() => renderTarget(feeds), /ttl: "inherit" finds different TTLs on the sources/);
  });

  it("refuses a key that may be NULL, and says how to proceed", () => {
    const rollup = defineRollup(SHAPE);
    const nullable = source(undefined, "`Timestamp` DateTime, `Service` LowCardinality(Nullable(String))");
    assert.throws(
      () => renderFill({ rollup, source: nullable }),
      /keys\.Service: is LowCardinality\(Nullable\(String\)\) in d\.base, .* "ifNull\(Service, ''\)".*allow_nullable_key/,
    );
    const allowed = defineRollup({ ...SHAPE, settings: { allow_nullable_key: 1 } });
    assert.match(renderFill({ rollup: allowed, source: nullable }), /GROUP BY `Service`/);
  });
});
