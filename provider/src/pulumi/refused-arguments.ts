import { culpritsOf } from "../canonical/culprit";
import { explainCulprit } from "../canonical/engine-words";
import { ServerError } from "../connection/errors";
import type { Problem } from "../errors";
import type { Definition } from "../sql/definition";
import { keyOf, quotedName } from "../sql/object-key";
import type { ObjectSpec } from "../sql/spec";
import type { Context } from "./context";

const KEYS: ReadonlySet<string> = new Set(["orderBy", "partitionBy", "primaryKey", "sampleBy"]);

/** The definition in the words of the engine that checks declarations, or why it refuses. @throws without an engine. */
export async function tryOnEngine(context: Context, spec: ObjectSpec): Promise<Definition | ServerError> {
  try {
    return (await context.scratch.canonicalize(spec)).definition;
  } catch (error) {
    if (error instanceof ServerError) return error;
    throw error;
  }
}

/**
 * The arguments of a refused declaration that are wrong, each explained; none if they cannot be told apart.
 *
 * @param isShown whether SQL may be shown; the engine's words may still quote it.
 */
export async function refusedArguments(
  context: Context,
  spec: ObjectSpec,
  refusal: ServerError,
  isShown: boolean,
): Promise<Problem[]> {
  const columns = "columns" in spec ? spec.columns.map(({ name }) => name) : [];
  const culprits = await culpritsOf(spec, refusal, async (piece) => {
    const tried = await tryOnEngine(context, piece);
    return tried instanceof ServerError ? tried : undefined;
  });
  return culprits.map((culprit) => ({
    code: KEYS.has(culprit.path) ? "key-refused" : "engine-refuses",
    message: explainCulprit(quotedName(keyOf(spec)), culprit, columns, isShown),
  }));
}
