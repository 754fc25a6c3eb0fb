"""Style and script of the token-heat page; both stand in the page itself, for it must open without a network."""

STYLE = """
:root { color-scheme: light dark; --ink: #1c2330; --soft: #5d6778; --line: #dfe3ea; --page: #f6f7f9; --card: #fff;
  --up: 34 139 94; --down: 205 62 62; --tip: #1c2330; --tip-ink: #f4f6fa; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --soft: #98a2b3; --line: #2c333f; --page: #12151b;
  --card: #1a1f27; --up: 52 178 123; --down: 229 92 92; --tip: #e6e9ef; --tip-ink: #12151b; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1280px; margin: 0 auto; padding: 28px 24px 80px; }
h1 { font-size: 26px; margin: 0 0 12px; } h2 { font-size: 17px; margin: 34px 0 10px; }
dl { display: flex; flex-wrap: wrap; gap: 8px 32px; margin: 0; }
dt { color: var(--soft); font-size: 12px; } dd { margin: 0; }
.note { border-left: 3px solid rgb(var(--down)); padding: 2px 0 2px 12px; margin: 14px 0 0; color: var(--soft); }
.hint { color: var(--soft); font-size: 13px; } p.hint { margin: 8px 2px; }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; font-variant-numeric: tabular-nums; }
th, td { padding: 6px 12px; text-align: right; white-space: nowrap; }
tr:first-child th { white-space: normal; vertical-align: bottom; color: var(--soft); font-weight: 500; font-size: 12px;
  min-width: 64px; }
tr + tr > * { border-top: 1px solid var(--line); }
tr > th:first-child { text-align: left; font-weight: 600; position: sticky; left: 0; background: var(--card);
  white-space: nowrap; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(420px, 1fr)); gap: 0 24px; }
.pair > * { min-width: 0; }
.baseline > * { color: var(--soft); font-weight: 400 !important; font-style: italic; }
.up { background: rgb(var(--up) / var(--a)); } .down { background: rgb(var(--down) / var(--a)); }
.controls { display: flex; flex-wrap: wrap; align-items: center; gap: 10px 20px; position: sticky; top: 0; z-index: 2;
  background: var(--page); padding: 10px 0; border-bottom: 1px solid var(--line); margin-bottom: 16px; }
select { font: inherit; padding: 4px 8px; border-radius: 8px; border: 1px solid var(--line); background: var(--card);
  color: var(--ink); }
.legend { display: inline-flex; border: 1px solid var(--line); border-radius: 8px; overflow: hidden; font-size: 12px; }
.legend i { font-style: normal; padding: 3px 10px; min-width: 26px; } .legend .none { background: var(--card); }
article { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 12px 16px; margin: 12px 0; }
article header { display: flex; flex-wrap: wrap; gap: 4px 14px; align-items: baseline; margin-bottom: 8px; }
article code { white-space: pre-wrap; overflow-wrap: anywhere; max-height: 9em; overflow-y: auto; }
b.right, b.wrong { font-size: 12px; padding: 1px 9px; border-radius: 99px; color: #fff; }
b.right { background: #228b5e; } b.wrong { background: #c23b3b; }
.response { font: 18px/2 ui-monospace, "DejaVu Sans Mono", monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
.t { border-radius: 3px; padding: 3px 1px; outline-offset: -1px; cursor: default; }
.t:hover { outline: 2px solid var(--ink); }
#tip { position: fixed; z-index: 3; background: var(--tip); color: var(--tip-ink); border-radius: 8px; padding: 8px 12px;
  font: 12.5px/1.55 ui-monospace, monospace; white-space: pre; pointer-events: none; }
"""

SCRIPT = """
const FULL = 3;
const shown = document.getElementById("shown"), minus = document.getElementById("minus"), tip = document.getElementById("tip");
const tokens = [...document.querySelectorAll(".t")].map(span => ({span, data: JSON.parse(span.dataset.t)}));
const push = data => data.p[shown.value] - (minus.value === "" ? 0 : data.p[minus.value]);
const signed = (x, digits) => (x > 0 ? "+" : "") + x.toFixed(digits);
function paint() {
  for (const {span, data} of tokens) {
    const value = push(data);
    span.classList.toggle("up", value > 0);
    span.classList.toggle("down", value < 0);
    span.style.setProperty("--a", Math.min(Math.abs(value) / FULL, 1) * 0.75);
  }
}
function tell(event, span, data) {
  const name = shown.selectedOptions[0].text + (minus.value === "" ? "" : " minus " + minus.selectedOptions[0].text);
  tip.textContent = [
    "token      " + JSON.stringify(span.textContent),
    "log-prob   " + data.l.toFixed(3) + "   (" + (100 * Math.exp(data.l)).toFixed(1) + " %)",
    "entropy    " + data.e.toFixed(3) + " nats",
    "rank       " + (data.r > 3 ? "beyond 3" : data.r),
    "advantage  " + signed(data.a[shown.value], 3),
    "push       " + signed(push(data), 2) + " x the mean token",
    "           of " + name,
  ].join("\\n");
  tip.hidden = false;
  const x = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
  const below = event.clientY + 18 + tip.offsetHeight < innerHeight;
  tip.style.left = x + "px";
  tip.style.top = (below ? event.clientY + 18 : event.clientY - tip.offsetHeight - 12) + "px";
}
for (const {span, data} of tokens) {
  span.addEventListener("mousemove", event => tell(event, span, data));
  span.addEventListener("mouseleave", () => { tip.hidden = true; });
}
function choose(select, name) {
  const found = [...select.options].find(option => option.text === name);
  if (found) select.value = found.value;
}
for (const select of [shown, minus]) select.addEventListener("change", () => {
  const named = {shown: shown.selectedOptions[0].text};
  if (minus.value !== "") named.minus = minus.selectedOptions[0].text;
  history.replaceState(null, "", "#" + new URLSearchParams(named));
  paint();
});
const asked = new URLSearchParams(location.hash.slice(1));
choose(shown, asked.get("shown"));
choose(minus, asked.get("minus"));
paint();
"""
