import { spawn } from "node:child_process";
import os from "node:os";
import path from "node:path";
import type { PulumiCli } from "./index";

/** Runs pulumi on the user's terminal, to its end whatever signal arrives, and returns its exit code. */
export function runPulumi(cli: PulumiCli, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(path.join(cli.path, "pulumi"), args, { env, stdio: "inherit" });
    const forward = (signal: NodeJS.Signals) => {
      // A terminal sends Ctrl-C to the child as well, and a second one would make pulumi abort what it is doing.
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    };
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
    for (const signal of signals) process.on(signal, forward);
    const stopForwarding = () => {
      for (const signal of signals) process.off(signal, forward);
    };
    child.on("error", (error) => {
      stopForwarding();
      reject(error);
    });
    child.on("close", (code, signal) => {
      stopForwarding();
      resolve(code ?? 128 + os.constants.signals[signal ?? "SIGTERM"]);
    });
  });
}

/** Ends the process with the code that `main` returns; an error is printed without its stack. */
export function exitWith(main: Promise<number>): void {
  main.then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      process.exitCode = 1;
    },
  );
}
