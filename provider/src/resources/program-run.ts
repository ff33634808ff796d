import * as pulumi from "@pulumi/pulumi";
import { unknownKeys } from "../config/config";
import { listenAsProgram, tellProviders } from "../pulumi/channel";
import { type Leaving, leavingOf } from "../pulumi/state";
import { type Declared, declarationsOf } from "./declared";
import { promised } from "./dependencies";

/** A resource of an earlier run, as far as its URN and outputs show. */
type Previous = Leaving & { readonly type: string };

/** A resource's name within the program, without stack and project. */
interface Title {
  readonly types: string;
  readonly type: string;
  readonly name: string;
}

const STACK = "pulumi:pulumi:Stack";
const runs = new WeakMap<pulumi.Resource, ProgramRun>();

/**
 * The current run of the program; undefined without a Pulumi engine, as in unit tests with mocks.
 */
export function programRun(): ProgramRun | undefined {
  const stack = pulumi.runtime.getStackResource();
  if (stack === undefined) return undefined;
  const known = runs.get(stack) ?? new ProgramRun(stack);
  runs.set(stack, known);
  return known;
}

/** What one run of a program has declared, and what the stack's state holds. */
export class ProgramRun {
  private readonly titles = new Set<string>();
  /** Whether a resource of the state continues under another name. */
  private readonly aliases: ((previous: Title) => boolean)[] = [];
  /** Names of objects, if they are plain values. */
  private readonly names = new Set<unknown>();
  private readonly resources: pulumi.Resource[] = [];
  private readonly declared: Declared[] = [];
  private refusal: Error | undefined;
  private readonly previous: Promise<readonly Previous[]> = readState();

  /** @throws {RunError} when the stack's config has unknown keys. */
  constructor(stack: pulumi.Resource) {
    const problems = unknownKeys(pulumi.runtime.allConfig());
    if (problems.length > 0) throw new pulumi.RunError(problems.join("\n"));
    if (pulumi.runtime.isDryRun()) void this.tellAtTheEnd(stack);
    const engine = engineAddress();
    if (engine !== undefined) listenAsProgram(engine, () => this.told());
  }

  /**
   * Reserves a resource name. Pulumi would refuse a duplicate only after the first object was created, with the second's arguments.
   *
   * @param type full type token.
   * @param name name on the server, if there is one.
   * @throws {RunError} when another resource of this type has the resource name.
   */
  declare(type: string, resourceName: string, opts: pulumi.ResourceOptions, name?: unknown): void {
    const title = { types: typesOf(type, opts.parent), type, name: resourceName };
    const key = `${title.types}::${resourceName}`;
    if (this.titles.has(key)) {
      const word = type.split(":").at(-1);
      this.refusal = new pulumi.RunError(
        `Two resources of type ${word} are named ${JSON.stringify(resourceName)}. Give one of them another resource name` +
          (name === undefined ? "" : `, and set name: ${JSON.stringify(name)} if the object is to keep its name`),
      );
      throw this.refusal;
    }
    this.titles.add(key);
    this.names.add(name);
    this.aliases.push(...aliasesOf(title, opts));
  }

  /** Records a resource that {@link ProgramRun.declare} has accepted. */
  made(resource: pulumi.Resource): void {
    this.resources.push(resource);
  }

  /** Records what a resource declares, so that a refusal can list what else is wrong. */
  declares(declaration: Declared): void {
    this.declared.push(declaration);
  }

  /** For a new resource: those of its type that leave the program, as far as the program has run. */
  async leavingBeside(type: string, resourceName: string, opts: pulumi.ResourceOptions): Promise<Leaving[]> {
    const previous = await this.previous;
    // By now the rest of the program has run. If it declared a name twice, the first of the two must not be created in place of the second.
    if (this.refusal !== undefined) throw this.refusal;
    const types = typesOf(type, opts.parent);
    const isNew = previous.every((one) => titleOf(one).types !== types || titleOf(one).name !== resourceName);
    return isNew ? (await this.leaving()).filter((one) => one.type === type).map(({ type: _, ...one }) => one) : [];
  }

