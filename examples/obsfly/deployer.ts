import * as pulumi from "@pulumi/pulumi";
import { Grants, User } from "pulumi-clickhouse-schema";
import { type ObsflyConfig, signals } from "./config";

/*
 * The user that deploys the stack, with no more rights than it needs: what this prints for a user who has none of them
 *   clickhouse-schema doctor --database logs metrics traces profiles \
 *     --give "SELECT, INSERT ON logs.*" "SELECT, INSERT ON metrics.*" "SELECT, INSERT ON traces.*" "SELECT, INSERT ON profiles.*"
 */

const onDatabase = [
  ...["SHOW TABLES", "SHOW COLUMNS", "CREATE DATABASE", "CREATE TABLE", "ALTER TABLE", "ALTER DATABASE"],
  ...["DROP DATABASE", "DROP TABLE", "SELECT", "INSERT"],
  // Rebuilds, backfills, renames.
  ...["TRUNCATE", "OPTIMIZE", "SYSTEM MERGES", "SYSTEM TTL MERGES", "SYSTEM VIEWS"],
  ...["CREATE DICTIONARY", "DROP DICTIONARY", "CREATE ROW POLICY", "ALTER ROW POLICY", "DROP ROW POLICY"],
];
const onServer = [
  ...["CREATE FUNCTION", "DROP FUNCTION"],
  ...["CREATE USER", "ALTER USER", "DROP USER", "CREATE ROLE", "ALTER ROLE", "DROP ROLE"],
  ...["CREATE QUOTA", "ALTER QUOTA", "DROP QUOTA"],
  ...["CREATE SETTINGS PROFILE", "ALTER SETTINGS PROFILE", "DROP SETTINGS PROFILE"],
  ...["ROLE ADMIN", "SHOW ACCESS"],
];
const onCollections = [
  ...["CREATE NAMED COLLECTION", "ALTER NAMED COLLECTION", "DROP NAMED COLLECTION", "SHOW NAMED COLLECTIONS"],
];
const systemTables = [
  ...["mutations", "processes", "parts", "parts_columns", "merges", "disks", "storage_policies", "merge_tree_settings"],
  ...["view_refreshes", "query_views_log", "row_policies", "grants", "role_grants", "settings_profile_elements"],
  "named_collections",
];
const engines = ["MergeTree", "AggregatingMergeTree", "ReplacingMergeTree", "`Null`"];

/** As between GRANT and TO. */
export const deployerRights: readonly string[] = [
  ...signals.map((database) => `${onDatabase.join(", ")} ON ${database}.*`),
  // It gives these to writers and readers.
  ...signals.map((database) => `SELECT, INSERT ON ${database}.* WITH GRANT OPTION`),
  `${onServer.join(", ")} ON *.*`,
  `${onCollections.join(", ")} ON *`,
  ...systemTables.map((table) => `SELECT ON system.${table}`),
  ...engines.map((engine) => `TABLE ENGINE ON ${engine}`),
];

/**
 * The user obsfly_schema, for `clickhouse:username` of the other stacks, with the secret `obsfly:deployerPassword`. An administrator declares
 * it, in a stack of its own: `obsfly:access: deployer`.
 */
export function declareDeployer(config: ObsflyConfig): User {
  const deployer = new User("obsfly_schema", {
    auth: { password: new pulumi.Config("obsfly").requireSecret("deployerPassword") },
    ...(config.networks !== undefined && { hosts: { ip: config.networks } }),
  });
  new Grants("obsfly_schema", { to: deployer, privileges: [...deployerRights] });
  return deployer;
}
