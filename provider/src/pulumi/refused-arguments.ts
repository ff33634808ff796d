import { culpritsOf } from "../canonical/culprit";
import { explainCulprit } from "../canonical/engine-words";
import { ServerError } from "../connection/errors";
import type { Problem } from "../errors";
import { keyOf, quotedName } from "../sql/object-key";
import type { ObjectSpec } from "../sql/spec";
import type { Context } from "./context";

const KEYS: ReadonlySet<string> = new Set(["orderBy", "partitionBy", "primaryKey", "sampleBy"]);

/** The statement as the engine that checks declarations shows it, or why it refuses. @throws without an engine. */
export async function tryOnEngine(context: Context, spec: ObjectSpec): Promise<string | ServerError> {
  try {
    return (await context.world.canonicalize(spec)).statement;
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
    return typeof tried === "string" ? undefined : tried;
  });
  return culprits.map((culprit) => ({
    code: KEYS.has(culprit.path) ? "key-refused" : "engine-refuses",
    message: explainCulprit(quotedName(keyOf(spec)), culprit, columns, isShown),
  }));
}
