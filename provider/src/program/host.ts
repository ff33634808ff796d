/**
 * The child process that runs a Pulumi program without Pulumi's engine: resources are registered with mocks, and their inputs are all that
 * is wanted. A process of its own, because mocks cannot be taken back. Started by load.ts; answers once and ends.
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ProgramReply, ProgramRequest, Registered } from "./protocol";

type Pulumi = typeof import("@pulumi/pulumi");

/** Of the user's project, which need not be where this file is. */
const require_ = createRequire(join(process.cwd(), "index.js"));

process.on("uncaughtException", (error) => answer({ failure: textOf(error) }));
process.on("unhandledRejection", (error) => answer({ failure: textOf(error) }));
process.on("disconnect", () => process.exit(1));
process.on("message", (request: ProgramRequest) => {
  run(request).then(
    (resources) => answer({ resources }),
    (error: unknown) => answer({ failure: textOf(error) }),
  );
});

async function run({ entry, isModule, project, stack, config }: ProgramRequest): Promise<Registered[]> {
  const pulumi = require_("@pulumi/pulumi") as Pulumi;
  const resources: Registered[] = [];
  pulumi.runtime.setAllConfig({ ...config });
  await pulumi.runtime.setMocks(
    {
      call: () => ({}),
      newResource: ({ type, name, inputs }) => {
        resources.push({ type, name, inputs });
        return { id: name, state: { ...inputs, ...namesOf(inputs) } };
      },
    },
    project,
    stack,
    false,
    "organization",
  );
  registerTypeScript(isModule);
  // With a stack, as in a real run: programs may register transformations on it.
  await pulumi.runtime.runInPulumiStack(async () => {
    const loaded: unknown = isModule ? await import(entryUrl(entry)) : require_(entry);
    await started(isModule ? (loaded as { default?: unknown }).default : loaded);
    return undefined;
  });
  await pulumi.runtime.disconnect();
  // A failure that nobody handles is told only now.
  await new Promise((done) => setImmediate(done));
  return resources;
}

/** A program may export a function, or a promise. */
async function started(exported: unknown): Promise<void> {
  if (typeof exported === "function") await exported();
  else await exported;
}

/** What `check` computes, and other resources refer to. */
function namesOf({ database, name }: Registered["inputs"]): object {
  if (typeof name !== "string") return {};
  const quoted = (text: string): string => (/^[A-Za-z_]\w*$/.test(text) ? text : `\`${text.replaceAll("`", "\\`")}\``);
  return { qualifiedName: typeof database === "string" ? `${quoted(database)}.${quoted(name)}` : quoted(name) };
}

/** As Pulumi does it, but without checking types: that is what `tsc` and Pulumi are there for. */
function registerTypeScript(isModule: boolean): void {
  const found = isModule ? undefined : typescriptOf();
  if (found === undefined) return;
  const { compiler, isOld, tsnode } = found;
  const skipProject = !existsSync("tsconfig.json");
  const [module, moduleResolution] = isOld ? ["commonjs", "node"] : ["nodenext", "nodenext"];
  const own = { target: "ES2020", module, moduleResolution };
  (require_(tsnode) as { register(options: object): void }).register({
    transpileOnly: true,
    skipProject,
    compiler,
    ...(skipProject && { compilerOptions: own }),
  });
}

interface TypeScript {
  readonly tsnode: string;
  readonly compiler: string;
  /** It has no `nodenext`. */
  readonly isOld: boolean;
}

/** The project's, or the old ones that come with Pulumi. */
function typescriptOf(): TypeScript | undefined {
  try {
    const utils = require_("@pulumi/pulumi/tsutils") as {
      typeScriptRequireStrings(): { tsnodeRequire: string; typescriptRequire: string };
    };
    const { tsnodeRequire: tsnode, typescriptRequire: compiler } = utils.typeScriptRequireStrings();
    const { version } = require_(compiler) as { version: string };
    const [major = 0, minor = 0] = version.split(".").map(Number);
    return { tsnode, compiler, isOld: major < 4 || (major === 4 && minor < 7) };
  } catch {
    return undefined;
  }
}

function entryUrl(entry: string): string {
  const file = ["", ".js", ".mjs", "/index.js", "/index.mjs"].map((end) => entry + end).find(isFile);
  return pathToFileURL(file ?? entry).href;
}

function isFile(path: string): boolean {
  return existsSync(path) && /\.[cm]?[jt]s$/.test(path);
}

let answered = false;
function answer(reply: ProgramReply): void {
  if (answered) return;
  answered = true;
  process.send?.(reply, undefined, undefined, () => process.exit(0));
}

/** Errors of the program are shown as Pulumi shows them: its own without a stack. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isOwn = "__pulumiRunError" in error || /Error: Unable to compile|TSError/.test(error.name);
  return isOwn ? error.message : (error.stack ?? error.message);
}
