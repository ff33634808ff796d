import { quoteIdentifier } from "../../sql/identifiers";
import type { Report, Rule } from "../finding";
import type { Subject } from "../subject";

const SECRET =
  /(?:^|[_-])(?:pass(?:word|wd|phrase)?|secret|token|credentials?|private_key|access_key|account_key|sas)(?:[_-]|$)/i;
/** The public half of a pair. */
const PUBLIC = /(?:^|[_-])(?:access_key_id|token_url|public_key|user)(?:[_-]|$)/i;

export const collectionSecretInValues: Rule = {
  id: "collection-secret-in-values",
  severity: "warning",
  summary: "A named collection has a secret among its plain values.",
  why:
    "What is in `values` is in the state, in every preview and in its statement as it is. What is in `secrets` is in none of them: the state has a " +
    "verifier only.",
  *check(subject: Subject): Iterable<Report> {
    const { spec } = subject;
    if (spec.kind !== "namedCollection") return;
    for (const { key, value } of spec.entries) {
      if (value === undefined || value === "" || value === "[HIDDEN]" || !SECRET.test(key) || PUBLIC.test(key))
        continue;
      const at = subject.atFirst(quoteIdentifier(key));
      yield {
        message: `${key} is among the values of ${subject.name}.`,
        why: "It is in the state and in previews in plain text.",
        fix: "Move it to secrets, and rotate it if a state with it has been stored.",
        ...(at && { at }),
      };
    }
  },
};
