import * as pulumi from "@pulumi/pulumi";
import { Database } from "pulumi-clickhouse-schema";
import { declareAccess } from "./access";
import { loadConfig } from "./config";
import { declareDeployer } from "./deployer";
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

function declareSchema() {
  const logs = declareLogs(new Database("logs", { comment: "Log records and their rollups" }), config);
  const metrics = declareMetrics(new Database("metrics", { comment: "Samples, their rollups, and usage" }), config);
  const traces = declareTraces(new Database("traces", { comment: "Spans and their rollups" }), config);
  const profiles = declareProfiles(new Database("profiles", { comment: "Profile samples and their rollups" }), config);
  const ingestion = declareIngestion({ logs, metrics, traces, profiles }, config);
  const all = [logs, metrics, traces, profiles];
  if (config.access === "users") {
    declareAccess(
      {
        databases: all.map(({ database }) => database),
        tables: [...new Set(all.flatMap(({ base, inserts }) => [base, inserts]))],
        logs: logs.base,
      },
      config,
    );
  }
  return { logs, metrics, traces, profiles, ingestion };
}

// The user that deploys is declared by somebody who may do more, in a stack of its own.
const deployer = config.access === "deployer" ? declareDeployer(config) : undefined;
const schema = deployer === undefined ? declareSchema() : undefined;

/** Who deploys the other stacks. */
export const deployedBy = deployer?.qualifiedName;

/** Where writers insert. */
export const baseTables = schema && {
  logs: schema.logs.inserts.qualifiedName,
  metrics: schema.metrics.inserts.qualifiedName,
  traces: schema.traces.inserts.qualifiedName,
  profiles: schema.profiles.inserts.qualifiedName,
};

/** What dashboards read. */
export const readViews = schema && {
  logs: schema.logs.reads.map((view) => view.qualifiedName),
  metrics: [...schema.metrics.reads, ...schema.ingestion.reads].map((view) => view.qualifiedName),
  traces: schema.traces.reads.map((view) => view.qualifiedName),
  profiles: schema.profiles.reads.map((view) => view.qualifiedName),
};
