"use strict";
// What the page knows of each net, and how it writes numbers of pixels.
const netData = (() => {
  const block = (id) => {
    const found = document.getElementById(id);
    return found ? jsonOf(found) : {};
  };
  return {
    // A task of a net with its classes and image IDs, or undefined.
    task(experiment, name) {
      const { tasks = {} } = block(`net-data-${experiment}`);
      const task = tasks[name ?? Object.keys(tasks)[0]];
      return task && {
        ...task,
        key: `${task.classes}/${task.kept ?? ""}`,  // equal where classes are the same
        ids: block("net-images")[task.images] ?? [],
        ...block("net-classes")[task.classes],
      };
    },
    tasks: (experiment) => Object.keys(block(`net-data-${experiment}`).tasks ?? {}),
    curve: (experiment) => block(`net-data-${experiment}`).curve,
    claims: (experiment) => block(`net-data-${experiment}`).claims ?? [],
  };
})();

const percentText = (share) => {
  const percent = 100 * share;
  return percent > 0 && percent < 0.05 ? "< 0.1 %" : `${percent.toFixed(1)} %`;
};
const countText = (number) => number.toLocaleString("en-US");
