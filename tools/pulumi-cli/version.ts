import { run } from "./process";

/** The same as `requiredPulumiVersion` in Pulumi.yaml. */
export const OLDEST = "3.254.0";

/** What `FILE version` prints, or undefined if it does not run. */
export async function versionOf(file: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const quiet = { ...env, PULUMI_SKIP_UPDATE_CHECK: "true" };
  const { code, stdout } = await run(file, ["version"], { env: quiet, timeoutSeconds: 15 });
  return code === 0 ? /^v?(\d+\.\d+\.\d+\S*)/m.exec(stdout)?.[1] : undefined;
}

export function isRecent(version: string): boolean {
  const [have, want] = [numbers(version), numbers(OLDEST)];
  const differs = want.findIndex((n, i) => have[i] !== n);
  return differs === -1 || (have[differs] ?? 0) > (want[differs] ?? 0);
}

function numbers(version: string): number[] {
  return version.split(/[.+-]/, 3).map(Number);
}
