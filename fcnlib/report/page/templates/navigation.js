"use strict";
// Marks in the navigation where the reader is, and keeps the mark in sight.
{
  const bar = document.querySelector("nav");
  const links = new Map();
  for (const link of bar.querySelectorAll("a")) {
    const section = document.getElementById(link.hash.slice(1));
    if (section) links.set(section, link);
  }
  let current = null;
  let waiting = 0;
  // Once the page rests, the address says so.
  const rest = (wait) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { if (current && scrollY > 100) pageState.arrived(current); }, wait);
  };
  const tellsItsEnd = "onscrollend" in window;
  if (tellsItsEnd) addEventListener("scrollend", () => rest(100));  // after the mark
  const mark = (section) => {
    if (section === current) return;
    links.get(current)?.removeAttribute("aria-current");
    current = section;
    const link = links.get(section);
    link.setAttribute("aria-current", "location");
    const outside = link.getBoundingClientRect();
    const inside = bar.getBoundingClientRect();
    if (outside.left < inside.left || outside.right > inside.right) {
      bar.scrollLeft += outside.left - inside.left - 20;
    }
    if (outside.top < inside.top || outside.bottom > inside.bottom) {
      bar.scrollTop += outside.top - inside.top - inside.height / 2;
    }
    if (!tellsItsEnd) rest(300);
  };
  const visible = new Set();
  const find = () => {
    const atEnd = scrollY > 0 && scrollY + innerHeight >= document.body.scrollHeight - 2;
    const found = [...links.keys()].filter((section) => visible.has(section));
    const clicked = found.find((section) => section.contains(document.querySelector(":target")));
    if (found.length) mark(atEnd ? clicked ?? found.at(-1) : found[0]);
  };
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting) visible.add(entry.target); else visible.delete(entry.target);
    }
    find();
  }, { rootMargin: "-80px 0px -20% 0px" });
  for (const section of links.keys()) seen.observe(section);
}
