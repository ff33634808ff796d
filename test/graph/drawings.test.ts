import assert from "node:assert/strict";
import * as fc from "fast-check";
import { type Lineage, lineageOf, type Mark, renderDot, renderHtml, renderMermaid } from "../../provider/src/graph";
import { layOut, type Rectangle } from "../../provider/src/graph/layout";
import { PAINT_NAMES, type PaintName, paintOf } from "../../provider/src/graph/marks";
import { drawingOf } from "../../provider/src/report/drawing";
import { fixture } from "../report/support";

const NASTY = "a\"b'c`d]<img src=x>&amp;\\|#35;{}\n-->end";

const nasty: Lineage = {
  nodes: [
    { key: "n", database: NASTY, name: NASTY, kind: "table", detail: NASTY },
    { key: "m", database: NASTY, name: "m", kind: "view" },
  ],
  edges: [{ from: "n", to: "m", kind: "query" }],
};

const obsfly = lineageOf(drawingOf(fixture("obsfly-create.json")).objects);

const marks = new Map<string, Mark>([["logs\0log_volume", "delete"]]);

describe("a Mermaid graph", () => {
  it("groups by database, and shapes by kind", () => {
    const text = renderMermaid(obsfly);
    assert.match(text, /^flowchart LR\n {2}subgraph d0\["logs"\]\n/);
    assert.equal(text.split("subgraph").length - 1, 4);
    assert.match(text, /n\d+\[\("logs_v1<br\/><small>MergeTree<\/small>"\)\]:::is_table/);
    assert.match(text, /n\d+\[\["log_volume_mv"\]\]:::is_materializedView/);
    assert.match(text, /n\d+\(\["log_volume_read"\]\):::is_view/);
    assert.match(text, /classDef is_table fill:#/);
  });

  it("marks what changes by sign and class, and only that", () => {
    const text = renderMermaid(obsfly, marks);
    assert.match(text, /"🗑️\u00a0log_volume<br\/>[^\n]*:::is_delete/);
    assert.match(text, /"log_volume_mv"\]\]:::is_plain/);
    assert.match(text, /classDef is_delete [^\n]*stroke-dasharray/);
    assert.doesNotMatch(text, /is_table/);
  });

  it("is not broken by any name", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 50 }), (name) => {
        const [node = nasty.nodes[0]] = nasty.nodes;
        assert.ok(node);
        const text = renderMermaid({ nodes: [{ ...node, database: name, name, detail: name }], edges: [] });
        for (const [, label = ""] of text.matchAll(/[[(]"([^"]*)"[\])]/g)) {
          assert.match(label.replaceAll(/<br\/>|<\/?small>/g, ""), /^(?:[\p{L}\p{N}_. …]|#\d+;)*$/u);
        }
        assert.equal(text.split('"').length - 1, 4);
      }),
    );
  });
});

