import type * as dynamic from "@pulumi/pulumi/dynamic";
import { applyCreate, type Created } from "../apply/create";
import { withoutLiterals } from "../canonical/explain";
import { digest } from "../canonical/fingerprint";
import { readConfig } from "../config/config";
import type { Connection } from "../connection/connection";
import { ConnectionError, codeOf, inOurWords } from "../connection/errors";
import { liveDefinition, sameObject } from "../drift/compare";
import { ALL } from "../drift/spread";
import { messageOf, SchemaError } from "../errors";
import type { LiveObject } from "../introspect/live-object";
import { kindOf } from "../kinds";
import { Definition } from "../sql/definition";
import { quotedName } from "../sql/object-key";
import type { ObjectKind } from "../sql/spec";
import type { Properties } from "../util/properties";
import { alsoWrong } from "./also-wrong";
import { backfillOf, createFilled } from "./backfill";
import { awaitWriters, changeFirst } from "./change-readers";
import { checkInputs } from "./check";
import type { Context } from "./context";
import { keyOfStored } from "./current-state";
import { agreed, hostsOf, type PlaceInputs, rememberPlace, tellHosts } from "./hosts";
import { removeObject } from "./removal";
import { withoutValues } from "./secrets";
import { refuseElsewhere } from "./server";
import { type Inputs, idOf, inputsOf, isSameDeclaration, type Outs, outsOf, readStored } from "./state";
import { applyUpdate } from "./update";

/** The lifecycle of one kind of object, as a dynamic provider. */
export class SchemaProvider implements dynamic.ResourceProvider {
  private readonly kind: ObjectKind;
  private readonly context: Context;

  constructor(kind: ObjectKind, context: Context) {
    this.kind = kind;
    this.context = context;
  }

  /** Never throws and never waits: other methods may run at the same time. The first method that needs a wrong value reports it. */
  async configure(request: dynamic.ConfigureRequest): Promise<void> {
    const { raw, origin } = readConfig((key) => configValue(request, key), process.env);
    this.context.configure(raw, origin);
  }

  async check(olds: Properties, news: Properties): Promise<dynamic.CheckResult> {
    try {
      return { inputs: await checkInputs(this.context, this.kind, olds, news) };
    } catch (error) {
      const problems = await this.problemsOf(error, news);
      // A failure tied to a property would make the engine print that property's value, secret or not.
      return { inputs: { ...news }, failures: problems.map((reason) => ({ property: "", reason })) };
    }
  }

  private async problemsOf(error: unknown, news: Properties): Promise<string[]> {
    // A server that goes away during the check. Thrown on, the error would be shown with its stack.
    if (error instanceof ConnectionError) return [messageOf(error)];
    if (!(error instanceof SchemaError)) throw error;
    return [...error.problems.map(({ message }) => message), ...(await this.alsoWrong(news))];
  }

  /** Reported with the first refusal, because that ends the run. */
  private async alsoWrong(news: Properties): Promise<string[]> {
    if (this.context.hasRefused) return [];
    this.context.hasRefused = true;
    return alsoWrong(this.context, await this.context.askProgram(), news).catch(() => []);
  }

  /**
   * `changes: undefined`, not `true`, lets the engine find which lines differ, without {@link OWN_INPUTS}. It would find nothing where
   * there is only a plan.
   */
  async diff(_id: string, olds: Properties, news: Properties): Promise<dynamic.DiffResult> {
    // Two objects cannot share a name, so a replacement that the user requests must delete first.
    const result = { deleteBeforeReplace: true };
    if (this.context.planAlone.has(keyOfStored(readStored(news)))) return { ...result, changes: true };
    // What `up` has found on the hosts is in the outputs, where the engine does not look for differences.
    const moved = olds["hosts"] !== news["hosts"] && isSameDeclaration({ ...olds, hosts: news["hosts"] }, news);
    if (moved) return { ...result, changes: true };
    const same = isSameDeclaration(olds, news) && news["plan"] === undefined;
    return same ? { ...result, changes: false } : result;
  }

