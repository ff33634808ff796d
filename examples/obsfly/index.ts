import * as pulumi from "@pulumi/pulumi";
import { Database } from "pulumi-clickhouse-schema";
import { loadConfig } from "./config";
import { declareIngestion } from "./ingestion";
import { declareLogs } from "./logs";
import { declareMetrics } from "./metrics";
import { declareProfiles } from "./profiles";
import { declareTraces } from "./traces";

/*
 * The ObsFly schema, one file a signal. Each rollup is a component of three resources:
 *   metrics_hourly       the target table: what is kept, and how rows of one key merge
 *   metrics_hourly_mv    the materialized view: fills the target on every insert into the base table
 *   metrics_hourly_read  the view to query: the finished numbers, right before and after merges
 */
// As for the resources, the environment goes first.
const cluster = process.env["CLICKHOUSE_CLUSTER"] || new pulumi.Config("clickhouse").get("cluster");
const config = loadConfig(new pulumi.Config("obsfly"), cluster);

// Views too: without its view a rollup stops, and nobody is told.
if (config.protect) {
  pulumi.runtime.registerStackTransformation(({ props, opts }) => ({ props, opts: { ...opts, protect: true } }));
}

const logs = declareLogs(new Database("logs", { comment: "Log records and their rollups" }), config);
const metrics = declareMetrics(new Database("metrics", { comment: "Samples, their rollups, and usage" }), config);
const traces = declareTraces(new Database("traces", { comment: "Spans and their rollups" }), config);
const profiles = declareProfiles(new Database("profiles", { comment: "Profile samples and their rollups" }), config);
const ingestion = declareIngestion({ logs, metrics, traces, profiles }, config);

/** Where writers insert. */
export const baseTables = {
  logs: logs.inserts.qualifiedName,
  metrics: metrics.inserts.qualifiedName,
  traces: traces.inserts.qualifiedName,
  profiles: profiles.inserts.qualifiedName,
};

/** What dashboards read. */
export const readViews = {
  logs: logs.reads.map((view) => view.qualifiedName),
  metrics: [...metrics.reads, ...ingestion.reads].map((view) => view.qualifiedName),
  traces: traces.reads.map((view) => view.qualifiedName),
  profiles: profiles.reads.map((view) => view.qualifiedName),
};
