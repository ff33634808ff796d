/**
 * Whether to write colours: on a terminal, unless `NO_COLOR` is set; anywhere if `FORCE_COLOR` is set, which wins, as in Node.
 *
 * See https://no-color.org and https://force-color.org.
 */
export function hasColor(
  stream: Pick<NodeJS.WriteStream, "isTTY">,
  environment: NodeJS.ProcessEnv = process.env,
): boolean {
  const { FORCE_COLOR: force, NO_COLOR: none } = environment;
  if (force !== undefined && force !== "") return force !== "0" && force !== "false";
  return !none && stream.isTTY === true;
}
