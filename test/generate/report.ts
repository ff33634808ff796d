import { EXCEPTIONS, PLAIN } from "./exceptions";

/** What docs/import.md says of exceptions. */
export function exceptionsText(): string {
  const exceptions = EXCEPTIONS.map(
    ({ name, steps, reason }) => `| \`${name.replaceAll("`", "")}\` | ${steps.join(", ")} | ${reason} |`,
  );
  const plain = Object.entries(PLAIN).map(([reason, why]) => `| ${reason} | ${why} |`);
  return [
    "",
    "| object of the corpus | not | why |",
    "|---|---|---|",
    ...exceptions,
    "",
    "| written as plain SQL, because arguments cannot express this | |",
    "|---|---|",
    ...plain,
    "",
    "",
  ].join("\n");
}
