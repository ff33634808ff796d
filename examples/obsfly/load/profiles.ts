import { accountOf, FIRST_SALT, lateMoment, momentText, type Period, type RowMaker, resourceOf } from "./period";
import { hashText } from "./random";

const STACKS = 40;
/** This one was seen, with nothing: its sums are zero, and it must stay. */
const IDLE_STACK = 7;

/** Samples of stacks, by service, type and runtime. */
export function profileMaker(period: Period): RowMaker {
  const { random } = period;
  const stacks = Array.from({ length: STACKS }, (_, stack) => ({
    StackHash: BigInt(`0x${hashText(`stack ${stack}`)}`).toString(),
    FunctionNames: ["main", "serve", `handle_${stack}`],
    FunctionFiles: ["main.go", "server.go", `handler_${stack}.go`],
  }));
  return (index) => {
    const moment = lateMoment(period, index, period.rows);
    const stack = random.hash(index, FIRST_SALT) % STACKS;
    const service = random.pick(["frontend", "checkout"], index, FIRST_SALT + 1);
    return {
      Timestamp: momentText(moment),
      ...accountOf(period, index, moment),
      ServiceName: service,
      ProfileType: random.pick(["cpu", "heap"], index, FIRST_SALT + 2),
      Runtime: random.pick(["go", "python"], index, FIRST_SALT + 3),
      ...stacks[stack],
      SampleValue: stack === IDLE_STACK ? 0 : random.hash(index, FIRST_SALT + 4) % 10_000_000,
      SampleCount: stack === IDLE_STACK ? 0 : 1 + (random.hash(index, FIRST_SALT + 5) % 5),
      ResourceAttributes: resourceOf(service, random.hash(index, FIRST_SALT + 6) % 40),
      Bytes: 300,
    };
  };
}
