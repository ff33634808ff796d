import path from "node:path";

/**
 * Until the returned function is called, stack traces look as if the user's code called Pulumi itself.
 *
 * Pulumi takes a trace of every resource and stores it: without this, each resource's position would be a line of this package, and
 * the frames below the user's code would make up half of the state. It also takes one for every promise; nobody reads those, but
 * resolving their source maps is where a resource's constructor spends its time.
 */
export function tracesOfTheUser(): () => void {
  const previous = Error.prepareStackTrace;
  Error.prepareStackTrace = (error, frames) => {
    // Only the trace that is stored is taken without a limit.
    if (Error.stackTraceLimit !== Number.POSITIVE_INFINITY) return plain(error, frames);
    const shown = usersFrames(frames);
    return previous === undefined ? plain(error, shown) : previous(error, shown);
  };
  return () => {
    // Assigning undefined would not be the same for code that checks whether the property exists.
    if (previous === undefined) Reflect.deleteProperty(Error, "prepareStackTrace");
    else Error.prepareStackTrace = previous;
  };
}

/** Pulumi's own frames at the top, which it skips by number, then the frames that are neither Pulumi, nor Node, nor this package. */
function usersFrames(frames: readonly NodeJS.CallSite[]): NodeJS.CallSite[] {
  const top = frames.findIndex((frame) => isOurs(frame));
  const below = frames.slice(top).filter((frame) => !isOurs(frame) && !isMachinery(frame));
  return [...frames.slice(0, Math.max(top, 0)), ...below];
}

function isOurs(frame: NodeJS.CallSite): boolean {
  return frame.getFileName()?.startsWith(__dirname + path.sep) === true;
}

function isMachinery(frame: NodeJS.CallSite): boolean {
  const file = frame.getFileName();
  return !file || file.startsWith("node:") || /[\\/]node_modules[\\/](@pulumi[\\/]pulumi|ts-node)[\\/]/.test(file);
}

function plain(error: Error, frames: readonly NodeJS.CallSite[]): string {
  return [error, ...frames].join("\n    at ");
}
