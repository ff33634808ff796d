import type { Report, Rule, Severity } from "../finding";
import type { Subject } from "../subject";

interface Weakness {
  readonly what: string;
  readonly why: string;
  readonly fix: string;
  readonly severity?: Severity;
}

const WEAK: Readonly<Record<string, Weakness>> = {
  no_password: {
    what: "logs in without a password",
    why: "Its name is enough, from wherever its hosts allow.",
    fix: "Give it auth: { password: … }, a certificate or a directory.",
  },
  double_sha1_password: {
    what: "logs in by a hash without a salt",
    why: "Two users with one password have one hash, and tables of such hashes exist; only MySQL's protocol needs it.",
    fix: "Leave method out (sha256 with a salt), unless a client speaks MySQL's protocol.",
    severity: "info",
  },
};

export const passwordMethodWeak: Rule = {
  id: "password-method-weak",
  severity: "warning",
  summary: "A user needs no password, or its hash has no salt.",
  why:
    "Without a password anybody on an allowed host is that user. A double SHA-1 has no salt, so one who gets the server's files finds common " +
    "passwords at once.",
  *check(subject: Subject): Iterable<Report> {
    const { spec } = subject;
    if (spec.kind !== "user") return;
    for (const { method } of spec.methods ?? []) {
      const found = WEAK[method];
      if (found === undefined) continue;
      const at = subject.atFirst(method);
      yield {
        message: `${subject.name} ${found.what}.`,
        why: found.why,
        fix: found.fix,
        ...(found.severity && { severity: found.severity }),
        ...(at && { at }),
      };
    }
  },
};
