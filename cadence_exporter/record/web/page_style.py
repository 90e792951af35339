"""How the page looks, and the script that keeps it fresh. Constants: the Content-Security-Policy names them by their hashes."""

import base64
import hashlib

STYLE = """
:root{color-scheme:light dark;--ink:#1f2328;--quiet:#59636e;--paper:#fff;--card:#f6f8fa;--line:#d1d9e0;--link:#0550ae;
--up:#1a7f37;--degraded:#9a6700;--down:#cf222e;--unknown:#59636e;--bar-up:#2da44e;--bar-degraded:#d4a72c;--bar-down:#cf222e;--bar-unknown:#d1d9e0}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--quiet:#9198a1;--paper:#0d1117;--card:#151b23;--line:#3d444d;--link:#79c0ff;
--up:#3fb950;--degraded:#d29922;--down:#ff7b72;--unknown:#9198a1;--bar-up:#2ea043;--bar-degraded:#bb8009;--bar-down:#f85149;--bar-unknown:#3d444d}}
*{box-sizing:border-box}
body{font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;color:var(--ink);background:var(--paper);
max-width:64rem;margin:0 auto;padding:1.5rem 1rem 3rem;overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
h1{font-size:.9rem;font-weight:500;color:var(--quiet);margin:0}
h2{font-size:.8rem;font-weight:600;letter-spacing:.04em;text-transform:uppercase;color:var(--quiet);margin:0 0 .5rem}
p{margin:0}
a{color:var(--link)}
a:focus-visible,summary:focus-visible{outline:3px solid var(--link);outline-offset:3px;border-radius:4px}
.state{display:flex;align-items:center;gap:.6rem;font-size:2.4rem;font-weight:700;line-height:1.2;margin:.25rem 0 .1rem}
.state::before{content:"";width:.62em;height:.62em;border-radius:50%;background:currentColor;flex:none}
.up{color:var(--up)}.degraded{color:var(--degraded)}.down{color:var(--down)}.init,.unknown{color:var(--unknown)}
.quiet{color:var(--quiet)}.small{font-size:.85rem}
header{margin-bottom:1.5rem}
.alarm{margin-top:.6rem;padding:.6rem .8rem;border-left:4px solid var(--down);background:var(--card);border-radius:4px}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr));gap:1rem}
section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:1rem;min-width:0}
.wide{grid-column:1/-1}
.column{display:flex;flex-direction:column;gap:1rem;min-width:0}.column section:last-child{flex:1}
.strip+.strip{margin-top:1.1rem}
.strip p{display:flex;flex-wrap:wrap;justify-content:space-between;column-gap:1rem}
.strip strong{font-weight:600}
.strip svg{display:block;width:100%;height:2.4rem;margin:.3rem 0 .15rem;border-radius:4px}
.bar-up{fill:var(--bar-up)}.bar-degraded{fill:var(--bar-degraded)}.bar-down{fill:var(--bar-down)}.bar-unknown{fill:var(--bar-unknown)}
.legend{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;margin-top:.9rem}
.legend svg{width:.75rem;height:.75rem;margin-right:.35rem;vertical-align:-.05rem;border-radius:2px}
dl{display:grid;grid-template-columns:8rem 1fr;gap:.35rem 1rem;margin:0}
dt{color:var(--quiet)}dd{margin:0;min-width:0}
ul{list-style:none;margin:0;padding:0}
li+li{margin-top:.55rem;padding-top:.55rem;border-top:1px solid var(--line)}
li strong{font-weight:600}
.events li,.log li{display:grid;grid-template-columns:7.5rem 1fr;gap:0 1rem}
.log{font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.log li{grid-template-columns:8rem 6rem 1fr}
.log li+li,.events li+li{margin-top:.3rem;padding-top:.3rem}
.events+details{margin-top:.7rem}
summary{cursor:pointer}
summary h2{display:inline;margin:0}
details[open] summary{margin-bottom:.6rem}
nav{display:flex;flex-wrap:wrap;gap:.4rem 1.3rem;margin:1.6rem 0 .4rem}
.lost{position:sticky;top:0;padding:.5rem .8rem;margin-bottom:1rem;background:var(--card);border:2px solid var(--down);border-radius:8px}
[hidden]{display:none}
@media(max-width:40rem){body{padding-top:1rem}dl{grid-template-columns:6.2rem 1fr}.events li{grid-template-columns:1fr}
.log li{grid-template-columns:1fr auto}.log li span:last-child{grid-column:1/-1}
section{padding:.85rem}}
"""

EVERY_S = 5
SCRIPT = """
(() => {
  let busy = false;
  const lost = document.getElementById("lost");
  const open = (main) => new Map([...main.querySelectorAll("details[id]")].map((each) => [each.id, each.open]));
  async function look() {
    if (busy || document.hidden || !getSelection().isCollapsed) return;
    busy = true;
    try {
      const here = location.origin + location.pathname;
      const answer = await fetch(here, { cache: "no-store", redirect: "error", signal: AbortSignal.timeout(8000) });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const old = document.querySelector("main"), fresh = page.querySelector("main");
      if (!answer.ok || !fresh) throw new Error("not the page");
      for (const [id, is] of open(old)) { const each = fresh.querySelector("#" + id); if (each) each.open = is; }
      const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
      old.replaceWith(document.adoptNode(fresh));
      if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
      document.title = page.title;
      document.querySelector("link[rel=icon]").href = page.querySelector("link[rel=icon]").href;
      lost.hidden = true;
    } catch { lost.hidden = false; } finally { busy = false; }
  }
  setInterval(look, EVERY_MS);
  document.addEventListener("visibilitychange", look);
})();
""".replace("EVERY_MS", f"{EVERY_S * 1000}")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


POLICY = "; ".join(
    (
        "default-src 'none'",
        f"style-src {_hash(STYLE)}",
        f"script-src {_hash(SCRIPT)}",
        "connect-src 'self'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
"""Nothing from outside, nothing inline but the two constants; ``img-src`` is for the icon of the tab."""
