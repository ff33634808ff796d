import assert from "node:assert/strict";
import fc from "fast-check";
import { SchemaError } from "../../provider/src/errors";
import { abort, resume } from "../../provider/src/operation/engine";
import { listUnfinished } from "../../provider/src/operation/list";
import { byEffort, SEED } from "../support/effort";
import { allThings, begin, protocolOf, REF, SHAPES, type Shape, thingsOf } from "./fake-protocol";
import { Death, FakeServer, type Fate } from "./fake-server";

const RUNS = { numRuns: byEffort({ fast: 10, full: 40, soak: 400 }), seed: SEED };

const unfinished = (shape: Shape, server: FakeServer) => listUnfinished([protocolOf(shape)], server.connect(), "d");

/** Fails where a step begins before the one before it is over, or one is run again whose line was written. */
function watched(shape: Shape, server: FakeServer): FakeServer {
  server.onPut = (thing) => {
    const index = Number(thing.split(".")[0]);
    for (let earlier = 0; earlier < index; earlier += 1) {
      for (const other of thingsOf(shape, earlier)) {
        assert.ok(server.things.includes(other), `${thing} is put before ${other}`);
      }
    }
    const isOver = server.lines(REF.operation).has(`step:${index}`);
    assert.ok(!isOver, `${thing} is put again, though its step is over`);
  };
  return server;
}

/** Statements of an operation that nothing befalls. */
async function count(shape: Shape): Promise<number> {
  const server = new FakeServer();
  await begin(shape, server.connect());
  return server.ran.length;
}

/** Runs it until death. @returns false if it was over before. */
async function die(shape: Shape, server: FakeServer, death: NonNullable<Fate["death"]>): Promise<boolean> {
  return begin(shape, server.connect({ death })).then(
    () => false,
    (error: unknown) => {
      assert.ok(error instanceof Death, String(error));
      return true;
    },
  );
}

async function assertDone(shape: Shape, server: FakeServer, where: string): Promise<void> {
  assert.deepEqual(server.things, allThings(shape), where);
  assert.deepEqual(await unfinished(shape, server), [], where);
}

async function assertAsBefore(shape: Shape, server: FakeServer, where: string): Promise<void> {
  assert.deepEqual(server.things, [], where);
  assert.deepEqual(await unfinished(shape, server), [], where);
}

/** Whether going back is possible, as the server shows it. */
const isBeyond = ({ noReturn }: Shape, { things }: FakeServer): boolean => things.includes(`${noReturn}.0`);

