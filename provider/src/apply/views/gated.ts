import { type BehindGate, withInsertsBlocked as behind } from "../../operation/inserts-blocked";
import { qualifiedName } from "../../sql/identifiers";
import type { ViewContext } from "./context";
import { gateTables } from "./sources";

export { hasTime, openGates as openGate } from "../../operation/inserts-blocked";

/** Runs work while no rows are on their way to the view; see the function of the same name in `operation/`. */
export function behindGate(context: ViewContext, work: BehindGate["work"]): Promise<void> {
  return behind(context, {
    label: qualifiedName(context.names.view),
    why: { needs: "the change of a view", meanwhile: "the view is as it was, and the next run resumes" },
    tables: () => gateTables(context),
    work,
  });
}
