"use strict";
// A net's confusion counts with names and shares, and the orders of its classes.
const confusionMatrix = (() => {
  const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

  // What share of a class is labelled otherwise; -1 of one without pixels.
  const wrong = (matrix, truth) => {
    const right = matrix.share(truth, truth);
    return right === null ? -1 : 1 - right;
  };

  // Starts with the two that are confused most; each next one is the most alike of those left.
  const chain = (matrix) => {
    const alike = (a, b) => (matrix.share(a, b) ?? 0) + (matrix.share(b, a) ?? 0);
    const left = new Set(matrix.names.keys());
    let last = 0;
    for (const a of left) {
      const most = (c) => Math.max(0, ...[...left].filter((b) => b !== c).map((b) => alike(c, b)));
      if (most(a) > most(last)) last = a;
    }
    const order = [];
    while (left.size) {
      order.push(last);
      left.delete(last);
      const previous = last;
      last = [...left].reduce((best, each) => (best === null
        || alike(previous, each) > alike(previous, best) ? each : best), null);
    }
    return order;
  };

  return {
    // Of a net's task; null without counts. A class without pixels has no shares.
    of(experiment, taskName) {
      const task = netData.task(experiment, taskName);
      if (!task?.counts) return null;
      const kept = task.kept ?? task.names.map((_, index) => index);
      const pixels = task.counts.map(sum);
      const names = kept.map((index) => task.names[index]);
      const colours = kept.map((index) => task.colours[index]);
      if (task.kept) {
        names.push(`${task.names.length - kept.length} other classes`);
        colours.push("transparent");
      }
      const images = new Map(task.most.map(([truth, label, ...list]) =>
        [`${truth},${label}`, list]));
      return {
        ...task, names, colours, pixels, images,
        share: (truth, label) => (pixels[truth] ? task.counts[truth][label] / pixels[truth] : null),
      };
    },
    order(matrix, name) {
      const classes = [...matrix.names.keys()];
      if (name === "confused") return classes.sort((a, b) => wrong(matrix, b) - wrong(matrix, a));
      return name === "similar" ? chain(matrix) : classes;
    },
  };
})();