describe("the engine of operations, on a fake server", () => {
  it("ends an operation whose runner died at any statement, by the next run", () =>
    fc.assert(
      fc.asyncProperty(SHAPES, fc.boolean(), fc.nat(), async (shape, isRun, again) => {
        const statements = await count(shape);
        for (let statement = 0; statement < statements; statement += 1) {
          const server = watched(shape, new FakeServer());
          assert.ok(await die(shape, server, { statement, isRun }));
          // The second runner may die, too.
          await die(shape, server, { statement: again % statements, isRun: !isRun });
          assert.equal(await begin(shape, server.connect()), shape.steps.length);
          await assertDone(shape, server, `died at ${statement} of ${statements}`);
        }
      }),
      RUNS,
    ));

  it("lists and resumes an operation whose runner died at any statement, once its plan is written", () =>
    fc.assert(
      fc.asyncProperty(SHAPES, fc.boolean(), async (shape, isRun) => {
        const statements = await count(shape);
        for (let statement = 0; statement < statements; statement += 1) {
          const server = watched(shape, new FakeServer());
          await die(shape, server, { statement, isRun });
          const [found] = await unfinished(shape, server);
          const lines = server.lines(REF.operation);
          assert.equal(found !== undefined, lines.has("plan") && !lines.has("done"));
          if (found === undefined) continue;
          const { aborting, canAbort, keys, kind, operation } = found;
          assert.deepEqual([kind, operation, keys, aborting], ["fake", REF.operation, ["d\0t", "d\0t"], false]);
          assert.equal(canAbort, !isBeyond(shape, server));
          await resume(protocolOf(shape), server.connect(), REF, {});
          await assertDone(shape, server, `died at ${statement} of ${statements}`);
        }
      }),
      RUNS,
    ));

  it("aborts it while that is possible, also when the abort dies at any statement, and then never continues", () =>
    fc.assert(
      fc.asyncProperty(SHAPES, fc.boolean(), async (shape, isRun) => {
        const protocol = protocolOf(shape);
        const statements = await count(shape);
        for (let statement = 0; statement < statements; statement += 1) {
          const begun = new FakeServer();
          await die(shape, begun, { statement, isRun });
          if ((await unfinished(shape, begun)).length === 0) continue;
          if (isBeyond(shape, begun)) {
            const before = [...begun.things];
            await assert.rejects(abort(protocol, begun.connect(), REF, {}), { code: "operation-forward-only" });
            assert.deepEqual(begun.things, before);
            await resume(protocol, begun.connect(), REF, {});
            await assertDone(shape, begun, `died at ${statement}, and did not go back`);
            continue;
          }
          for (let dies = true, at = 0; dies; at += 1) {
            const server = begun.copy();
            dies = await abort(protocol, server.connect({ death: { statement: at, isRun } }), REF, {}).then(
              () => false,
              (error: unknown) => {
                assert.ok(error instanceof Death, String(error));
                return true;
              },
            );
            if (server.lines(REF.operation).has("aborting")) {
              await assert.rejects(resume(protocol, server.connect(), REF, {}), { code: "operation-aborted" });
            }
            await abort(protocol, server.connect(), REF, {});
            await assertAsBefore(shape, server, `died at ${statement}, and its abort at ${at}`);
          }
        }
      }),
      RUNS,
    ));

  it("leaves nothing half done when any statement is refused for good", () =>
    fc.assert(
      fc.asyncProperty(SHAPES, async (shape) => {
        const whole = new FakeServer();
        await begin(shape, whole.connect());
        for (const sql of new Set(whole.ran)) {
          const server = watched(shape, new FakeServer());
          const refuses = (one: string): boolean => shapeOf(one) === shapeOf(sql);
          const error = await begin(shape, server.connect({ refuses })).then(
            () => undefined,
            (thrown: unknown) => thrown,
          );
          assert.ok(error instanceof Error, `${sql} was refused, and nobody noticed`);
          const [left] = await unfinished(shape, server);
          if (left === undefined) {
            await assertAsBefore(shape, server, `${sql} was refused`);
            continue;
          }
          if (/cannot be rolled back any more/.test(error.message)) assert.ok(isBeyond(shape, server), sql);
          await (left.aborting ? abort : resume)(protocolOf(shape), server.connect(), REF, {});
          if (left.aborting) await assertAsBefore(shape, server, `${sql} was refused; aborted`);
          else await assertDone(shape, server, `${sql} was refused; resumed`);
        }
      }),
      RUNS,
    ));

  it("stops a runner whose operation another one has taken over, before its next step", () =>
    fc.assert(
      fc.asyncProperty(SHAPES, fc.nat(), fc.boolean(), async (shape, at, aborts) => {
        const protocol = protocolOf(shape);
        const server = new FakeServer();
        let after: string[] | undefined;
        let lines = 0;
        const before = async (sql: string): Promise<void> => {
          // Between two steps: where it writes that one is over.
          if (!/^INSERT INTO .*'step:/.test(sql) || after !== undefined || lines++ !== at % shape.steps.length) return;
          const takes = aborts && !isBeyond(shape, server) ? abort : resume;
          await takes(protocol, server.connect(), REF, {});
          after = [...server.things];
        };
        const error = await begin(shape, server.connect({ before })).then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        if (after === undefined) return;
        const isLast = server.ran.filter((sql) => /'step:/.test(sql)).length > 0 && error === undefined;
        if (!isLast) assert.equal((error as SchemaError).code, "operation-taken-over", String(error));
        assert.deepEqual(server.things, after);
      }),
      RUNS,
    ));

  it("refuses in words what another version has written, and runs nothing", () =>
    fc.assert(
      fc.asyncProperty(SHAPES, fc.nat(), STRANGE, async (shape, at, [key, value]) => {
        const protocol = protocolOf(shape);
        const server = new FakeServer();
        await die(shape, server, { statement: at % (await count(shape)), isRun: true });
        if ((await unfinished(shape, server)).length === 0) return;
        const plan = JSON.parse(server.lines(REF.operation).get("plan")?.value ?? "") as object;
        server.write(REF.operation, key, key === "plan" && isObject(value) ? { ...plan, ...value } : value);
        const ran = server.ran.length;
        for (const ends of [abort, resume]) {
          await assert.rejects(ends(protocol, server.connect(), REF, {}), (error) => {
            assert.ok(error instanceof SchemaError, String(error));
            if (error.code === "operation-unknown")
              assert.equal(error.message, "Operation op: is not a fake but a other.");
            else {
              assert.equal(error.code, "operation-unreadable");
              assert.match(error.message, /^Operation op: .*\. Another version of this package started it/);
            }
            return true;
          });
        }
        const [found] = await unfinished(shape, server);
        assert.deepEqual([found?.canAbort, found?.operation], [false, REF.operation]);
        assert.match(found?.progress ?? "", /Another version of this package started it/);
        assert.equal(server.ran.length, ran);
      }),
      RUNS,
    ));

  it("does not begin another operation under a name that is taken, and returns the result of one that is done", async () => {
    const shape: Shape = { steps: [{ puts: 1, seenBy: "journal" }], noReturn: 5, isBrief: false };
    const server = new FakeServer();
    assert.equal(await begin(shape, server.connect()), 1);
    assert.equal(await begin(shape, server.connect()), 1);
    await assert.rejects(begin(shape, server.connect(), "other"), { code: "operation-exists" });
    await assert.rejects(resume(protocolOf(shape), server.connect(), { database: "d", operation: "none" }, {}), {
      code: "operation-unknown",
    });
  });
});

/** Lines that this version does not know, or that are not what it expects. */
const STRANGE: fc.Arbitrary<[key: string, value: unknown]> = fc.oneof(
  fc.tuple(
    fc.string({ minLength: 1 }).map((text) => `strange ${text}`),
    fc.jsonValue(),
  ),
  fc.tuple(fc.constant("plan"), fc.constantFrom<unknown>({ version: 2 }, { kind: "other" }, { from: 1 }, 7, null, [])),
  fc.tuple(
    fc.constantFrom("step:0", "runner", "gate", "aborting"),
    fc.constantFrom<unknown>(null, { a: 1 }, [1], [{ database: "d" }]),
  ),
);

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A statement without what differs from run to run. */
function shapeOf(sql: string): string {
  return sql.replace(/'"[0-9a-f-]{36}"'/, "'#'").replace(/toUInt64\(\d+\)/, "#");
}
