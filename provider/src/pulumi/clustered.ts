import type { ClusterConnection } from "../cluster/cluster-connection";
import { openCluster } from "../cluster/open";
import type { ProviderConfig } from "../config/config";
import type { Connection } from "../connection/connection";
import { SchemaError } from "../errors";

/** How long a failure to open is reused for further attempts, in milliseconds. */
const FAILURE_KEPT = 5000;

/** The stack's cluster, opened when it is first needed. */
export class StackCluster {
  private readonly config: () => ProviderConfig;
  private readonly server: () => Promise<Connection>;
  private opened: Promise<ClusterConnection> | undefined;

  constructor(config: () => ProviderConfig, server: () => Promise<Connection>) {
    this.config = config;
    this.server = server;
  }

  /** @throws {SchemaError} as {@link openCluster}. */
  open(): Promise<ClusterConnection> {
    this.opened ??= this.openNow().catch((error: unknown) => {
      setTimeout(() => (this.opened = undefined), FAILURE_KEPT).unref();
      throw error;
    });
    return this.opened;
  }

  private async openNow(): Promise<ClusterConnection> {
    const { cluster = "", connection, ddlTimeout, downHosts, nodes } = this.config();
    const addresses = { login: connection ?? {}, urls: nodes };
    return openCluster(await this.server(), cluster, { addresses, ddlTimeout, downHosts });
  }
}

/** What is wrong with the cluster is no reason to go on without the server. */
export function isOfCluster(error: unknown): boolean {
  return error instanceof SchemaError && (error.code === "cluster-unusable" || error.code === "right-missing");
}
