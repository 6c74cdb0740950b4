"""The few things that only a script in the browser can do: copy, scroll to a mark, close the sidebar on a phone.

The scripts are fixed; what documents and models wrote is passed as data, never as markup.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import streamlit as st

_COPY_JS = """
export default function ({ parentElement, data }) {
  const button = parentElement.querySelector("button");
  button.onclick = async () => {
    try {
      await navigator.clipboard.writeText(data.text);
    } catch {  // not on localhost and without https, browsers keep the clipboard to themselves
      const area = document.createElement("textarea");
      area.value = data.text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    button.classList.add("done");
    setTimeout(() => button.classList.remove("done"), 1500);
  };
}
"""
_COPY_HTML = """
<button title="Copy the answer with its sources" aria-label="Copy the answer">
<svg class="sheets" viewBox="0 0 24 24" width="18" height="18" fill="none" stroke="currentColor" stroke-width="1.7">
<rect x="9" y="9" width="11" height="11" rx="2.2"/><path d="M5 15V6.2A2.2 2.2 0 0 1 7.2 4H15"/></svg>
<svg class="tick" viewBox="0 0 24 24" width="18" height="18" fill="none" stroke="currentColor" stroke-width="2">
<path d="M5 13l4.5 4.5L19 7.5"/></svg></button>
"""
_COPY_CSS = """
button { all: unset; box-sizing: border-box; width: 2rem; height: 2rem; display: grid; place-items: center;
  border-radius: .5rem; cursor: pointer; color: var(--st-text-color); opacity: .65; }
button:hover { opacity: 1; background: color-mix(in srgb, var(--st-text-color) 8%, transparent); }
button:focus-visible { outline: 2px solid var(--st-primary-color); }
svg { grid-area: 1 / 1; } .tick, .done .sheets { visibility: hidden; }
.done .tick { visibility: visible; color: var(--st-primary-color); }
"""
_SCROLL_JS = """
let last = null;
export default function ({ data }) {
  if (data.what === last) return;  // drawn again, not opened again: stay where the reader is
  last = data.what;
  const panel = document.querySelector(".st-key-viewer");
  const picture = panel && panel.querySelector("img");
  const scroll = () => {
    const seen = picture || panel.querySelector(".sheet mark");  // of a page that is text, the mark itself
    if (!seen) return;
    const top = seen.getBoundingClientRect().top - panel.getBoundingClientRect().top + panel.scrollTop;
    const mark = top + (picture ? data.mark * picture.clientHeight : 0);
    panel.scrollTop = mark > panel.clientHeight * 0.8 ? mark - panel.clientHeight * 0.35 : 0;
  };
  if (!panel) return;
  if (!picture || picture.complete) requestAnimationFrame(scroll);
  else picture.addEventListener("load", scroll, { once: true });
}
"""
_SIDEBAR_JS = """
let last;
export default function ({ data }) {
  if (last !== undefined && last !== data.chosen && window.innerWidth <= 768)
    document.querySelector('[data-testid="stSidebarCollapseButton"] button')?.click();
  last = data.chosen;
}
"""


def copy_button(text: str, key: str) -> None:
    """Draws a button that copies the text."""
    _component("copy", html=_COPY_HTML, css=_COPY_CSS, js=_COPY_JS)(
        data={"text": text}, key=key, width="content", height="content"
    )


def scroll_to_mark(mark: float, what: str) -> None:
    """Scrolls to the first mark of the page beside the chat, once for each `what`. `mark` is its position from the top,
    as a share of the picture's height, 0 to 1."""
    _component("scroll", js=_SCROLL_JS)(data={"mark": mark, "what": what}, key="scroll", height="content")


def close_sidebar_on_change(chosen: str) -> None:
    """Closes the sidebar on a phone, where it covers the page, when `chosen` changes."""
    _component("sidebar", js=_SIDEBAR_JS)(data={"chosen": chosen}, key="sidebar", height="content")


@cache
def _component(name: str, html: str | None = None, css: str | None = None, js: str | None = None) -> Any:
    return st.components.v2.component(f"docent_{name}", html=html, css=css, js=js)
