import { PAGE_STYLE as GRAPH_STYLE } from "../graph/page-style";

/** Style of the status page: like the lineage page's, but the page scrolls. Light or dark, following the reader's system. */
export const PAGE_STYLE = `${GRAPH_STYLE}
:root { --bar: #0969da; --behind: #b6e3ff; --bad: #cf222e; --good: #1a7f37; }
@media (prefers-color-scheme: dark) { :root { --bar: #4493f8; --behind: #1f4a7d; --bad: #f85149; --good: #3fb950; } }
body { display: block; height: auto; }
main { display: block; max-width: 1180px; margin: 0 auto; padding: 16px; }
h2 { font-size: 14px; margin: 0 0 10px; }
h2 small { font-weight: 400; color: var(--soft); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 0 0 12px; padding: 0; }
.tiles div, section { background: var(--lane); border: 1px solid var(--rule); border-radius: 8px; padding: 12px 14px; min-width: 0; }
.tiles dt { color: var(--soft); font-size: 12px; }
.tiles dd { margin: 0; font-size: 20px; font-weight: 600; font-variant-numeric: tabular-nums; }
.tiles .bad dd, .wrong { color: var(--bad); }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(340px, 100%), 1fr)); gap: 12px; margin-bottom: 12px; }
section { margin-bottom: 12px; }
.charts section { margin-bottom: 0; }
.bars { display: grid; grid-template-columns: minmax(60px, auto) minmax(40px, 1fr) auto; gap: 6px 10px; align-items: center; font-size: 12px; }
.bars .label { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; max-width: 190px; }
.bars .value { text-align: right; font-variant-numeric: tabular-nums; color: var(--soft); }
.bars svg, .spans svg { display: block; width: 100%; height: 14px; }
.spans { display: grid; grid-template-columns: minmax(60px, auto) minmax(80px, 1fr) auto; gap: 6px 10px; align-items: center; font-size: 12px; }
.spans .label { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; max-width: 210px; }
.spans .value { text-align: right; color: var(--soft); font-variant-numeric: tabular-nums; }
.axis { display: flex; justify-content: space-between; color: var(--soft); font-size: 11px; font-variant-numeric: tabular-nums; }
.track { fill: var(--rule); opacity: 0.45; }
.bar { fill: var(--bar); }
.behind { fill: var(--behind); }
.key { display: inline-block; width: 12px; height: 8px; border-radius: 2px; margin: 0 4px 0 10px; }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: 13px; }
th { text-align: left; font-weight: 600; font-size: 12px; color: var(--soft); white-space: nowrap; }
th, td { padding: 6px 12px 6px 0; vertical-align: top; border-top: 1px solid var(--rule); }
tr:first-child th { border-top: 0; padding-top: 0; }
td.number, th.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
td b { overflow-wrap: anywhere; }
td small { display: block; color: var(--soft); overflow-wrap: anywhere; }
td small.wrong { color: var(--bad); }
footer { color: var(--soft); font-size: 12px; }
footer p { margin: 4px 0; }
@media (max-width: 640px) {
  main { padding: 10px; }
  .tiles { grid-template-columns: 1fr 1fr; gap: 8px; }
  .tiles dd { font-size: 17px; }
  .bars, .spans { grid-template-columns: minmax(0, 1fr) auto; grid-auto-flow: dense; gap: 2px 10px; }
  .bars .label, .spans .label { max-width: none; }
  .bars svg, .spans svg { grid-column: 1 / -1; height: 10px; margin-bottom: 5px; }
  .axis { grid-column: 1 / -1; }
  .scroll, table, tbody, tr, td { display: block; }
  tr:first-child { display: none; }
  tr { border-top: 1px solid var(--rule); padding: 8px 0; }
  tr:nth-child(2) { border-top: 0; }
  td { border: 0; padding: 0; }
  td.number { display: inline-block; margin-right: 12px; text-align: left; font-size: 12px; }
  td.number::before { content: attr(data-title) " "; color: var(--soft); }
}`;
