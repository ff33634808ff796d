import { differs } from "../apply/create";
import { withoutLiterals } from "../canonical/explain";
import { SchemaError } from "../errors";
import { keyOf, objectKey, quotedName } from "../sql/object-key";
import type { ObjectKind } from "../sql/spec";
import { textDiff } from "../sql/text-diff";
import { canonicalText } from "./canonical-text";
import { liveStatement, sameObject } from "./compare";
import type { Context } from "./context";
import { specOf } from "./declared-spec";
import { type Inputs, type Outs, type Request, readRequest, readStored } from "./state";
import { isUnknown, UNKNOWN } from "./unknown";

type Bag = Readonly<Record<string, unknown>>;

/**
 * Turns a request into canonical inputs.
 *
 * @throws {SchemaError} with what the user has to mend.
 */
export async function checkInputs(context: Context, kind: ObjectKind, olds: Bag, news: Bag): Promise<Inputs> {
  const request = readRequest(news);
  const stored = readStored(olds);
  if (isUnknown(request.statement) || isUnknown(request.name) || isUnknown(request.database))
    return unknownInputs(context, kind, request);
  const spec = specOf(kind, request);
  const key = keyOf(spec);
  refuseTwins(context, key, request);
  const { text, print } = await canonicalText(context, spec, key, request, stored);
  const inputs: Inputs = {
    ...(spec.kind !== "database" && { database: spec.database }),
    name: spec.name,
    qualifiedName: quotedName(key),
    statement: text,
    ...(request.deletion !== undefined && { deletion: request.deletion }),
    // A digest of a weak secret can be guessed.
    ...(!request.sensitive && { __fingerprint: print }),
  };
  if (text === UNKNOWN) return inputs;
  if (stored.statement !== undefined) refuseUnmanagedUpdate(stored, inputs, request.sensitive);
  else await lookBeforeCreate(context, key, inputs, request);
  return inputs;
}

/** Names that are known stay known, so that what refers to them can be previewed. */
function unknownInputs(context: Context, kind: ObjectKind, request: Request): Inputs {
  const { database, name } = request;
  const known = !isUnknown(name) && !isUnknown(database);
  const key =
    known && name !== "" ? (kind === "database" ? objectKey(name) : objectKey(database ?? "", name)) : undefined;
  if (key !== undefined) {
    refuseTwins(context, key, request);
    const { urn, dependencies, sensitive } = request;
    context.checked.set(key, { urn, dependencies, sensitive, statement: undefined, fingerprint: UNKNOWN });
  }
  return {
    ...(database !== undefined && { database }),
    name,
    qualifiedName: key === undefined ? UNKNOWN : quotedName(key),
    statement: UNKNOWN,
    ...(request.deletion !== undefined && { deletion: request.deletion }),
  };
}

function refuseTwins(context: Context, key: string, request: Request): void {
  const other = context.checked.get(key);
  if (other === undefined || other.urn === undefined || other.urn === request.urn) return;
  const twin = other.urn.split("::").at(-1);
  throw new SchemaError(
    `${quotedName(key)}: is declared twice in this stack, here and by resource "${twin}". Remove one, or give it another name`,
  );
}

function refuseUnmanagedUpdate(stored: Partial<Outs>, inputs: Inputs, sensitive: boolean): void {
  if (stored.statement === inputs.statement || stored.statement === undefined) return;
  const diff = sensitive
    ? "(the statement is secret)"
    : textDiff(stored.statement, inputs.statement, "now", "declared");
  throw new SchemaError(
    `${stored.qualifiedName}: this change is not managed yet, and it is never done by dropping what holds rows. ` +
      `Make it by hand on the server and run \`pulumi refresh\`; when both agree, the diff is gone.\n${diff}`,
  );
}

/** An object that stands there already is adopted at `up` or, when it differs, refused now. */
async function lookBeforeCreate(context: Context, key: string, inputs: Inputs, request: Request): Promise<void> {
  const found = await context.reachableLive(request.urn, key);
  if (found === undefined) return;
  if (await sameObject(context, inputs.statement, found)) {
    await context.log.info(request.urn, "exists on the server and equals the declaration; it will be adopted.");
    return;
  }
  const text = differs(quotedName(key), inputs.statement, {
    ...found,
    statement: await liveStatement(context, inputs.statement, found),
  });
  throw new SchemaError(request.sensitive ? withoutLiterals(text, inputs.statement) : text);
}
