// SPDX-License-Identifier: Apache-2.0

/** The page's style. It is the one thing besides text that the page's policy lets through, by its hash. */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --ink: #16202b; --soft: #52606d; --line: #d9e0e7; --paper: #ffffff; --ground: #f3f6f9;
  --accent: #0b5cad; --good: #0a7040; --warn: #8a4b00; --warn-ground: #fff4e2; --code: #eef2f6;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e6edf3; --soft: #9aa8b5; --line: #2c3742; --paper: #141b22; --ground: #0c1116;
    --accent: #6cb2ff; --good: #4cc38a; --warn: #ffc266; --warn-ground: #2b2010; --code: #1d262f;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif;
}
main { max-width: 62rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
header { margin-bottom: 1.5rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .4rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 0 0 .6rem; }
p { margin: 0 0 .7rem; max-width: 46rem; }
p:last-child, ul:last-child { margin-bottom: 0; }
a { color: var(--accent); }
.lead { color: var(--soft); }
.notice {
  border: 1px solid var(--warn); border-left-width: 6px; border-radius: 8px;
  background: var(--warn-ground); color: var(--warn); padding: .8rem 1rem; margin: 0 0 1rem; max-width: none;
}
section, .card {
  background: var(--paper); border: 1px solid var(--line); border-radius: 12px;
  padding: 1.1rem 1.25rem; margin: 0 0 1rem;
}
.cards { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(19rem, 1fr)); margin-bottom: 1rem; }
.card { margin: 0; }
.card h2::before { content: ""; display: inline-block; width: .65em; height: .65em; border-radius: 50%; margin-right: .5em; background: var(--good); }
.card.not h2::before { background: var(--warn); }
ul { margin: 0 0 .7rem; padding-left: 1.2rem; }
li { margin-bottom: .35rem; }
pre, code { font-family: ui-monospace, "Liberation Mono", Menlo, Consolas, monospace; font-size: .86em; }
pre { background: var(--code); border-radius: 8px; padding: .8rem 1rem; overflow-x: auto; margin: 0 0 .8rem; }
code { overflow-wrap: anywhere; }
.table { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: .93rem; }
th, td { text-align: left; vertical-align: top; padding: .45rem .8rem .45rem 0; border-top: 1px solid var(--line); }
tr:first-child > * { border-top: 0; }
th { font-weight: 600; white-space: nowrap; }
thead th { color: var(--soft); font-size: .85rem; }
td.wide { overflow-wrap: anywhere; }
@media (max-width: 42rem) {
  .facts th, .facts td { display: block; white-space: normal; border-top: 0; padding: 0 0 .2rem; }
  .facts tr { display: block; border-top: 1px solid var(--line); padding: .5rem 0; }
  .facts tr:first-child { border-top: 0; }
  .list td { min-width: 11rem; }
}
.more { color: var(--soft); font-size: .9rem; }
footer { color: var(--soft); font-size: .9rem; }
`;
