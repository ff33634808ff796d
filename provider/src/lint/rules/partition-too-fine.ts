import { callsIn, parseExpression } from "../../sql/query";
import { parseType, unwrap } from "../../sql/query/types";
import type { Report, Rule } from "../finding";
import { deletesRows, keyElements } from "../storage";
import type { Subject } from "../subject";

const FINE_FUNCTIONS = new RegExp(
  "^(?:toStartOf(?:Second|Millisecond|Microsecond|Nanosecond|Minute|FiveMinutes?|TenMinutes|FifteenMinutes)|" +
    "toYYYYMMDDhhmmss|toUnixTimestamp\\w*|toDateTime\\w*|toMinute|toSecond)$",
);
const FINE_TYPES = new Set(["UUID", "DateTime", "DateTime32", "DateTime64", "IPv4", "IPv6", "Float32", "Float64"]);
const ID_NAME =
  /(?:^|_)(?:uu?id|trace_?id|span_?id|request_?id|event_?id|message_?id|session_?id|user_?id|visitor_?id|order_?id)$/i;

export const partitionTooFine: Rule = {
  id: "partition-too-fine",
  severity: "warning",
  summary: "A partition key has very many values: seconds, minutes, or an id.",
  why:
    "Parts never merge across partitions and each insert makes a part for each partition it touches. Thousands " +
    "of partitions mean tiny parts, slow " +
    "starts, `Too many parts` (252) and inserts refused beyond max_partitions_per_insert_block (100).",
  *check(subject: Subject): Iterable<Report> {
    const { layout } = subject;
    if (!layout?.own || layout.storage.partitionBy === undefined || isShortLived(layout.storage.ttl)) return;
    for (const { text, column } of keyElements(layout.storage.partitionBy)) {
      const type = unwrap(layout.columns.find(({ name }) => name === column)?.type ?? "");
      const reason = column === undefined ? fineFunction(text) : fineColumn(column, type);
      if (reason === undefined) continue;
      const at = subject.atClause("PARTITION BY");
      yield {
        message: `PARTITION BY ${text} makes a partition for each ${reason}.`,
        why:
          "Parts of different partitions never merge: inserts get slow and are refused beyond 100 partitions at " +
          "once.",
        fix:
          "Partition by month or day (toYYYYMM(…), toDate(…)), by what is dropped as a whole; a finer order " +
          "belongs into ORDER BY.",
        ...(at && { at }),
      };
    }
  },
};

/** A TTL of hours limits the number of partitions, as in a staging table. */
function isShortLived(ttl: string | undefined): boolean {
  return deletesRows(ttl) && /\btoInterval(?:Hour|Minute|Second)\(/.test(ttl ?? "");
}

function fineColumn(column: string, type: string): string | undefined {
  const { name } = parseType(type);
  return FINE_TYPES.has(name) || (ID_NAME.test(column) && name !== "") ? `value of \`${column}\` (${type})` : undefined;
}

/** The outermost call decides: `toYYYYMM(toDateTime(t))` and `intHash32(id) % 16` are coarse. */
function fineFunction(text: string): string | undefined {
  const expression = parseExpression(text);
  const [outer] = expression === undefined ? [] : callsIn(expression);
  if (outer === undefined || outer.start > 0 || !text.endsWith(")")) return undefined;
  if (outer.name === "toStartOfInterval") {
    return /^toInterval(?:Second|Minute)\(/.test(outer.arguments[1]?.text ?? "") ? outer.arguments[1]?.text : undefined;
  }
  return FINE_FUNCTIONS.test(outer.name) ? `value of ${outer.name}()` : undefined;
}