  async create(inputs: Properties): Promise<dynamic.CreateResult> {
    const declared = inputsOf(readStored(inputs));
    const key = keyOfStored(declared);
    const checked = this.context.checked.get(key);
    const seen = this.context.planned.get(key);
    if (kindOf(this.kind).isOf !== undefined) return this.createPart(inputs, declared, key);
    // If it is gone by now, it is created like any other.
    if (seen?.adopts && (await this.context.live.findNow(key)) !== undefined) {
      const [id, provider] = [idOf(declared), inputs["__provider"]];
      return { id, outs: await applyUpdate(this.context, { id, stored: seen.stored, declared, provider }) };
    }
    try {
      const connection = await this.context.connectionOf(key);
      const same = (statement: string, live: Parameters<typeof sameObject>[2]) =>
        sameObject(this.context, Definition.read(statement), live);
      const { statement } = declared;
      await this.changeFirst(connection, key);
      const filled = await this.createFilled(connection, key, statement);
      const created =
        filled ??
        (await applyCreate(connection, this.context.live, key, quotedName(key), statement, {
          same,
          withSecrets: this.withSecrets(key),
        }));
      if (created.adopted)
        await this.context.log.info(checked?.urn, "already exists on the server and matches the declaration: adopted.");
      const hosts = await this.spread(key, declared, created.live, checked?.urn);
      return {
        id: idOf(declared),
        outs: outsOf(
          { ...declared, ...hosts },
          checked?.sensitive === true ? undefined : created.observed,
          checked?.urn,
        ),
      };
    } catch (error) {
      if (checked?.sensitive === true)
        throw new SchemaError(codeOf(error), withoutLiterals(messageOf(error), declared.statement));
      const values = this.context.secrets.get(key)?.values;
      if (values !== undefined) throw new SchemaError(codeOf(error), withoutValues(error, values));
      throw inOurWords(error, quotedName(key));
    }
  }

  /** Changes what has to be as declared before an object is there. */
  private async changeFirst(connection: Connection, key: string): Promise<void> {
    const first = this.context.beforeNew.get(key) ?? [];
    const tell = (message: string): void => void this.context.log.status(this.context.checked.get(key)?.urn, message);
    if (first.length === 0) return;
    await changeFirst(this.context, connection, first, tell);
    await awaitWriters(connection, key);
  }

  /** What is a part of something that exists is changed, not created. */
  private async createPart(inputs: Properties, declared: Inputs, key: string): Promise<dynamic.CreateResult> {
    const seen = this.context.planned.get(key);
    const found = await this.context.live.findNow(key);
    if (found === undefined) {
      throw new SchemaError(
        "object-missing",
        `${quotedName(key)}: there is no ${kindOf(this.kind).isOf?.replace(/^an? /, "")} of this name on the server. Pass the resource that declares it, so that it is created first`,
      );
    }
    const { text: statement } = await liveDefinition(this.context, Definition.read(declared.statement), found);
    const stored = seen?.adopts
      ? seen.stored
      : { name: declared.name, qualifiedName: declared.qualifiedName, statement };
    const [id, provider] = [idOf(declared), inputs["__provider"]];
    return { id, outs: await applyUpdate(this.context, { id, stored, declared, provider }) };
  }

  private withSecrets(key: string): (sql: string) => string {
    const values = this.context.secrets.get(key)?.values ?? {};
    return (sql) => kindOf(this.kind).withSecrets?.(sql, values) ?? sql;
  }

  /** On which hosts of the cluster a new object is. */
  private async spread(
    key: string,
    { hosts, statement }: Inputs,
    live: LiveObject | undefined,
    urn: string | undefined,
  ): Promise<PlaceInputs> {
    if (hosts === undefined) return {};
    const cluster = await this.context.clusterOf(key);
    const found = await agreed(this.context, cluster, Definition.read(statement), live);
    const now = found?.hosts ?? hosts;
    await tellHosts(this.context, cluster, urn, now);
    return { hosts: now };
  }

  private async createFilled(connection: Connection, key: string, statement: string): Promise<Created | undefined> {
    const [checked, options] = [this.context.checked.get(key), this.context.options.get(key)];
    if (checked === undefined || options === undefined) return undefined;
    const backfill = backfillOf(this.context, Definition.read(statement), options, checked);
    return backfill && createFilled(this.context, connection, backfill);
  }

