import { mergesByKey } from "../../clickhouse/engines";
import { quoteIdentifier } from "../../sql/identifiers";
import type { Report, Rule } from "../finding";
import { engineOf } from "../storage";
import type { Subject } from "../subject";

const MODE = "deduplicate_merge_projection_mode";

export const staleProjection: Rule = {
  id: "stale-projection",
  severity: "error",
  summary: "Merges replace or sum rows, and projections keep the rows as they were.",
  why:
    `With ${MODE} = 'ignore' a merge of a ReplacingMergeTree, SummingMergeTree and the like changes the rows of the table and not those of ` +
    "its projections. The server answers from either, so the same query gives other numbers from one day to the next.",
  *check(subject: Subject): Iterable<Report> {
    const { spec } = subject;
    if (spec.kind !== "table" || spec.projections.length === 0 || !mergesByKey(spec.storage.engine)) return;
    const mode = spec.storage.settings.find(({ name }) => name === MODE)?.value;
    if (mode?.replaceAll("'", "") !== "ignore") return;
    const names = spec.projections.map(({ name }) => quoteIdentifier(name)).join(", ");
    const at = subject.atClause("SETTINGS");
    yield {
      message: `Merges of ${engineOf(spec.storage).name} leave ${names} as it was (${MODE} = 'ignore').`,
      why: "Queries that the server answers from the projection count rows that are replaced or summed in the table.",
      fix: `Set ${MODE} = 'rebuild', or 'drop' if merged parts may do without.`,
      ...(at && { at }),
    };
  },
};
