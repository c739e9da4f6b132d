"use strict";
// What a reader sees, kept in the address: #place&open=a,b&key=value. A link then shows the same.
// Other scripts keep a value under a key of their own: pageState.set(key, text), and
// pageState.on(key, apply), which is called now and whenever another address is gone to. What is
// entered, as links are, is an entry of the history of its own: Back leaves it.
//
// The keys, where ROW and COLUMN are numbers from 0 and EXPERIMENT is the name of a net's run:
//   open, closed      IDs of parts that are not as the page has them
//   sort.TABLE        COLUMN.ascending or COLUMN.descending
//   rows.TABLE        words of the names of the rows that are left
//   hidden.TABLE      COLUMN,COLUMN
//   compare.TABLE     ROW-ROW
//   cell              TABLE.ROW.COLUMN of the number that is marked
//   row               EXPERIMENT of the net in the panel; EXPERIMENT.TABLE, if not its first table
//   chance.TABLE      EXPERIMENT,EXPERIMENT
//   confusion.TABLE   EXPERIMENT.TASK.ORDER.OTHER.TRUTH.LABEL, classes by number
//   images.TABLE      NAME.VALUE,NAME.VALUE as in browser_state.js
//   chart.FIGURE      linear,FROM-TO,off.NET: a linear axis, a part of the run, nets that are off
const pageState = (() => {
  const applied = new Map();  // by key
  const decoded = (text) => {
    try { return decodeURIComponent(text); } catch { return ""; }
  };
  const parsed = () => {
    const values = new Map();
    let place = "";
    for (const part of location.hash.slice(1).split("&")) {
      const at = part.indexOf("=");
      if (at < 0) place ||= decoded(part);
      else values.set(decoded(part.slice(0, at)), decoded(part.slice(at + 1)));
    }
    return { place, values };
  };
  let { place, values } = parsed();
  // Not what browsers show as it is: commas and the names of this page.
  const encoded = (text) => encodeURIComponent(text).replaceAll("%2C", ",");

  // The state of an entry of the history that is known to the page; one that a link has made, or an
  // address that was typed, has none yet.
  const [WRITTEN, ENTERED] = ["written", "entered"];
  const write = (added) => {
    const pairs = [...values].map(([key, value]) => `${encoded(key)}=${encoded(value)}`);
    const hash = [encoded(place), ...pairs].filter(Boolean).join("&");
    const address = hash ? `#${hash}` : location.href.split("#")[0];
    try {
      if (added && address !== location.hash) history.pushState(added, "", address);
      else history.replaceState(history.state ?? WRITTEN, "", address);
    } catch { /* within another page, whose address is not ours */ }
  };
  try {
    history.replaceState(history.state ?? WRITTEN, "");
  } catch { /* as there */ }

  const reveal = (behavior) => {
    const target = place && document.getElementById(place);
    if (!target) return;
    let details = target.closest("details");
    for (; details; details = details.parentElement.closest("details")) details.open = true;
    target.scrollIntoView({ behavior });
  };

  const put = (key, value) => {
    if (value) values.set(key, value); else values.delete(key);
  };

  // Back or forward, to what was seen then; the browser itself finds the place.
  addEventListener("popstate", ({ state }) => {
    if (!state) return;
    const before = values;
    ({ place, values } = parsed());
    for (const [key, apply] of applied) {
      const text = values.get(key) ?? "";
      if (text !== (before.get(key) ?? "")) apply(text);
    }
  });
  // A link, or an address that was typed.
  addEventListener("hashchange", () => {
    if (history.state) return;
    const now = parsed();
    ({ place } = now);
    if (now.values.size) {  // a view, not only a place
      ({ values } = now);
      for (const [key, apply] of applied) apply(values.get(key) ?? "");
    }
    write();
    reveal("auto");
  });
  addEventListener("DOMContentLoaded", () => { reveal("instant"); });

  return {
    on(key, apply) {
      applied.set(key, apply);
      if (values.has(key)) apply(values.get(key));
    },
    set(key, value) {
      put(key, value);
      write();
    },
    enter(key, value) {
      put(key, value);
      write(ENTERED);
    },
    // Undoes `enter`, or takes the key out of an address that had it from the beginning.
    leave(key) {
      if (!values.has(key)) return;
      this.set(key, "");
      if (history.state !== ENTERED) return;
      const { activeElement } = document;  // which browsers forget on the way to a place
      addEventListener("popstate", () => {
        setTimeout(() => activeElement.focus({ preventScroll: true }));
      }, { once: true });
      history.back();
    },
    // To a place with other values of some keys; all else stays as it is seen.
    go(target, changes) {
      place = target;
      for (const [key, value] of Object.entries(changes)) put(key, value);
      write(WRITTEN);
      for (const key of Object.keys(changes)) applied.get(key)?.(values.get(key) ?? "");
      reveal("auto");
    },
    // Where the reader has scrolled to, unless the place is within it already.
    arrived(section) {
      if (section.contains(place ? document.getElementById(place) : null)) return;
      place = section.id;
      write();
    },
  };
})();

// Which parts are open that the page has closed, and the other way round.
{
  const given = new Map();
  for (const details of document.querySelectorAll("details[id]")) given.set(details, details.open);
  const listed = (open) => [...given].filter(([details, before]) =>
    details.open === open && before !== open).map(([details]) => details.id).join(",");
  let printing = false;
  document.addEventListener("toggle", (event) => {
    if (printing || !given.has(event.target)) return;
    pageState.set("open", listed(true));
    pageState.set("closed", listed(false));
  }, true);
  const restore = (open) => (text) => {
    const wanted = new Set(text.split(","));
    for (const [details, before] of given) {
      if (before !== open) details.open = wanted.has(details.id) === open;
    }
  };
  pageState.on("open", restore(true));
  pageState.on("closed", restore(false));
  // Paper shows everything but provenance.
  let closed = [];
  addEventListener("beforeprint", () => {
    printing = true;
    closed = [...document.querySelectorAll(".part details:not([open], .browser)")];
    for (const details of closed) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of closed) details.open = false;
    setTimeout(() => { printing = false; });  // after the toggles of these
  });
}
