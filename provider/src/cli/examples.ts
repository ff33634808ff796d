import type { Command } from "commander";

/** One example for the help of each command. */
const EXAMPLES: Readonly<Record<string, string>> = {
  canonicalize: "clickhouse-schema canonicalize schema/*.sql",
  operations: "clickhouse-schema operations --stack prod --resume d1543f7a",
  import: "clickhouse-schema import --url https://clickhouse.example.com:8443 --database shop --out schema",
  drift: "clickhouse-schema drift --stack prod --strict",
  rehearse: "clickhouse-schema rehearse preview.json --stack prod",
  compare: "clickhouse-schema compare stack:staging stack:prod --map staging_logs=logs",
  doctor: "clickhouse-schema doctor --url https://clickhouse.example.com:8443 --user deploy --database shop",
  lint: "clickhouse-schema lint --rule inner-table=off --max-warnings 0 schema/*.sql",
  test: "clickhouse-schema test --program examples/obsfly --random all",
  report: "clickhouse-schema report preview.json --fail-on drops-data,breaks-reader > report.md",
  graph: "clickhouse-schema graph --format html schema/*.sql > lineage.html",
  status: "clickhouse-schema status --stack prod --database logs --watch 5",
  backfill: "clickhouse-schema backfill --view metrics.hourly_mv --from 2026-01-01 --dry-run",
  verify: "clickhouse-schema verify logs.log_volume --from 2026-03-01 --sample 100 --timeout 1800",
  server: "clickhouse-schema server 25.8 --port 8124",
  completion: "source <(clickhouse-schema completion bash)",
};

/** Ends the help of every command with its example. */
export function withExamples(program: Command): Command {
  for (const command of program.commands) {
    const example = EXAMPLES[command.name()];
    if (example !== undefined) command.addHelpText("after", `\nExample:\n  ${example}`);
  }
  return program;
}
