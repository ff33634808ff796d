import { fork } from "node:child_process";
import { join } from "node:path";
import { messageOf, SchemaError } from "../errors";
import { kindOf, kindOfUrn } from "../kinds";
import { declarationOf } from "../pulumi/declared-spec";
import { keyOf } from "../sql/object-key";
import type { ObjectSpec } from "../sql/spec";
import { findProject, isModule, type Project } from "./project";
import type { ProgramReply, ProgramRequest, Registered } from "./protocol";

/** Which program, with which config. */
export interface ProgramOptions {
  /** Folder or file of the program, or a folder below its Pulumi.yaml. Default: the current folder. */
  readonly program?: string;
  /** Stack whose `Pulumi.STACK.yaml` is read. Default: none. */
  readonly stack?: string;
  /** Further config by key, `namespace:key` or a key of the project; it comes before the files. */
  readonly config?: Readonly<Record<string, string>>;
}

/** An object that a program declares. */
export interface DeclaredObject {
  readonly key: string;
  readonly spec: ObjectSpec;
  /** Name of the resource. */
  readonly resource: string;
  /** Something in it is secret: nothing of its text may be shown. */
  readonly sensitive: boolean;
}

/** What a program declares. */
export interface DeclaredProgram {
  readonly project: Project;
  /** In the order in which they were registered. */
  readonly objects: readonly DeclaredObject[];
}

/** Longest run of a program, in milliseconds. */
const LIMIT = 120_000;
/** A value that the files hold encrypted. */
const SECRET = "secret";
/** The key by which Pulumi marks an object as a secret. */
const SECRET_MARK = "4dabf18193072939515e22adb298388d";

/**
 * Runs a program in a process of its own, without Pulumi's CLI, engine or state, and returns what it declares. Other providers' resources
 * get no outputs; encrypted config is the word `secret`.
 *
 * @throws {SchemaError} when the program fails, or declares something that is wrong, with every reason.
 */
export async function loadProgram(options: ProgramOptions = {}): Promise<DeclaredProgram> {
  const { program = ".", stack, config = {} } = options;
  const project = findProject(program, stack);
  const given = Object.entries(config).map(([key, value]) => [
    key.includes(":") ? key : `${project.name}:${key}`,
    value,
  ]);
  const request: ProgramRequest = {
    entry: project.entry,
    isModule: isModule(project.folder),
    project: project.name,
    stack: stack ?? "test",
    config: {
      ...Object.fromEntries(project.secrets.map((key) => [key, SECRET])),
      ...project.config,
      ...Object.fromEntries(given),
    },
  };
  const objects = declaredBy(await registeredBy(project, request));
  if (objects.length === 0)
    throw new SchemaError("input-unreadable", `${project.entry}: the program declares no ClickHouse object`);
  return { project, objects };
}

function declaredBy(resources: readonly Registered[]): DeclaredObject[] {
  const problems: string[] = [];
  const objects = resources.flatMap((resource): DeclaredObject[] => {
    const kind = kindOfUrn(`::${resource.type}::`);
    if (kind === undefined) return [];
    const [database, name, statement] = ["database", "name", "statement"].map((key) => plain(resource.inputs[key]));
    try {
      const request = { database, name: name ?? "", statement: statement ?? "{}" } as Parameters<
        typeof declarationOf
      >[1];
      const { spec } = declarationOf(kind, request);
      const isSecret = Object.values(resource.inputs).some(isMarked) || isSensitive(resource.inputs);
      const sensitive = isSecret || kindOf(kind).holdsSecret?.(spec as never) === true;
      return [{ key: keyOf(spec), spec, resource: resource.name, sensitive }];
    } catch (error) {
      problems.push(`${kindOf(kind).type} ${resource.name}: ${messageOf(error)}`);
      return [];
    }
  });
  if (problems.length > 0) throw new SchemaError("argument-invalid", problems);
  return objects;
}

function isSensitive(inputs: Registered["inputs"]): boolean {
  const { __request: request } = inputs;
  return typeof request === "object" && request !== null && (request as { sensitive?: unknown }).sensitive === true;
}

function plain(value: unknown): string | undefined {
  const shown = isMarked(value) ? (value as { value?: unknown }).value : value;
  return typeof shown === "string" ? shown : undefined;
}

function isMarked(value: unknown): boolean {
  return typeof value === "object" && value !== null && SECRET_MARK in value;
}

function registeredBy({ entry, folder }: Project, request: ProgramRequest): Promise<readonly Registered[]> {
  const child = fork(join(__dirname, "../../dist/program/host.js"), [], {
    cwd: folder,
    // A loader or debugger of the parent, as test frameworks have them, must not run in the child.
    execArgv: [],
    env: { ...process.env, NODE_OPTIONS: "", PULUMI_NODEJS_ENGINE: "" },
    serialization: "advanced",
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-4000);
  });
  return new Promise((done, fail) => {
    const failed = (why: string): void => {
      clearTimeout(timer);
      child.kill();
      fail(new SchemaError("input-unreadable", `${entry}: the program failed: ${why.trim()}`));
    };
    const timer = setTimeout(() => failed(`it did not end within ${LIMIT / 1000} s`), LIMIT);
    child.on("message", (reply: ProgramReply) => {
      clearTimeout(timer);
      if ("failure" in reply) failed(reply.failure);
      else done(reply.resources);
    });
    child.on("error", (error) => failed(error.message));
    child.on("close", () => failed(said === "" ? "it ended the process" : said));
    child.send(request);
  });
}
