import { ServerError } from "../../connection/errors";
import { messageOf, SchemaError } from "../../errors";
import { dropBeside } from "../../operation/exchange-view";
import { releaseInserts } from "../../operation/hold";
import { qualifiedName } from "../../sql/identifiers";
import type { QualifiedName } from "../../sql/spec";
import { isRenamed, type RenameContext } from "./context";
import type { Dependent } from "./dependents";
import { reversed } from "./names";
import { dropCarried } from "./policies";
import { startRefreshes } from "./refreshing";
import { readsAs, repoint } from "./repoint";

/** Restores the old name: re-pointed objects get their old definitions. Inserts remain refused until that is done. */
export async function undoRename(context: RenameContext): Promise<void> {
  const { journal, plan, renaming, runner } = context;
  if (await isRenamed(runner, plan)) await context.rename(reversed(renaming));
  await dropCarried(runner, journal);
  const left = await pointBack(context, journal.get<Dependent[]>("dependents") ?? []);
  await releaseInserts(runner, journal.get<QualifiedName[]>("gate") ?? []);
  context.gateIs(false);
  await startRefreshes(runner, journal, (view) => view);
  if (left.length > 0) throw new SchemaError("operation-forward-only", left);
}

/** Restores the old definitions of re-pointed objects. One that fails does not stop the others. @returns what remains to be done. */
async function pointBack({ journal, runner }: RenameContext, dependents: readonly Dependent[]): Promise<string[]> {
  const left: string[] = [];
  const attempt = async (label: string, work: () => Promise<unknown>): Promise<void> => {
    await work().catch((error: unknown) => {
      if (!(error instanceof ServerError)) throw error;
      left.push(`${label}: ${messageOf(error)}`);
    });
  };
  for (const { database, from, name } of dependents) {
    const label = qualifiedName({ database, name });
    await attempt(`${label}: could not be restored to its old definition`, async () => {
      await repoint(runner, journal, { database, name }, from).catch(async (error: unknown) => {
        // Rows flow as before; different comments in a column list are the lesser evil.
        if (!(error instanceof ServerError) || !(await readsAs(runner, { database, name }, from))) throw error;
      });
    });
    await attempt(`${label}: the objects created beside it could not be dropped`, () =>
      dropBeside(runner, { database, name }),
    );
  }
  return left;
}