  /** What providers may ask for: the declarations and, as far as the program has run, what leaves it. */
  private async told(): Promise<object[]> {
    const leaving = (await this.leaving()).map(({ database, name }) => ({ leaves: true, database, name }));
    return [...(await declarationsOf(this.declared)), ...leaving];
  }

  private async leaving(): Promise<Previous[]> {
    return (await this.previous).filter((one) => {
      const title = titleOf(one);
      const isDeclared = this.titles.has(`${title.types}::${title.name}`) || this.names.has(one.name);
      return !isDeclared && !this.aliases.some((matches) => matches(title));
    });
  }

  /** When the program has ended, tells the providers what it no longer declares. */
  private async tellAtTheEnd(stack: pulumi.Resource): Promise<void> {
    const release = pulumi.runtime.rpcKeepAlive();
    try {
      await promised((stack as unknown as { outputs: unknown }).outputs);
      // The program has run, but its resources may still be registering, and may declare more.
      for (let known = -1; known < this.resources.length; ) {
        known = this.resources.length;
        await Promise.all(this.resources.map(({ urn }) => promised(urn)));
      }
      const leaving = await this.leaving();
      const engine = engineAddress();
      if (leaving.length > 0 && engine !== undefined) await tellProviders(engine, leaving);
    } catch {
      // The program has failed, which is reported elsewhere.
    } finally {
      release();
    }
  }
}

function engineAddress(): string | undefined {
  return process.env["PULUMI_NODEJS_ENGINE"] || undefined;
}

/** The objects in the stack's state; none if it cannot be read. */
async function readState(): Promise<readonly Previous[]> {
  const [organization, project, stack] = [pulumi.getOrganization(), pulumi.getProject(), pulumi.getStack()];
  for (const stackName of [`${organization}/${project}/${stack}`, stack]) {
    try {
      const found: unknown = await pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", { stackName });
      const { outputs } = found as { outputs?: Record<string, { type?: unknown; outputs?: Record<string, unknown> }> };
      return Object.entries(outputs ?? {}).flatMap(([urn, resource]) => {
        const { type } = resource;
        if (typeof type !== "string" || !type.startsWith("pulumi-nodejs:dynamic/clickhouse:")) return [];
        const leaving = leavingOf(urn, resource.outputs ?? {});
        return leaving === undefined ? [] : [{ ...leaving, type }];
      });
    } catch {
      // A backend without organizations, or a state that was never written.
    }
  }
  return [];
}

/** The types in a URN: those of the parents, then its own. */
function typesOf(type: string, parent: pulumi.Resource | undefined): string {
  const types = [type];
  for (let one = parent; one !== undefined && typeOf(one) !== STACK; one = parentOf(one)) {
    types.unshift(typeOf(one));
  }
  return types.join("$");
}

function parentOf(resource: pulumi.Resource): pulumi.Resource | undefined {
  return (resource as unknown as { __parentResource?: pulumi.Resource }).__parentResource;
}

function typeOf(resource: pulumi.Resource): string {
  return (resource as unknown as { __pulumiType: string }).__pulumiType;
}

function titleOf({ urn, type }: Previous): Title {
  const [, types = "", name = ""] = /^.*?::.*?::(.*?)::(.*)$/s.exec(urn) ?? [];
  return { types, type, name };
}

/** Errs towards a match: a resource that continues must not be taken for one that leaves. */
function aliasesOf(own: Title, { aliases = [], parent }: pulumi.ResourceOptions): ((previous: Title) => boolean)[] {
  const given = Array.isArray(aliases) ? aliases : [aliases];
  const matches = given.map((alias: unknown) => (previous: Title) => {
    if (typeof alias === "string") return alias.endsWith(`::${previous.types}::${previous.name}`);
    if (pulumi.Output.isInstance(alias) || typeof alias !== "object") return previous.type === own.type;
    const { name = own.name } = (alias ?? {}) as { name?: unknown };
    return previous.type === own.type && (typeof name !== "string" || name === previous.name);
  });
  // The children of a renamed or moved parent are renamed with it.
  for (let one = parent; one !== undefined; one = parentOf(one)) {
    const { __aliases: inherited = [] } = one as unknown as { __aliases?: readonly unknown[] };
    if (inherited.length > 0) matches.push((previous) => previous.type === own.type);
  }
  return matches;
}
