// Keeps a page as it is in the database. Parts that changed come as HTML from the server and are merged into what is there, node
// by node: what has the focus keeps it, what is open stays open, and a form that is being filled in is left alone.
"use strict";
(() => {
  const state = document.getElementById("connection");
  const address = document.body.dataset.live;
  if (!address || !window.EventSource) return;

  // A form in which something was typed.
  const isFilledIn = (form) =>
    [...form.elements].some((field) =>
      field.type === "checkbox" ? field.checked !== field.defaultChecked
        : field.tagName === "SELECT" ? [...field.options].some((option) => option.selected !== option.defaultSelected && field.value !== "")
          : field.type !== "hidden" && field.tagName !== "BUTTON" && field.value !== field.defaultValue);
  const isKept = (node) =>
    node.nodeName === "FORM" && (isFilledIn(node) || node.contains(document.activeElement));
  const holdsKept = (node) => node.nodeType === 1 && [node, ...node.querySelectorAll("form")].some(isKept);

  const mergeAttributes = (old, next) => {
    for (const { name } of [...old.attributes]) {
      // Whether it is open is the reader's business.
      if (!next.hasAttribute(name) && !(name === "open" && old.nodeName === "DETAILS")) old.removeAttribute(name);
    }
    for (const { name, value } of next.attributes) {
      if (name === "open" && old.nodeName === "DETAILS") continue;
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
  };

  const isSame = (old, next) =>
    old.nodeType === next.nodeType && old.nodeName === next.nodeName && (old.id || "") === (next.id || "");

  const merge = (old, next) => {
    let at = old.firstChild;
    for (const wanted of [...next.childNodes]) {
      // A node with an id is the same wherever it stands: rows are added before it.
      if (at && wanted.id && !isSame(at, wanted)) {
        const known = [...old.children].find((child) => child.id === wanted.id && isSame(child, wanted));
        if (known) old.insertBefore(known, at), (at = known);
      }
      if (at && isSame(at, wanted)) {
        if (at.nodeType === 3) {
          if (at.data !== wanted.data) at.data = wanted.data;
        } else if (at.nodeType === 1 && !isKept(at)) {
          mergeAttributes(at, wanted);
          merge(at, wanted);
        }
        at = at.nextSibling;
      } else {
        old.insertBefore(wanted, at);
      }
    }
    while (at) {
      const gone = at;
      at = at.nextSibling;
      if (!holdsKept(gone)) gone.remove();
    }
  };

  // The page lacks what it should have: it is loaded anew from its own address, not from that of a form. Once a minute, lest
  // a page be loaded again and again.
  const loadAnew = () => {
    const own = new URL(address, location.href).searchParams.get("page") || "/";
    if (Date.now() - Number(sessionStorage.getItem(own)) < 60000) return;
    sessionStorage.setItem(own, Date.now());
    location.replace(own);
  };

  const show = (id, html) => {
    const part = document.getElementById(id);
    if (!part) return loadAnew();
    const focused = part.contains(document.activeElement);
    const next = document.createElement("template");
    next.innerHTML = html;
    merge(part, next.content);
    if (focused && !part.contains(document.activeElement)) {
      // What had the focus is gone: the reader stays in its part.
      part.tabIndex = -1;
      part.focus({ preventScroll: true });
    }
  };

  const tell = (text, isLost) => {
    if (state.textContent !== text) state.textContent = text;
    document.documentElement.classList.toggle("lost", isLost);
  };

  let source, heard, lost;
  const lose = () => {
    lost = lost || new Date();
    tell(`Connection lost at ${lost.toTimeString().slice(0, 8)}, trying again`, true);
  };
  const hear = () => {
    heard = Date.now();
    lost = undefined;
    tell("Live", false);
  };
  const close = () => {
    if (source) source.close();
    source = undefined;
  };
  const open = () => {
    close();
    heard = Date.now();
    source = new EventSource(address);
    source.addEventListener("part", (event) => {
      hear();
      const { id, html } = JSON.parse(event.data);
      show(id, html);
    });
    source.addEventListener("title", (event) => (document.title = event.data));
    source.addEventListener("beat", hear);
    source.onerror = lose;
  };
  // Every two seconds something comes. A line that went dead tells nothing by itself.
  setInterval(() => {
    if (document.hidden || Date.now() - heard < 10000) return;
    lose();
    open();
  }, 2000);
  // A page that nobody sees asks for nothing.
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  open();
})();
