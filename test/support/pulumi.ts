import { execFile } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { ensurePulumi } from "../../tools/pulumi-cli";

const ROOT = path.resolve(__dirname, "../..");

/** The result of one CLI run. */
export interface Outcome {
  readonly code: number;
  /** stdout and stderr as the user sees them. */
  readonly text: string;
  readonly stdout: string;
}

/** A separate Pulumi project with a local backend, driven by the real CLI. */
export interface Project {
  readonly dir: string;
  /** The environment in which its CLI runs. */
  readonly env: NodeJS.ProcessEnv;
  /** Replaces the program. */
  write(program: string): void;
  /** Runs `pulumi ARGS --stack test`, whatever its exit code. */
  run(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Outcome>;
  /** Runs it and throws with its output when it fails. */
  must(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Outcome>;
  /** Starts it without waiting, for tests that interrupt it. */
  start(args: readonly string[], env?: NodeJS.ProcessEnv): Started;
  /** The state as the backend keeps it. */
  state(): Promise<State>;
  remove(): void;
}

/** A CLI run in progress. */
export interface Started {
  readonly pid: number;
  readonly ended: Promise<Outcome>;
}

export interface State {
  readonly deployment: { readonly resources?: readonly StateResource[] };
}

export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
}

export interface ProjectOptions {
  /** The program's JavaScript. `clickhouse`, `pulumi` and `sql` are in scope. */
  readonly program?: string;
  /** Stack config, e.g. `{ "clickhouse:url": url }`. */
  readonly config?: Readonly<Record<string, string>>;
  /** A project folder to use instead of a new one. */
  readonly workDir?: string;
  /** Added to the environment of its CLI. */
  readonly env?: NodeJS.ProcessEnv;
}

const HEAD =
  'const pulumi = require("@pulumi/pulumi");\nconst clickhouse = require("pulumi-clickhouse-schema");\nconst { sql } = clickhouse;\n';

/** Makes a project with an initialised stack `test`. */
export async function createProject(options: ProjectOptions = {}): Promise<Project> {
  const dir = mkdtempSync(path.join(tmpdir(), "clickhouse-schema-e2e-"));
  const env = { ...(await environment(dir)), ...options.env };
  const project: Project = {
    dir,
    env,
    write: (program) => writeFileSync(path.join(dir, "index.js"), HEAD + program),
    run: (args, more) => project.start(args, more).ended,
    start: (args, more) =>
      start(options.workDir ?? dir, [...args, "--non-interactive", "--color=never", "--stack=test"], {
        ...env,
        ...more,
      }),
    must: async (args, more) => succeeded(args, await project.run(args, more)),
    state: async () => JSON.parse((await project.must(["stack", "export"])).stdout) as State,
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
  if (options.workDir === undefined) {
    symlinkSync(path.join(ROOT, "node_modules"), path.join(dir, "node_modules"));
    writeFileSync(path.join(dir, "package.json"), '{ "name": "e2e", "main": "index.js" }\n');
    writeFileSync(
      path.join(dir, "Pulumi.yaml"),
      "name: e2e\nruntime:\n  name: nodejs\n  options:\n    typescript: false\n",
    );
    project.write(options.program ?? "");
  }
  await project.must(["stack", "init"]);
  await configure(project, options);
  return project;
}

/** Into the file of a stack of our own, which saves a run of the CLI; a given project may keep it elsewhere. */
async function configure(project: Project, { config = {}, workDir }: ProjectOptions): Promise<void> {
  const entries = Object.entries(config);
  if (entries.length === 0) return;
  if (workDir !== undefined) {
    await project.must(["config", "set-all", ...entries.flatMap(([key, value]) => ["--plaintext", `${key}=${value}`])]);
    return;
  }
  const lines = entries.map(([key, value]) => `  ${key}: ${JSON.stringify(value)}\n`);
  appendFileSync(path.join(project.dir, "Pulumi.test.yaml"), `config:\n${lines.join("")}`);
}

async function environment(dir: string): Promise<NodeJS.ProcessEnv> {
  const cli = await ensurePulumi();
  const backend = path.join(dir, ".backend");
  mkdirSync(backend);
  // In CI an unreachable server is an error at preview; tests set explicitly which they mean.
  const { CLICKHOUSE_URL: _, CI: __, ...inherited } = process.env;
  return {
    ...inherited,
    PATH: `${cli.path}${path.delimiter}${process.env["PATH"] ?? ""}`,
    PULUMI_BACKEND_URL: `file://${backend}`,
    PULUMI_CONFIG_PASSPHRASE: "test",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_HOME: path.join(dir, ".home"),
  };
}

function start(cwd: string, args: readonly string[], env: NodeJS.ProcessEnv): Started {
  let pid = -1;
  const ended = new Promise<Outcome>((resolve) => {
    const child = execFile("pulumi", [...args], { cwd, env, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
      resolve({ code, stdout, text: stdout + stderr });
    });
    pid = child.pid ?? -1;
  });
  return { pid, ended };
}

function succeeded(args: readonly string[], outcome: Outcome): Outcome {
  if (outcome.code !== 0) throw new Error(`pulumi ${args.join(" ")} ended with ${outcome.code}:\n${outcome.text}`);
  return outcome;
}
