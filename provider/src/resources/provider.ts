import * as pulumi from "@pulumi/pulumi";
import { PROVIDER_NAME } from "../config/config";
import type { Allowed } from "./args";

/** Arguments of {@link Provider}. Each has the meaning that the stack's config key of the same name has for the default provider. */
export interface ProviderArgs {
  /** `chdb://PATH` (embedded, relative to the program's folder) or `http(s)://HOST:PORT`. */
  url: pulumi.Input<string>;
  /** User name. Default: the server's default user. */
  username?: pulumi.Input<string>;
  /** Stored encrypted, in this resource only. Default: none. */
  password?: pulumi.Input<string>;
  /** Timeout of one statement, in seconds. Default: 300. */
  requestTimeout?: pulumi.Input<number>;
  /** Which objects that hold rows may be dropped: all, or those named, e.g. `"shop.events, logs.*"`. Default: none. */
  allowDrop?: pulumi.Input<boolean | string>;
  /** What happens to objects that already exist on the server; see `adopt` on the resources. Default: `"equal"`. */
  adopt?: pulumi.Input<"equal" | "converge">;
  /** Changes permitted on every resource; see `allow` there. Default: none. */
  allow?: pulumi.Input<pulumi.Input<Allowed>[]>;
  /** Severity of lint rules on every resource; see `lint` there. Default: each rule's own. */
  lint?: pulumi.Input<Record<string, pulumi.Input<"off" | "info" | "warning" | "error">>>;
  /**
   * What checks declarations before anything runs. `"embedded"`: the engine in chdb. The URL of a throwaway server, e.g. one of
   * production's version: it must be empty, and serves one run at a time. `"off"`: no check. Default: `"embedded"`.
   */
  scratch?: pulumi.Input<string>;
  /** Whether a preview fails or warns if the server is unreachable. Default: it fails in CI and if the login is refused. */
  unreachable?: pulumi.Input<"fail" | "warn">;
  /** `"insecure"`: the server's certificate is not verified. Default: `"verify"`. */
  tls?: pulumi.Input<"verify" | "insecure">;
  /** CA certificate that signed the server's: PEM, or the path of a PEM file. Default: Node's CA certificates. */
  tlsCa?: pulumi.Input<string>;
  /** Client certificate: PEM, or the path of a PEM file. Default: none. */
  tlsCert?: pulumi.Input<string>;
  /** Key of the client certificate: PEM, or the path of a PEM file. Stored encrypted. Default: none. */
  tlsKey?: pulumi.Input<string>;
  /** HTTP headers of every request. Stored encrypted. Default: none. */
  headers?: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /** Roles to activate. Default: the user's default roles. */
  role?: pulumi.Input<string | string[]>;
  /** JWT, in place of username and password. Stored encrypted. Default: none. */
  accessToken?: pulumi.Input<string>;
  /** `http://HOST:PORT` of a proxy. Default: none. */
  proxy?: pulumi.Input<string>;
  /** Cluster whose hosts all get every object: a name in `system.clusters`, or `{cluster}`. Default: the server of `url` alone. */
  cluster?: pulumi.Input<string>;
  /**
   * While a host of the cluster does not answer: `"refuse"` runs nothing; `"queue"` continues with what may reach that host later.
   * Default: `"refuse"`.
   */
  downHosts?: pulumi.Input<"refuse" | "queue">;
  /** Seconds to wait for all hosts of the cluster to run a statement; then it is looked up, no error by itself. Default: 60. */
  ddlTimeout?: pulumi.Input<number>;
  /**
   * HTTP addresses of all hosts of the cluster, for changes that copy rows on one host of each shard: `["https://ch-1-1:8443", …]`. All take
   * the credentials of `url`. Default: none, and such changes are refused.
   */
  nodes?: pulumi.Input<pulumi.Input<string>[]>;
}

/**
 * A server, for stacks that manage more than one. Without it, resources use the stack's config (`clickhouse:url`, …).
 *
 * @example
 * ```ts
 * const eu = new Provider("eu", { url: "https://eu.example.com:8443", username: "deploy", password: config.requireSecret("eu") });
 * new Database("metrics", {}, { provider: eu });
 * ```
 */
export class Provider extends pulumi.ProviderResource {
  /**
   * Declares the server.
   *
   * @param resourceName name within the stack.
   * @param args address and credentials of the server.
   * @param opts Pulumi options.
   */
  constructor(resourceName: string, args: ProviderArgs, opts: pulumi.ResourceOptions = {}) {
    const { url, username, password, requestTimeout, allowDrop, adopt, allow, lint, scratch } = args;
    const inputs = {
      [PROVIDER_NAME]: resourceName,
      "clickhouse:url": url,
      "clickhouse:username": username,
      "clickhouse:password": secret(password),
      "clickhouse:requestTimeout": text(requestTimeout),
      "clickhouse:allowDrop": text(allowDrop),
      "clickhouse:adopt": adopt,
      "clickhouse:allow": allow === undefined ? undefined : pulumi.output(allow).apply((kinds) => kinds.join(",")),
      "clickhouse:lint": lint === undefined ? undefined : pulumi.output(lint).apply((rules) => JSON.stringify(rules)),
      "clickhouse:scratch": scratch,
      "clickhouse:unreachable": args.unreachable,
      "clickhouse:tls": args.tls,
      "clickhouse:tlsCa": args.tlsCa,
      "clickhouse:tlsCert": args.tlsCert,
      "clickhouse:tlsKey": secret(args.tlsKey),
      "clickhouse:headers": secret(args.headers && pulumi.output(args.headers).apply((all) => JSON.stringify(all))),
      "clickhouse:role": args.role && pulumi.output(args.role).apply((role) => [role].flat().join(",")),
      "clickhouse:accessToken": secret(args.accessToken),
      "clickhouse:proxy": args.proxy,
      "clickhouse:cluster": args.cluster,
      "clickhouse:downHosts": args.downHosts,
      "clickhouse:ddlTimeout": text(args.ddlTimeout),
      "clickhouse:nodes": args.nodes && pulumi.output(args.nodes).apply((urls) => urls.join(",")),
    };
    // Dynamic resources belong to this package name, so the provider must have it too.
    super("pulumi-nodejs", resourceName, inputs, opts);
  }
}

function secret(value: pulumi.Input<string> | undefined): pulumi.Output<string> | undefined {
  return value === undefined ? undefined : pulumi.secret(value);
}

function text(value: pulumi.Input<number | boolean | string> | undefined): pulumi.Output<string> | undefined {
  return value === undefined ? undefined : pulumi.output(value).apply(String);
}
