import assert from "node:assert/strict";
import { stopSharedServer } from "../support/server";
import { type Bag, Managed } from "./managed";

/** A change, and a row that comes between the question to the rows and the statement. */
interface Race {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly row: string;
  readonly late: string;
  readonly reads: string;
}

const RACES: readonly Race[] = [
  {
    name: "NULL in an array",
    from: "Array(Nullable(UInt64))",
    to: "Array(UInt64)",
    row: "[1]",
    late: "[2, NULL]",
    reads: "[1];[2,NULL]",
  },
  // The way back from a time to a text is asked of the rows, which cannot be read as times.
  {
    name: "a string that is not a time",
    from: "String",
    to: "DateTime",
    row: "'2000-01-01 00:00:00'",
    late: "'x'",
    reads: "2000-01-01 00:00:00;x",
  },
];

const args = (v: string) => ({ columns: { id: "UInt64", v }, orderBy: "id" });

describe("after a statement has failed whose type the server has taken", () => {
  let table: Managed;

  afterEach(() => table.close());

  after(stopSharedServer);

  for (const race of RACES) {
    it(`the program as it was plans the way back: ${race.name}`, async () => {
      const inputs = await fail(race);
      const back = await table.check(args(race.from), { olds: inputs });
      assert.deepEqual(back.failures, []);
      assert.match(String(back.inputs?.["plan"]), /MODIFY COLUMN `v`/);
      table.outs = await table.update(back.inputs);
      assert.equal(await table.ask("SELECT toString(v) FROM {db}.t ORDER BY id"), race.reads);
      assert.equal(await left(), "0");
      assert.equal(table.outs["__unsettled"], undefined);
      const again = await table.check(args(race.from), { olds: back.inputs ?? {} });
      assert.deepEqual([again.failures, again.inputs?.["plan"]], [[], undefined]);
    });
  }

  it("the same program says what the server is at, and ends when the rows were changed", async () => {
    const [race] = RACES;
    assert.ok(race);
    const inputs = await fail(race);
    const { inputs: seen, failures } = await table.check(args(race.to), { olds: inputs });
    assert.deepEqual(failures, []);
    assert.match(
      String(seen?.["plan"]),
      /-- waits for .*MODIFY COLUMN `v` Array\(UInt64\)\), which an earlier run began .*; it fails: /,
    );
    await assert.rejects(table.update(seen), /go back to the program as it was: the next preview plans the way back/);
    // Parts that cannot be converted can be dropped.
    await table.run("TRUNCATE TABLE {db}.t");
    const { inputs: freed } = await table.check(args(race.to), { olds: inputs });
    await table.update(freed ?? {});
    assert.equal(await left(), "0");
  });

  async function fail({ from, to, row, late }: Race): Promise<Bag> {
    table = await Managed.create(args(from));
    await table.run(`INSERT INTO {db}.t SELECT 1, ${row}`);
    const { inputs, failures } = await table.check(args(to));
    assert.deepEqual(failures, []);
    const connection = await table.provider.context.connection();
    const command = connection.command.bind(connection);
    connection.command = async (sql, params) => {
      if (sql.includes("MODIFY COLUMN")) await table.run(`INSERT INTO {db}.t SELECT 2, ${late}`);
      return command(sql, params);
    };
    const failure = await table.update({ ...inputs, __provider: "text" }).then(
      () => assert.fail("no failure"),
      (error: Error & { properties: Bag }) => error,
    );
    assert.equal(failure.properties["__unsettled"], "1");
    table.outs = failure.properties;
    // The engine stores the inputs of a partial failure as those of a success.
    return inputs ?? {};
  }

  function left(): Promise<string> {
    return table.ask("SELECT count() FROM system.mutations WHERE database = '{db}' AND NOT is_done AND NOT is_killed");
  }
});
