"use strict";
// A click shows a picture large, over the page; a second one, the button or Escape closes it. Once the
// page is there, pictures that are out of sight are loaded too: paper shows all of them.
{
  const large = element("img");
  const dialog = element("dialog", {
    className: "large", onclick: () => dialog.close(),
    onclose: () => { large.removeAttribute("src"); },
  }, button("\u00d7", () => dialog.close(), { className: "close", "aria-label": "Close" }), large);
  document.body.append(dialog);
  for (const link of document.querySelectorAll("a.zoom")) {
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      const image = link.querySelector("img");
      large.src = image.currentSrc || image.src;
      large.alt = image.alt;
      large.className = image.className;
      const shown = large.src === image.src ? image : link.querySelector("source");
      large.style.minWidth = `${Math.min(shown.getAttribute("width"), 1400)}px`;
      dialog.setAttribute("aria-label", image.alt);
      dialog.showModal();
    });
  }
  addEventListener("load", () => {
    setTimeout(() => {
      for (const image of document.querySelectorAll("img[loading=lazy]")) image.loading = "eager";
    });
  });
}
