import { InvalidArgumentError } from "commander";
import { parseSize } from "../declare/size";

/** Least memory that makes sense for a statement; also catches `--max-memory 4` that was meant as GiB. */
const LEAST_MEMORY = 1024 ** 2;

/** A whole number above 0. */
export function readCount(text: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw new InvalidArgumentError(`expected a whole number from 1; found "${text}".`);
}

/** Memory of a statement, in bytes or with a unit: `4GiB`. */
export function readMemory(text: string): number {
  const size = parseSize(text);
  if (size !== undefined && size >= LEAST_MEMORY) return size;
  throw new InvalidArgumentError(`expected at least 1 MiB, as bytes or with a unit, e.g. 4GiB; found "${text}".`);
}