  async update(id: string, olds: Properties, news: Properties): Promise<dynamic.UpdateResult> {
    const stored = readStored(olds);
    const declared = inputsOf(readStored(news));
    if (this.context.elsewhere.has(keyOfStored(declared))) return { outs: (await this.create(news)).outs };
    const outs = await applyUpdate(this.context, { id, stored, declared, provider: news["__provider"] });
    return { outs };
  }

  /** @returns the stored inputs while the live object means the same, otherwise inputs that show the drift; nothing if it is gone. */
  async read(id: string, props: Properties): Promise<dynamic.ReadResult> {
    const stored = readStored(props);
    if (stored.name === undefined) {
      throw new SchemaError(
        "input-unreadable",
        `${id}: the state holds no name of the object. Import it with \`pulumi import --file\`, with inputs and outputs`,
      );
    }
    return presentably(stored, async () => {
      await this.context.announce().catch(() => undefined);
      await refuseElsewhere(this.context, stored, "not refreshed");
      return this.readStored(id, stored);
    });
  }

  private async readStored(id: string, stored: Partial<Outs>): Promise<dynamic.ReadResult> {
    const key = keyOfStored(stored);
    rememberPlace(this.context, key, stored);
    const found = await this.context.live.find(key);
    if (found === undefined) return {};
    const place = await this.placeNow(stored, found);
    const unchanged =
      stored.__observed === digest(found.statement) ||
      (stored.statement !== undefined && (await sameObject(this.context, Definition.read(stored.statement), found)));
    // Without inputs, the engine keeps those it has, including the fingerprint, which is not in the outputs.
    if (unchanged && place === undefined) return { id, props: { ...stored } };
    if (unchanged) {
      const { __fingerprint: _, ...moved } = { ...stored, ...place };
      return { id, props: moved, inputs: inputsOf(moved) };
    }
    const known = Definition.read(stored.statement ?? found.statement);
    const { text: statement } = await liveDefinition(this.context, known, found);
    const { __fingerprint: _, ...drifted } = {
      ...stored,
      ...place,
      statement,
      __observed: digest(found.statement),
    };
    return { id, props: drifted, inputs: inputsOf(drifted) };
  }

  /** Undefined where it is on the hosts that the state says, or on a host that does not answer: unknown is not missing. */
  private async placeNow(stored: Partial<Outs>, found: LiveObject): Promise<PlaceInputs | undefined> {
    const { hosts: known, statement } = stored;
    if (known === undefined || found.spread === undefined) return undefined;
    const { silent, ...spread } = found.spread;
    const hosts = await hostsOf(this.context, Definition.read(statement ?? found.statement), {
      ...found,
      spread: { ...spread, silent: [] },
    });
    return hosts === known || (hosts === ALL && silent.length > 0) ? undefined : { hosts };
  }

  /** Only the resource was renamed: its successor declares the same object, so the object stays. */
  private isTakenOver(stored: Partial<Outs>): boolean {
    const successor = this.context.checked.get(keyOfStored(stored))?.urn;
    return successor !== undefined && stored.__owner !== digest(successor);
  }

  async delete(_id: string, props: Properties): Promise<void> {
    const stored = readStored(props);
    if (this.isTakenOver(stored)) return;
    await presentably(stored, async () => {
      await this.context.announce().catch(() => undefined);
      await removeObject(this.context, stored);
    });
  }
}

/** Pulumi prints the message and stack of errors from read and delete on the stack's row, besides the message on the resource's row. */
async function presentably<T>(stored: Partial<Outs>, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const shown = new Error(messageOf(error), { cause: error });
    shown.stack = "failed; see the error on that resource";
    shown.toString = () => stored.qualifiedName ?? "";
    throw shown;
  }
}

function configValue(request: dynamic.ConfigureRequest, key: string): string | undefined {
  const value: unknown = request.config.get(key);
  return value === undefined || value === null ? undefined : String(value);
}
