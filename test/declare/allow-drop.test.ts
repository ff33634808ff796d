import assert from "node:assert/strict";
import fc from "fast-check";
import { allowsDrop, parseAllowDrop, withAllowed } from "../../provider/src/declare/allow-drop";
import { objectKey } from "../../provider/src/sql/object-key";

const allowedBy = (text: string) => {
  const parsed = parseAllowDrop(text);
  assert.ok("value" in parsed, text);
  return parsed.value;
};

describe("clickhouse:allowDrop", () => {
  it("is true, false, or names, also as `pulumi config set --path` writes them", () => {
    assert.equal(allowedBy("true"), true);
    assert.equal(allowedBy("0"), false);
    assert.deepEqual(allowedBy("shop.events, logs.*"), ["shop.events", "logs.*"]);
    assert.deepEqual(allowedBy('["shop.events","`odd,name`.x"]'), ["shop.events", "`odd,name`.x"]);
  });

  for (const wrong of ["", "yes please", "shop.", "*", "*.*", "shop.e*", "shop;events", "."])
    it(`refuses ${JSON.stringify(wrong)}`, () => assert.ok("wrong" in parseAllowDrop(wrong)));

  it("allows what it names, and nothing else", () => {
    const allowed = allowedBy("shop.events,logs.*,old");
    for (const key of [objectKey("shop", "events"), objectKey("logs", "x"), objectKey("old")])
      assert.ok(allowsDrop(allowed, key), key);
    for (const key of [objectKey("shop", "event"), objectKey("shop"), objectKey("logs"), objectKey("old", "x")])
      assert.ok(!allowsDrop(allowed, key), key);
  });

  it("read back from what a message advises, allows just that object more, whatever its name", () => {
    const name = fc.string({ minLength: 1, maxLength: 8 }).filter((text) => !text.includes("\0"));
    fc.assert(
      fc.property(name, name, name, (database, table, other) => {
        const allowed = allowedBy(withAllowed(["shop.events"], objectKey(database, table)));
        assert.ok(allowsDrop(allowed, objectKey(database, table)));
        assert.ok(allowsDrop(allowed, objectKey("shop", "events")));
        if (other !== table) assert.ok(!allowsDrop(allowed, objectKey(database, other)) || database === "shop");
        assert.ok(!allowsDrop(allowed, objectKey(database)));
      }),
    );
  });
});
