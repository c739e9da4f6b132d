"use strict";
// The pictures of an image browser: a photograph, with the truth or a net's labels over it.
const photograph = (place) => document.getElementById(`photograph-${place}`).textContent;

class BrowserPictures {
  static KEPT = 8;  // images that stay decoded

  constructor(data, voidColour) {
    this.data = data;
    this.voidColour = voidColour;
    this.kept = new Map();
  }

  // The photograph of an image, and its label maps, [1 + nets, height, width]: no picture, as
  // browsers that hide what they are alter the pixels that a script reads from one.
  decoded(task, image) {
    const key = `${task.name} ${image}`;
    const found = this.kept.get(key) ?? Promise.all([
      BrowserPictures.loaded(photograph(this.data.images[image].photograph)),
      unpacked(task.images[image].maps, "deflate").arrayBuffer(),
    ]);
    this.kept.delete(key);
    this.kept.set(key, found);  // the latest is last
    if (this.kept.size > BrowserPictures.KEPT) this.kept.delete(this.kept.keys().next().value);
    return found;
  }

  static async loaded(source) {
    const image = new Image();
    image.src = source;
    await image.decode();
    return image;
  }

  // At least as wide as asked for: the photograph smooth, labels with sharp edges. `labels` are
  // those over it, as `overlay` takes them; null of the photograph alone.
  paint(image, [photo, maps], labels, wide) {
    const { width, height } = this.data.images[image];
    const scale = Math.max(1, Math.ceil(wide / width));
    const canvas = element("canvas", { width: scale * width, height: scale * height, role: "img" });
    if (!photo) return canvas;
    const context = canvas.getContext("2d");
    context.drawImage(photo, 0, 0, canvas.width, canvas.height);
    if (!labels) return canvas;
    const layer = element("canvas", { width, height });
    const pixels = new ImageData(this.overlay(labels, maps, width * height), width, height);
    layer.getContext("2d").putImageData(pixels, 0, 0);
    context.imageSmoothingEnabled = false;
    context.drawImage(layer, 0, 0, canvas.width, canvas.height);
    return canvas;
  }

  // RGBA of every pixel of a net's labels, or of the truth that they are held against.
  overlay({ net, ofTruth, classes, errors, hidden, opacity }, maps, size) {
    const colours = this.colours(classes, errors, opacity);
    const map = (place) => new Uint8Array(maps, place * size, size);
    const [truth, said] = [map(0), map(1 + net)];
    const labels = ofTruth ? truth : said;
    const on = new Uint8Array(256).fill(1);
    for (const index of hidden) on[index] = 0;
    const pixels = new Uint32Array(size);
    for (let i = 0; i < size; i += 1) {
      const [is, isVoid] = [labels[i], truth[i] >= classes.length];
      if (!errors) pixels[i] = on[is < classes.length ? is : VOID] && colours[is];
      else if (isVoid) pixels[i] = on[VOID] && colours[VOID];
      // A wrong pixel belongs to two classes.
      else if (truth[i] !== said[i]) pixels[i] = (on[truth[i]] || on[said[i]]) && colours[is];
    }
    return new Uint8ClampedArray(pixels.buffer);
  }

  // Of each label; black ones are bare, as a photograph under black is dark, unless errors are
  // looked for or nothing is to be seen of the photograph.
  colours(classes, errors, opacity) {
    const rgba = ([r, g, b], a) => new Uint32Array(Uint8Array.of(r, g, b, a).buffer)[0];
    const parts = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
    const alpha = Math.round(2.55 * opacity);
    const found = new Uint32Array(256).fill(rgba(parts(this.voidColour), alpha));
    classes.forEach(([, hex], index) => {
      const bare = hex === "#000000" && !errors && opacity < 100;
      found[index] = bare ? 0 : rgba(parts(hex), alpha);
    });
    return found;
  }
}
