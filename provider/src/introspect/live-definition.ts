import { Definition } from "../sql/definition";
import type { LiveObject } from "./live-object";

/** Each once, whoever asks. */
const definitions = new WeakMap<LiveObject, Definition>();

/** What an object on the server is defined as. */
export function definitionOf(live: LiveObject): Definition {
  const known = definitions.get(live) ?? Definition.read(live.statement);
  definitions.set(live, known);
  return known;
}
