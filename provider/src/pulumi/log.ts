import type * as pulumiTypes from "@pulumi/pulumi";

/** Messages on a resource's row, in the terminal, in `--json` and in the pull request. */
export interface Log {
  info(urn: string | undefined, message: string): Promise<void>;
  warn(urn: string | undefined, message: string): Promise<void>;
  /** Replaces the row's status; leaves no trace. */
  status(urn: string | undefined, message: string): Promise<void>;
}

type Pulumi = typeof pulumiTypes;

let connected: Pulumi | undefined;

/**
 * The Pulumi engine's log. Dynamic providers are not attached to it, but its address is their last argument; a resource's row is
 * addressed by its URN.
 */
export const engineLog: Log = {
  info: (urn, message) => send((pulumi) => pulumi.log.info(message, row(urn))),
  warn: (urn, message) => send((pulumi) => pulumi.log.warn(message, row(urn))),
  status: (urn, message) => send((pulumi) => pulumi.log.info(message, row(urn), 0, true)),
};

async function send(write: (pulumi: Pulumi) => Promise<void>): Promise<void> {
  const pulumi = attach();
  if (pulumi === undefined) return;
  // A message that cannot be delivered must not fail the work it reports.
  await write(pulumi).catch(() => undefined);
}

function attach(): Pulumi | undefined {
  if (connected !== undefined) return connected;
  const address = process.argv.at(-1) ?? "";
  if (!/^[\w.[\]:-]+:\d+$/.test(address)) return undefined;
  const pulumi: Pulumi = require("@pulumi/pulumi");
  pulumi.runtime.resetOptions("", "", -1, address, "", false, "");
  connected = pulumi;
  return pulumi;
}

function row(urn: string | undefined): pulumiTypes.Resource | undefined {
  if (urn === undefined) return undefined;
  return { urn: { promise: async () => urn } } as unknown as pulumiTypes.Resource;
}
