import path from "node:path";

/** Python programs, which the package ships as they are. */
const LAUNCH = path.join(__dirname, "../../launch");

/** A program in the package's folder `launch`, as a command. */
export function launcher(script: string, ...args: readonly string[]): [string, ...string[]] {
  return ["python3", "-B", path.join(LAUNCH, script), ...args];
}
