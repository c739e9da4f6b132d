"use strict";
// A click shows a picture large, over the page. Once the page is there, pictures that are out of
// sight are loaded too: paper shows all of them.
{
  const large = element("img");
  const dialog = element("dialog", {
    onclick: () => dialog.close(), onclose: () => { large.removeAttribute("src"); },
  }, large);
  document.body.append(dialog);
  for (const link of document.querySelectorAll("a.zoom")) {
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      const image = link.querySelector("img");
      large.src = image.src;
      large.alt = image.alt;
      large.className = image.className;
      large.style.minWidth = `${Math.min(image.getAttribute("width"), 1400)}px`;
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
