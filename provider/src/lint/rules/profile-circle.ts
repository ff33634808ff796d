import type { SettingsProfileSpec } from "../../sql/access/spec";
import { quoteIdentifier } from "../../sql/identifiers";
import { keyNamed } from "../../sql/object-key";
import type { Report, Rule } from "../finding";
import type { Subject } from "../subject";

export const profileCircle: Rule = {
  id: "profile-circle",
  severity: "error",
  summary: "A settings profile inherits itself.",
  why:
    "The server takes a circle of profiles without an error. Which of their settings come last is then up to where it begins, so the limits that hold " +
    "are not the ones that anybody wrote.",
  *check(subject: Subject): Iterable<Report> {
    const { spec } = subject;
    if (spec.kind !== "settingsProfile") return;
    const circle = circleFrom(subject, spec);
    if (circle === undefined) return;
    const at = subject.atName();
    yield {
      message: `${subject.name} inherits itself: ${circle.map(quoteIdentifier).join(" → ")}.`,
      why: "Which limits hold depends on where the server begins to read.",
      fix: "Take one of them out of inherits.",
      ...(at && { at }),
    };
  },
};

/** The names on the way from a profile back to itself. */
function circleFrom(subject: Subject, { name: start, profiles }: SettingsProfileSpec): string[] | undefined {
  const ways = profiles.map((name) => [start, name]);
  const seen = new Set<string>();
  for (let way = ways.shift(); way !== undefined; way = ways.shift()) {
    const last = way.at(-1) ?? "";
    if (last === start) return way;
    if (seen.has(last)) continue;
    seen.add(last);
    const found = subject.catalog.find(keyNamed("settingsProfile", undefined, last));
    if (found?.kind === "settingsProfile") for (const name of found.profiles) ways.push([...way, name]);
  }
  return undefined;
}
