import {
  accountOf,
  FIRST_SALT,
  lateMoment,
  momentText,
  type Period,
  type RowMaker,
  resourceOf,
  SERVICES,
} from "./period";
import { hashText, hex } from "./random";

/** Templates of bodies; `*` marks what varies. */
const PATTERNS = [
  "request * took long",
  "connection to * refused",
  "order * placed",
  "payment * declined by the issuer",
  "cache miss for key *",
  "retrying job *",
  "user * logged in",
  "queue * is full, dropping the oldest",
  "slow query on table *",
  "mail to * delivered",
] as const;
/** Bodies of a pattern. */
const VARIANTS = 300;

/** Log records: most are INFO; one in 25 comes from a collector that computes no hash of the body. */
export function logMaker(period: Period): RowMaker {
  const { random } = period;
  const hashes = new Map<string, string>();
  const hashOf = (text: string): string => {
    const known = hashes.get(text) ?? hashText(text);
    hashes.set(text, known);
    return known;
  };
  return (index) => {
    const moment = lateMoment(period, index, period.rows);
    const level = random.hash(index, FIRST_SALT) % 100;
    const [SeverityText, SeverityNumber] = level < 70 ? ["INFO", 9] : level < 90 ? ["WARN", 13] : ["ERROR", 17];
    const service = random.pick(SERVICES, index, FIRST_SALT + 1);
    const pattern = random.pick(PATTERNS, index, FIRST_SALT + 2);
    const body = pattern.replace("*", String(random.hash(index, FIRST_SALT + 3) % VARIANTS));
    const isTraced = random.oneIn(4, index, FIRST_SALT + 4);
    return {
      Timestamp: momentText(moment),
      ...accountOf(period, index, moment),
      TraceId: isTraced ? period.id + hex(random.hash(index, FIRST_SALT + 9)) + hex(index) : "",
      SpanId: isTraced ? hex(random.hash(index, FIRST_SALT + 5)) + hex(1) : "",
      ServiceName: service,
      SeverityText,
      SeverityNumber,
      Body: body,
      BodyHash: random.oneIn(25, index, FIRST_SALT + 6) ? "" : hashOf(body),
      PatternHash: hashOf(pattern),
      LogAttributes: { "code.line.number": String(random.hash(index, FIRST_SALT + 7) % 900) },
      ResourceAttributes: resourceOf(service, random.hash(index, FIRST_SALT + 8) % 40),
      Bytes: body.length,
    };
  };
}
