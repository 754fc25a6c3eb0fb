"""Style of the reports: one page that needs nothing else, light or dark as the reader's system, one accent."""

STYLE = """
:root { color-scheme: light dark; --ink: #1c2330; --soft: #5d6778; --line: #dfe3ea; --page: #f6f7f9; --card: #fff;
  --accent: 37 99 205; --loss: 196 84 42; --faint: #b9c0cb; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --soft: #98a2b3; --line: #2c333f; --page: #12151b;
  --card: #1a1f27; --accent: 107 160 255; --loss: 240 140 90; --faint: #4a5362; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1280px; margin: 0 auto; padding: 28px 24px 80px; }
h1 { font-size: 26px; margin: 0 0 12px; } h2 { font-size: 18px; margin: 40px 0 8px; } h3 { font-size: 14px; margin: 0 0 4px; }
dl { display: flex; flex-wrap: wrap; gap: 8px 32px; margin: 0; } dt { color: var(--soft); font-size: 12px; } dd { margin: 0; }
.lead { font-size: 17px; max-width: 72ch; margin: 16px 0 0; }
.note { border-left: 3px solid rgb(var(--loss)); padding: 2px 0 2px 12px; margin: 14px 0 0; }
.hint { color: var(--soft); font-size: 13px; max-width: 110ch; margin: 4px 0 10px; }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; font-variant-numeric: tabular-nums; }
th, td { padding: 6px 12px; text-align: right; white-space: nowrap; }
tr:first-child th { vertical-align: bottom; color: var(--soft); font-weight: 500; font-size: 12px; white-space: normal; }
tr + tr > * { border-top: 1px solid var(--line); }
tr > th:first-child, .words { text-align: left; } tr > th:first-child { font-weight: 600; }
td small { opacity: .72; font-size: 11.5px; }
.baseline > * { color: var(--soft); font-weight: 400 !important; font-style: italic; }
.gain { background: rgb(var(--accent) / var(--a)); } .fall { background: rgb(var(--loss) / var(--a)); }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(270px, 1fr)); gap: 12px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 10px 12px 6px; min-width: 0; }
.card p { margin: 2px 0 0; font-size: 12px; color: var(--soft); }
svg { display: block; width: 100%; height: auto; }
svg text { font: 11px system-ui, sans-serif; fill: var(--soft); }
.axis { stroke: var(--line); stroke-width: 1; fill: none; }
.line { fill: none; stroke: var(--faint); stroke-width: 1.3; } .line.mine { stroke: rgb(var(--accent)); stroke-width: 2.2; }
.line.base { stroke: var(--soft); stroke-dasharray: 4 3; stroke-width: 1.5; }
.band { stroke: none; fill: var(--faint); opacity: .28; } .band.mine { fill: rgb(var(--accent)); opacity: .18; }
.bar { display: flex; height: 18px; border-radius: 5px; overflow: hidden; min-width: 320px; }
.bar i, .key i { display: block; } .key { display: flex; flex-wrap: wrap; gap: 4px 18px; font-size: 12px; color: var(--soft); }
.key span { display: inline-flex; align-items: center; gap: 6px; } .key i { width: 12px; height: 12px; border-radius: 3px; }
.lost { background: rgb(var(--loss)); } .dulled { background: rgb(var(--loss) / .38); } .unchanged { background: var(--faint); }
.sharpened { background: rgb(var(--accent) / .38); } .widened { background: rgb(var(--accent)); }
.unsolved { background: var(--line); }
.chips { display: flex; flex-wrap: wrap; gap: 6px; margin: 8px 0 12px; }
.chips button { font: inherit; font-size: 13px; color: var(--ink); background: var(--card); border: 1px solid var(--line);
  border-radius: 99px; padding: 2px 12px; cursor: pointer; }
.chips button[aria-pressed=true] { background: rgb(var(--accent)); border-color: rgb(var(--accent)); color: var(--card); }
.cells td { padding: 0; } .cells .c { width: 34px; height: 20px; font-size: 11px; text-align: center; }
.cells th, .cells td { border-top: 0 !important; padding-top: 1px; padding-bottom: 1px; }
.cells th { font-weight: 400; }
.cells .answer { white-space: pre; text-align: left; padding-left: 12px; color: var(--soft);
  font: 12px ui-monospace, monospace; }
.wide { grid-template-columns: repeat(auto-fit, minmax(min(420px, 100%), 1fr)); }
.wide .key { margin: 4px 0 6px; }
.band-chart text { font-size: 11px; } .band-chart .sign { fill: var(--card); font-weight: 700; }
.zero { stroke: var(--soft); stroke-width: 1.2; } .open { fill: var(--faint); opacity: .4; background: var(--faint); }
.sure-gain { fill: rgb(var(--accent)); background: rgb(var(--accent)); }
.sure-loss { fill: rgb(var(--loss)); background: rgb(var(--loss)); }
.dot.mine { fill: rgb(var(--accent)); } .dot.base { fill: var(--soft); }
.key i { flex: none; } .key i.dash { width: 22px; height: 0; border-radius: 0; border-top: 3px solid rgb(var(--accent)); }
.key i.dash.base { border-top: 2px dashed var(--soft); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 10px; margin: 16px 0 0; }
.tiles > div { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 8px 12px; min-width: 0; }
.tiles small { display: block; color: var(--soft); font-size: 12px; }
.tiles b { display: block; font-size: 19px; line-height: 1.3; } .tiles b.up { color: rgb(var(--accent)); }
.tiles b.down { color: rgb(var(--loss)); }
h1, h2, h3, p, dd, th, .words, .key span { overflow-wrap: anywhere; } .words { white-space: normal; }
details { margin: 10px 0; } summary { cursor: pointer; color: var(--soft); }
pre { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 10px 12px; font-size: 12px;
  overflow-x: auto; user-select: all; }
@media (max-width: 640px) { main { padding: 18px 14px 48px; } h1 { font-size: 22px; } h2 { margin-top: 30px; }
  .lead { font-size: 16px; } .tiles { grid-template-columns: 1fr 1fr; } .tiles b { font-size: 17px; }
  .bar { min-width: 120px; }
  table { font-size: 13px; } th, td { padding: 6px; } tr > th:first-child { white-space: normal; }
  th { min-width: calc(4.8ch + 12px); } .words { min-width: calc(8ch + 12px); }
  .band-chart text { font-size: 14px; } }
@media print { :root { color-scheme: light; --ink: #000; --soft: #444; --line: #ccc; --page: #fff; --card: #fff;
    --accent: 37 99 205; --loss: 196 84 42; --faint: #b9c0cb; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  @page { margin: 14mm; } body { font-size: 10.5pt; } main { max-width: none; padding: 0; }
  h2, h3 { break-after: avoid; } .card, .tiles, .scroll, tr, .note, svg { break-inside: avoid; } .scroll { overflow: visible; }
  tr:first-child { break-after: avoid; } td br { display: none; } td small { margin-left: .6em; }
  .tiles { grid-template-columns: repeat(3, 1fr); }
  h2 { margin-top: 20px; } .lead { font-size: 12pt; } table { font-size: 8.5pt; } th, td { padding: 3px 6px; }
  .grid.wide { grid-template-columns: 1fr 1fr; } .chips, details { display: none; } }
"""
