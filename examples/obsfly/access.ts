import * as pulumi from "@pulumi/pulumi";
import {
  type Database,
  Grants,
  Quota,
  Role,
  RowPolicy,
  SettingsProfile,
  sql,
  type Table,
  User,
} from "pulumi-clickhouse-schema";
import type { ObsflyConfig } from "./config";

/** Who may do what with the stack's tables. */
export interface Declared {
  databases: Database[];
  /** The tables that writers insert into, and on a cluster those of a shard behind them. */
  tables: Table[];
  /** Where the log rows are. */
  logs: Table;
}

/**
 * Two users and what holds for them:
 *   obsfly_writer       inserts into the base tables, and reads nothing else
 *   obsfly_dashboards   reads everything as role obsfly_reader, within the limits of profile obsfly_small and quota obsfly_fair
 * Their passwords are the stack's secrets `obsfly:writerPassword` and `obsfly:dashboardsPassword`. With `obsfly:tenant` there is a third:
 *   obsfly_tenant       reads the log rows of one account; secret `obsfly:tenantPassword`
 */
export function declareAccess({ databases, tables, logs }: Declared, config: ObsflyConfig): void {
  const secrets = new pulumi.Config("obsfly");
  const hosts = config.networks === undefined ? {} : { hosts: { ip: config.networks } };

  const writer = new User("obsfly_writer", { auth: { password: secrets.requireSecret("writerPassword") }, ...hosts });
  // A view on an insert reads the inserted rows with the rights of the user that inserts.
  new Grants("obsfly_writer", { to: writer, privileges: tables.map((table) => sql`SELECT, INSERT ON ${table}`) });

  // A dashboard's user cannot write, and cannot raise these.
  const small = new SettingsProfile("obsfly_small", {
    settings: {
      readonly: { value: 2, change: "never" },
      max_execution_time: { value: 30, max: 60 },
      max_memory_usage: { value: "4G", max: "8G" },
      max_threads: { value: 4, max: 8 },
    },
  });
  const reader = new Role("obsfly_reader", { profiles: [small] });
  new Grants("obsfly_reader", {
    to: reader,
    privileges: databases.map((database) => sql`SELECT ON ${database}.*`),
    roles: [],
  });
  new Quota("obsfly_fair", {
    keyedBy: "user",
    limits: { "1 minute": { queries: 600, errors: 100 }, "1 hour": { readRows: 50_000_000_000, executionTime: 3600 } },
    to: [reader],
  });
  const dashboards = new User("obsfly_dashboards", {
    auth: { password: secrets.requireSecret("dashboardsPassword") },
    ...hosts,
  });
  new Grants("obsfly_dashboards", { to: dashboards, privileges: [], roles: [reader], defaultRoles: "all" });

  if (config.tenant !== undefined) declareTenant(logs, config.tenant, hosts);
}

/** The rollups are not filtered: a materialized view writes rows of all accounts. So a tenant reads the one table that is. */
function declareTenant(logs: Table, account: number, hosts: object): void {
  const password = new pulumi.Config("obsfly").requireSecret("tenantPassword");
  const tenant = new User("obsfly_tenant", { auth: { password }, ...hosts });
  const own = new RowPolicy("obsfly_tenant", { on: logs, using: `AccountId = ${account}`, to: [tenant] });
  // A server may show no rows to those whom no policy of a table applies to.
  const rest = new RowPolicy("obsfly_rest", { on: logs, using: "1", to: { except: [tenant] } });
  // Rights come after what limits them.
  new Grants(
    "obsfly_tenant",
    { to: tenant, privileges: [sql`SELECT ON ${logs}`], roles: [] },
    { dependsOn: [own, rest] },
  );
}
