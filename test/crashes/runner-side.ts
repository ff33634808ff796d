/** Program of a runner process: says that it is ready, does the job that it is told, and ends. */
export function doOnce<Order>(work: (order: Order) => Promise<void>): void {
  process.once("message", (order: Order) =>
    work(order).then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    ),
  );
  process.send?.({ ready: true });
}

/** Names a statement to the parent before it runs. */
export function nameStatement(sql: string): void {
  process.send?.({ statement: sql });
}
