import type { Report, Rule } from "../finding";
import type { Subject } from "../subject";

export const dictionaryNeverReloads: Rule = {
  id: "dictionary-never-reloads",
  severity: "info",
  summary: "A dictionary is loaded once and never again.",
  why: "LIFETIME 0 means forever: rows that its source gets later are not seen until SYSTEM RELOAD DICTIONARY or a restart.",
  *check(subject: Subject): Iterable<Report> {
    const { spec } = subject;
    if (spec.kind !== "dictionary" || /^(?:COMPLEX_KEY_)?DIRECT\b/i.test(spec.layout)) return;
    const [, max] = /\bMAX\s+(\d+)/i.exec(spec.lifetime ?? "") ?? /^(\d+)$/.exec(spec.lifetime ?? "") ?? [];
    if (max === undefined || Number(max) !== 0) return;
    const at = subject.atFirst("LIFETIME");
    yield {
      message: `${subject.name} is never loaded again.`,
      why: "Later rows of its source are not seen.",
      fix: "Set a lifetime in seconds, e.g. [300, 600], unless the source never changes.",
      ...(at && { at }),
    };
  },
};
