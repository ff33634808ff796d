/**
 * What lint costs: the preview of a new stack with lint beside the same one without, on the embedded engine alone.
 *
 *     npx ts-node -T bench/lint.ts [resources] [rounds]
 *
 * Prints the times and the median of their ratios.
 */
import { loadavg } from "node:os";
import { createProject, type Project } from "../test/support/pulumi";

/** A table, its rollup and the view between make three. */
const program = (resources: number): string => `
const db = new clickhouse.Database("bench");
for (let i = 0; i < ${Math.floor(resources / 3)}; i++) {
  const source = new clickhouse.Table("events_" + i, { database: db,
    columns: { Timestamp: "DateTime", Service: "LowCardinality(String)", Level: "LowCardinality(String)", Body: "String", Bytes: "UInt64" },
    partitionBy: "toDate(Timestamp)", orderBy: ["Service", "Timestamp"], ttl: "Timestamp + INTERVAL 14 DAY" });
  const target = new clickhouse.Table("volume_" + i, { database: db, engine: "AggregatingMergeTree",
    columns: { Service: "LowCardinality(String)", Level: "LowCardinality(String)", minute: "DateTime", n: "SimpleAggregateFunction(sum, UInt64)",
      bytes: "SimpleAggregateFunction(sum, UInt64)", slow: "AggregateFunction(quantiles(0.5, 0.99), UInt64)" },
    orderBy: ["Service", "Level", "minute"], ttl: "minute + INTERVAL 30 DAY" });
  new clickhouse.MaterializedView("volume_mv_" + i, { database: db, to: target, query: sql\`
    SELECT Service, Level, toStartOfMinute(Timestamp) AS minute, count() AS n, sum(Bytes) AS bytes, quantilesState(0.5, 0.99)(Bytes) AS slow
    FROM \${source} GROUP BY Service, Level, minute\` });
}
`;

async function main(resources: number, rounds: number): Promise<void> {
  const stacks = { lint: await stack(resources, {}), none: await stack(resources, { "clickhouse:lint": "off" }) };
  try {
    const ratios: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const order = round % 2 === 0 ? (["lint", "none"] as const) : (["none", "lint"] as const);
      const times = { lint: 0, none: 0 };
      for (const name of order) times[name] = await timed(stacks[name]);
      ratios.push(times.lint / times.none);
      console.log(
        `with ${times.lint.toFixed(2)} s, without ${times.none.toFixed(2)} s (load ${loadavg()[0]?.toFixed(1)})`,
      );
    }
    const sorted = ratios.sort((a, b) => a - b);
    console.log(`${resources} resources, ${rounds} rounds: ${sorted[Math.floor(sorted.length / 2)]?.toFixed(2)} x`);
  } finally {
    for (const project of Object.values(stacks)) project.remove();
  }
}

function stack(resources: number, config: Record<string, string>): Promise<Project> {
  // The folder is empty, so nothing is asked but the embedded engine.
  return createProject({ program: program(resources), config: { "clickhouse:url": "chdb://./none", ...config } });
}

async function timed(project: Project): Promise<number> {
  const start = process.hrtime.bigint();
  await project.must(["preview"]);
  return Number(process.hrtime.bigint() - start) / 1e9;
}

const [resources = "300", rounds = "5"] = process.argv.slice(2);
void main(Number(resources), Number(rounds));
