let protocols: Promise<unknown> = Promise.resolve();
const looks = new Set<Promise<unknown>>();

/** One protocol at a time: two concurrent copies would only compete for the disk, and gates over the same tables would last longer. */
export function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const turn = protocols.then(async () => {
    await Promise.allSettled(looks);
    return work();
  });
  protocols = turn.catch(() => undefined);
  return turn;
}

/**
 * Runs checks on the server while no protocol of this process is active: a half-done protocol is not the state that the planned steps will
 * find, and its journal says "unfinished" like that of a dead runner.
 */
export async function betweenTurns<T>(look: () => Promise<T>): Promise<T> {
  let waited: unknown;
  while (waited !== protocols) {
    waited = protocols;
    await waited;
  }
  const looking = look();
  looks.add(looking);
  try {
    return await looking;
  } finally {
    looks.delete(looking);
  }
}
