/** The stack that a command line names, by flag, by `stack VERB NAME` or by PULUMI_STACK; undefined if none does. */
export function stackNamed(args: readonly string[], env: NodeJS.ProcessEnv): string | undefined {
  return unqualified(flag(args) ?? argument(args) ?? (env["PULUMI_STACK"] || undefined));
}

function flag(args: readonly string[]): string | undefined {
  for (const [i, arg] of args.entries()) {
    if (arg === "--") return undefined;
    if (arg === "--stack" || arg === "-s") return args[i + 1];
    const joined = /^(?:--stack=|-s=?)(.+)$/.exec(arg)?.[1];
    if (joined !== undefined) return joined;
  }
  return undefined;
}

function argument(args: readonly string[]): string | undefined {
  const start = args.indexOf("stack");
  const [verb, ...rest] = args.slice(start + 1);
  if (start === -1 || !/^(init|new|select|rm)$/.test(verb ?? "")) return undefined;
  // No stack exists yet if Pulumi will prompt for its name: "", not the selected one, whose passphrase does not apply.
  return rest.find((arg) => !arg.startsWith("-")) ?? (verb === "rm" ? undefined : "");
}

/** `organization/project/dev` becomes `dev`. */
function unqualified(name: string | undefined): string | undefined {
  return name?.slice(name.lastIndexOf("/") + 1);
}
