import { qualifiedName, quoteString } from "../sql/identifiers";
import type { QualifiedName } from "../sql/spec";
import { partsOf } from "./parts";
import type { Runner } from "./runner";

/** Attaches copies of all parts of one table to another, by hard links; in one statement where the server supports that. */
export async function attachAll(runner: Runner, to: QualifiedName, from: QualifiedName): Promise<void> {
  const [alter, source] = [`ALTER TABLE ${qualifiedName(to)}`, qualifiedName(from)];
  if (runner.connection.capabilities.attachAllPartitions) {
    return runner.run(`${alter} ATTACH PARTITION ALL FROM ${source}`);
  }
  for (const partition of new Set((await partsOf(runner, from)).map((part) => part.partition))) {
    await runner.run(`${alter} ATTACH PARTITION ID ${quoteString(partition)} FROM ${source}`);
  }
}
