import { readFileSync } from "node:fs";
import { ScratchEngine } from "../canonical/scratch-engine";
import { openScratch } from "../connection/scratch";
import { messageOf } from "../errors";
import { kindOf } from "../kinds";
import { splitStatements } from "../sql/fragments";
import { keyOf } from "../sql/object-key";
import { parseCreate } from "../sql/parse";
import { EXIT } from "./exit";
import { tellFailure } from "./failure";

/** Where a command writes. */
export interface Output {
  out(text: string): void;
  error(text: string): void;
}

/**
 * Prints the canonical form of every CREATE statement in the files; a statement may read what precedes it.
 *
 * @param files paths; standard input when empty.
 * @returns the exit code, of {@link EXIT}: `found` when a statement was refused, `failed` when a file cannot be read.
 */
export async function canonicalizeFiles(files: readonly string[], output: Output): Promise<number> {
  const scratch = new ScratchEngine(openScratch, async () => undefined);
  let failed = false;
  try {
    for (const file of files.length > 0 ? files : ["-"]) {
      for (const { sql, line } of splitStatements(readFileSync(file === "-" ? 0 : file, "utf8"))) {
        try {
          const spec = parseCreate(sql);
          const { definition } = await scratch.canonicalize(spec);
          if (kindOf(spec.kind).isOnScratch) scratch.declare(keyOf(spec), definition);
          output.out(`${definition.text};\n\n`);
        } catch (error) {
          failed = true;
          output.error(`${file}:${line}: ${messageOf(error)}\n`);
        }
      }
    }
  } catch (error) {
    return tellFailure(error, false, output);
  } finally {
    await scratch.close();
  }
  return failed ? EXIT.found : EXIT.fine;
}
