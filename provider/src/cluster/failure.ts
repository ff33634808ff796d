import { ServerError } from "../connection/errors";
import { SchemaError } from "../errors";
import { oneLine } from "../util/format";
import type { HostOutcome } from "./queue";

/** The error of hosts that did not run a statement, with what the others have done. @param cause what the server answered. */
export function hostsFailed(outcomes: readonly HostOutcome[], sql: string, cause?: Error): Error {
  const failed = outcomes.filter(({ state }) => state === "failed");
  const list = (state: HostOutcome["state"]): string =>
    outcomes
      .filter((one) => one.state === state)
      .map(({ host }) => host.name)
      .join(", ");
  const [done, waiting] = [list("done"), list("waiting")];
  const others = [
    ...(done === "" ? [] : [`done on ${done}`]),
    ...(waiting === "" ? [] : [`not yet run on ${waiting}`]),
  ];
  const words = failed.map(({ code, host, words }) => `${host.name} refused it: ${words} (code ${code})`).join("; ");
  const first = failed[0]?.code ?? 0;
  return new SchemaError(
    "host-failed",
    `${oneLine(sql)}: ${words}. ${others.length === 0 ? "No host has done it" : `It is ${others.join(", ")}`}. ` +
      "Fix what the host reports and run `pulumi up` again, which does only what is missing",
    { cause: new ServerError(words, first, sql, { cause }) },
  );
}
