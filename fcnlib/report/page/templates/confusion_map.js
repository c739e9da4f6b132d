"use strict";
// A confusion matrix on a canvas: a square for each class and label, named along its edges.
const confusionMap = (canvas) => {
  const SMALLEST = 10, LARGEST = 28, NUMBERED = 23;  // pixels of a cell
  const FONT = "system-ui, sans-serif";
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  let context, shown, size, gutter;

  const measure = (wide) => {
    const { matrix, order } = shown;
    const room = wide > 800 ? wide - 290 : wide;  // beside the text on a cell
    const widest = Math.max(...matrix.names.map((name) => context.measureText(name).width));
    gutter = Math.min(Math.ceil(widest) + 22, wide > 500 ? 170 : 105);
    size = Math.max(SMALLEST, Math.min(LARGEST, Math.floor((room - gutter - 4) / order.length)));
  };

  const shortened = (text, width) => {
    if (context.measureText(text).width <= width) return text;
    let short = text;
    while (short && context.measureText(`${short}\u2026`).width > width) short = short.slice(0, -1);
    return `${short}\u2026`;
  };

  // The names along an edge, each with the colour of its class.
  const drawNames = (chosen, textAt, chipAt) => {
    const { matrix, order } = shown;
    order.forEach((each, place) => {
      const at = gutter + (place + 0.5) * size;
      context.fillStyle = colour(each === chosen ? "--ink" : "--soft");
      context.font = `${each === chosen ? "600 " : ""}${Math.min(12, size)}px ${FONT}`;
      context.fillText(shortened(matrix.names[each], gutter - 18), textAt, at);
      context.fillStyle = matrix.colours[each];
      context.fillRect(chipAt, at - 4, 8, 8);
      context.strokeStyle = colour("--soft");
      context.lineWidth = 0.5;
      context.strokeRect(chipAt, at - 4, 8, 8);
    });
  };

  const drawEdges = () => {
    const [truth, label] = shown.cell;
    context.textBaseline = "middle";
    context.textAlign = "right";
    drawNames(truth, gutter - 16, gutter - 12);
    context.save();  // those of the columns, read from below
    context.rotate(-Math.PI / 2);
    context.translate(-gutter, 0);
    context.textAlign = "left";
    drawNames(label, 16, 4);
    context.restore();
  };

  const corner = (truth, label) => [label, truth].map((each) =>
    gutter + shown.places.get(each) * size);

  const drawCell = (truth, label) => {
    const { value, strongest, other } = shown;  // `other`: the net that is taken off, if any
    const [x, y] = corner(truth, label);
    const share = value(truth, label);
    const strength = share === null ? 0 : Math.sqrt(Math.min(1, Math.abs(share) / strongest));
    const good = (truth === label) === (!other || share > 0);
    context.fillStyle = colour("--page");
    context.fillRect(x, y, size - 1, size - 1);
    context.globalAlpha = strength;
    context.fillStyle = colour(good ? "--up" : "--down");
    context.fillRect(x, y, size - 1, size - 1);
    context.globalAlpha = 1;
    const number = Math.round(100 * Math.abs(share ?? 0));
    if (size < NUMBERED || !number) return;
    context.fillStyle = colour(strength > 0.6 ? "--page" : "--ink");
    context.font = `${size < 26 ? 9.5 : 10.5}px ${FONT}`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(`${other && share < 0 ? "\u2212" : ""}${number}`, x + size / 2, y + size / 2);
  };

  const drawMark = () => {
    const [x, y] = corner(...shown.cell);
    context.strokeStyle = colour("--ink");
    context.lineWidth = 2;
    context.strokeRect(x - 0.5, y - 0.5, size, size);
  };

  return {
    // `view` has matrix, other, order, places, cell, value and strongest; `wide` is the room.
    draw(view, wide) {
      shown = view;
      context = canvas.getContext("2d");
      context.font = `600 12px ${FONT}`;
      measure(wide);
      const { order } = shown;
      const side = gutter + order.length * size + 2;
      const density = devicePixelRatio || 1;
      canvas.width = canvas.height = Math.round(side * density);
      canvas.style.width = `${side}px`;
      context.setTransform(density, 0, 0, density, 0, 0);
      drawEdges();
      for (const truth of order) for (const label of order) drawCell(truth, label);
      drawMark();
    },
    // Row and column below the pointer; negative ones are names.
    at(event) {
      const box = canvas.getBoundingClientRect();
      return [event.clientY - box.top, event.clientX - box.left]
        .map((at) => Math.floor((at - gutter) / size));
    },
    // Where the chosen column begins and ends, with a cell around it.
    column() {
      const [x] = corner(...shown.cell);
      return [x - size, x + 2 * size];
    },
  };
};
