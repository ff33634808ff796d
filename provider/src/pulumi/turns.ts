import { Serial } from "../util/serial";

/** What rows of one run must not do at the same time. */
export class Turns {
  private readonly backfills = new Serial();
  private readonly chains = new Serial();
  private readonly objects = new Map<string, Serial>();

  /** For backfills at creation: each waits for the ones before. */
  ofBackfills<T>(work: () => Promise<T>): Promise<T> {
    return this.backfills.run(work);
  }

  /** For looking at what a change means for others of this run. */
  ofChains<T>(work: () => Promise<T>): Promise<T> {
    return this.chains.run(work);
  }

  /** For changes of one object, which rows of a chain may do for each other: each waits for the ones before. */
  ofObject<T>(key: string, work: () => Promise<T>): Promise<T> {
    const queue = this.objects.get(key) ?? new Serial();
    this.objects.set(key, queue);
    return queue.run(work);
  }
}
