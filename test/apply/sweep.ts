/** A runner that dies before one statement after another of the same operation, several side by side. */
import type { Connection } from "../../provider/src/connection/connection";
import { freshDatabase, sharedServer } from "../support/server";
import { open } from "./views-bench";

/** Operations at a time, each in a database of its own: they mostly wait. */
const LANES = 4;

/** Where one operation is done. */
export interface Lane {
  readonly connection: Connection;
  readonly database: string;
}

/**
 * Does an operation again and again, each time with a crash before another statement, until one ends before it comes to die.
 *
 * @param stride every how many statements there is a crash.
 * @param first the first of them, counted from 0.
 * @param dies does the operation once, from nothing to its comparison. @returns whether it died at all.
 * @returns how many times it died.
 */
export async function sweep(
  { stride, first = 0 }: { readonly stride: number; readonly first?: number },
  dies: (lane: Lane, dieAt: number) => Promise<boolean>,
): Promise<number> {
  let next = first;
  let over = false;
  let crashes = 0;
  const run = async (): Promise<void> => {
    const connection = await open();
    const database = await freshDatabase(await sharedServer());
    try {
      while (!over) {
        const dieAt = next;
        next += stride;
        if (await dies({ connection, database }, dieAt)) crashes += 1;
        else over = true;
      }
    } catch (error) {
      over = true;
      throw error;
    } finally {
      await connection.command(`DROP DATABASE IF EXISTS ${database} SYNC`);
      await connection.close();
    }
  };
  await Promise.all(Array.from({ length: LANES }, run));
  return crashes;
}