describe("a DOT graph", () => {
  it("has a cluster for each database, and its names quoted", () => {
    const text = renderDot(obsfly, marks);
    assert.equal(text.split("subgraph cluster_").length - 1, 4);
    assert.match(text, /\[label="log_volume\\nAggregatingMergeTree\\ndelete", shape=cylinder, style="filled,dashed"/);
    assert.match(renderDot(nasty), /label="a\\"b'c`d\]<img src=x>&amp;\\\\\|#35;\{\}\\n-->end"/);
  });
});

describe("a page", () => {
  it("needs nothing from elsewhere", () => {
    const page = renderHtml(obsfly, marks, { title: "prod" });
    assert.match(page, /<title>prod<\/title>/);
    assert.doesNotMatch(page, /https?:|src=|@import|url\((?!#)/);
    assert.equal(page.split('<g class="node"').length - 1, 34);
  });

  it("follows the reader's system: each box has a class, whose colours are readable in the light and in the dark", () => {
    const page = renderHtml(obsfly, marks);
    const [, dark = ""] = /@media \(prefers-color-scheme: dark\) \{ :root \{([^}]*)\}/.exec(page) ?? [];
    const [, light = ""] = /<style>\n:root \{([^}]*)\}/.exec(page) ?? [];
    const names = PAINT_NAMES;
    assert.ok(names.length >= 9);
    for (const [colors, paint] of [
      [light, paintOf],
      [dark, (name: PaintName) => paintOf(name).dark],
    ] as const)
      for (const name of names) {
        const { fill, stroke, text } = paint(name);
        assert.ok(
          colors.includes(`--${name}-fill: ${fill}; --${name}-stroke: ${stroke}; --${name}-text: ${text};`),
          name,
        );
        assert.ok(contrast(fill, text) >= 7, `${name}: ${contrast(fill, text)}`);
        assert.ok(contrast(fill, stroke) >= 2.5, `${name}: ${contrast(fill, stroke)}`);
      }
    for (const name of names) assert.ok(luminance(paintOf(name).dark.fill) < 0.1, name);
    const boxes = page.slice(page.indexOf("<svg id"), page.indexOf("</svg>\n<aside"));
    assert.doesNotMatch(boxes, /fill="#|stroke="#/);
    assert.equal(
      boxes.split('class="sides"').length - 1,
      boxes.split("materialized view</title>").length -
        1 +
        [...boxes.matchAll(/materialized view\n[^<]*<\/title>/g)].length,
    );
  });

  it("needs no font of emoji", () => {
    assert.doesNotMatch(renderHtml(obsfly, marks), /\p{Extended_Pictographic}(?<![©®])/u);
  });

  it("takes no name, no title and no statement for HTML", () => {
    const page = renderHtml(nasty, new Map(), {
      title: NASTY,
      statements: new Map([["n", "</script><script>alert(1)"]]),
    });
    assert.doesNotMatch(page, /<img|<script>alert/);
    assert.equal(page.split("</script>").length - 1, 2);
    const [, details = ""] = /id="details">(.*)<\/script>/.exec(page) ?? [];
    assert.equal(JSON.parse(details)[0].statement, "</script><script>alert(1)");
  });
});

/** Customers that nothing reads, beside a chain with branches. */
const SHOP: Lineage = {
  nodes: [
    ...[
      "customers",
      "orders",
      "products",
      "returns",
      "stock_moves",
      "hourly_mv",
      "named",
      "daily_mv",
      "level_mv",
      "hourly",
    ],
    ...["level", "hourly_read", "day_mv", "day", "day_read"],
  ].map((name) => ({ key: name, database: "shop", name, kind: "table" as const })),
  edges: [
    ...[
      "orders hourly_mv",
      "orders named",
      "products named",
      "returns daily_mv",
      "stock_moves level_mv",
      "hourly_mv hourly",
    ],
    ...["level_mv level", "hourly hourly_read", "hourly day_mv", "day_mv day", "day day_read"],
  ].map((pair) => {
    const [from = "", to = ""] = pair.split(" ");
    return { from, to, kind: "query" as const };
  }),
};

describe("a layout", () => {
  const key = fc.integer({ min: 0, max: 25 });
  const anyLineage = fc.array(fc.tuple(key, key), { maxLength: 60 }).map((pairs): Lineage => {
    const keys = [...new Set(pairs.flat())].sort((a, b) => a - b);
    const edges = pairs
      .filter(([a, b]) => a !== b)
      .map(([a, b]) => ({ from: `${a}`, to: `${b}`, kind: "query" as const }));
    const nodes = keys.map((one) => ({
      key: `${one}`,
      database: `d${one % 3}`,
      name: `${one}`,
      kind: "table" as const,
    }));
    return { nodes, edges };
  });

  it("puts no box upon another, and each into the band of its database, whatever the graph, cycles too", () => {
    fc.assert(
      fc.property(anyLineage, (lineage) => {
        const { boxes, lanes, width, height } = layOut(lineage, () => 100);
        const all = lineage.nodes.map((node) => ({ node, box: boxes.get(node.key) as Rectangle }));
        for (const { node, box } of all) {
          const lane = lanes.find(({ database }) => database === node.database);
          assert.ok(lane && inside(box, lane), node.key);
          assert.ok(inside(box, { x: 0, y: 0, width, height }));
          for (const other of all)
            assert.ok(other.node === node || apart(box, other.box), `${node.key} ${other.node.key}`);
        }
      }),
    );
  });

  it("leaves no strip of a band empty, whatever is connected or not", () => {
    const emptyStrips = (lineage: Lineage): number[] => {
      const { boxes } = layOut(lineage, () => 100);
      return [...new Set(lineage.nodes.map(({ database }) => database))].flatMap((database) => {
        const own = lineage.nodes.filter((node) => node.database === database);
        const inOrder = own.map((node) => boxes.get(node.key) as Rectangle).sort((a, b) => a.y - b.y);
        let end = inOrder[0]?.y ?? 0;
        return inOrder.map(({ y, height }) => {
          const strip = y - end;
          end = Math.max(end, y + height);
          return strip;
        });
      });
    };
    fc.assert(
      fc.property(anyLineage, (lineage) => {
        assert.ok(Math.max(0, ...emptyStrips(lineage)) <= 15);
      }),
    );
    assert.ok(Math.max(...emptyStrips(SHOP)) <= 15);
  });

  it("leads from left to right where there is no cycle", () => {
    const { boxes } = layOut(obsfly, () => 100);
    for (const { from, to } of obsfly.edges)
      assert.ok((boxes.get(from)?.x ?? 0) < (boxes.get(to)?.x ?? 0), `${from} ${to}`);
  });

  it("takes a chain of thousands", () => {
    const keys = Array.from({ length: 5_000 }, (_, index) => `${index}`);
    const nodes = keys.map((one) => ({ key: one, database: "d", name: one, kind: "view" as const }));
    const edges = keys.slice(1).map((to, index) => ({ from: `${index}`, to, kind: "query" as const }));
    assert.equal(new Set([...layOut({ nodes, edges }, () => 1).boxes.values()].map(({ x }) => x)).size, 5_000);
  });
});

/** Of WCAG 2. */
function luminance(color: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

function inside(inner: Rectangle, outer: Rectangle): boolean {
  return (
    inner.x >= outer.x &&
    inner.y >= outer.y &&
    inner.x + inner.width <= outer.x + outer.width &&
    inner.y + inner.height <= outer.y + outer.height
  );
}

function apart(a: Rectangle, b: Rectangle): boolean {
  return a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
}
