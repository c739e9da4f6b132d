"use strict";
// A click shows a picture large, over the page.
{
  const dialog = document.createElement("dialog");
  const large = document.createElement("img");
  dialog.append(large);
  document.body.append(dialog);
  dialog.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => { large.removeAttribute("src"); });
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
}
