import type { Report, Rule } from "../finding";
import type { Subject } from "../subject";

/** In seconds. */
const OFTEN = 60;
/** Load a key when it is asked for. */
const BY_KEY = /^(?:COMPLEX_KEY_)?(?:SSD_)?(?:CACHE|DIRECT)\b/i;

export const dictionaryReloadsAll: Rule = {
  id: "dictionary-reloads-all",
  severity: "info",
  summary: "A dictionary reads its whole source every few seconds, changed or not.",
  why:
    "Each reload reads all rows and builds the dictionary again beside the old one, so it needs twice its memory that often. With an invalidate query " +
    "only a change of its answer leads to a reload.",
  *check(subject: Subject): Iterable<Report> {
    const { spec } = subject;
    if (
      spec.kind !== "dictionary" ||
      BY_KEY.test(spec.layout) ||
      /\b(?:invalidate_query|update_field)\b/i.test(spec.source)
    )
      return;
    const [, max] = /\bMAX\s+(\d+)/i.exec(spec.lifetime ?? "") ?? [];
    if (max === undefined || Number(max) === 0 || Number(max) >= OFTEN) return;
    const at = subject.atFirst("LIFETIME");
    yield {
      message: `${subject.name} reads all of its source at least every ${max} s.`,
      why: "Each time it takes its memory twice, and the source's load.",
      fix: "Add invalidateQuery (e.g. SELECT max(updated_at) FROM …), or a longer lifetime.",
      ...(at && { at }),
    };
  },
};
