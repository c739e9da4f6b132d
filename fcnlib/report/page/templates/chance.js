"use strict";
// Any two nets of a table: their difference, and whether it is beyond chance.
{
  const FEW = 40;  // classes that a chart shows: more than that, those with the largest gains
  const points = (tenths) => (tenths / 10).toFixed(1).replace("-", "\u2212");
  const signed = (tenths) => (tenths > 0 ? `+${points(tenths)}` : points(tenths));
  const turned = (interval) => interval && [-interval[0], -interval[2], -interval[1]];
  const isBeyond = ([, low, high]) => low > 0 || high < 0;

  // What the first of two nets has more than the second, of pairs that are stored one way round.
  const between = (data, first, second) => {
    const [low, high] = first < second ? [first, second] : [second, first];
    const count = data.nets.length;
    const [images, training, gains] = data.pairs[low * count - low * (low + 1) / 2 + high - low - 1];
    if (first < second) return { images, training, gains };
    return { images: images.map(turned), training, gains: gains && gains.map(turned) };
  };

  const ofImages = (ours, other, column, found) => {
    const [difference, low, high] = found[0] < 0 ? turned(found) : found;
    const by = `${points(difference)} ${difference === 10 ? "point" : "points"}`;
    const how = difference ? `is ${by} ${found[0] > 0 ? "above" : "below"}` : "is equal to";
    return [`${ours} ${how} ${other} in `, element("b", {}, column),
      `; ${points(low)} to ${points(high)} for 95 % of resampled test images: `,
      element("b", {}, isBeyond(found) ? "beyond chance of the images" : "may be chance of the images"),
      ". "];
  };

  const ofTraining = (found, [runs, others]) => {
    if (!found) return "One run each: says nothing on training.";
    const [error, isDecided] = found;
    const each = runs === others ? `${runs} runs each` : `${runs} and ${others} runs`;
    return `Over ${each}, its standard error is ${(error / 100).toFixed(2)}: ` +
      `${isDecided ? "beyond" : "may be"} noise of training.`;
  };

  // [left, right] are the ends of the scale.
  const line = ([gain, low, high], [left, right]) => {
    const at = (tenths) => `${100 * (tenths - left) / (right - left)}%`;
    const piece = (name, from, more = "") =>
      element("i", { className: name, style: `left: ${from}; ${more}` });
    const way = low > 0 ? " above" : high < 0 ? " below" : "";
    return element("div", { className: `line${way}` }, piece("zero", at(0)),
      piece("interval", at(low), `width: ${at(left + high - low)}`), piece("dot", at(gain)));
  };

  const row = (scale, ofScore) => ([name, found, error]) => element("tr", ofScore ? { className: "score" } : {},
    element("th", { scope: "row" }, name), element("td", {}, line(found, scale)),
    element("td", {}, `${signed(found[0])} `,
      element("span", { className: "ends" }, `(${points(found[1])} to ${points(found[2])})`),
      ...(error ? [element("br"), `training \u00b1 ${(error / 100).toFixed(1)}`] : [])));

  // Scores in the order of the table, classes by their gain.
  const chart = (ours, other, scores, all) => {
    const classes = all.filter(([, found]) => found.some(Boolean));
    const equal = all.length - classes.length;
    const few = [...classes].sort(([, a], [, b]) => Math.abs(b[0]) - Math.abs(a[0])).slice(0, FEW)
      .sort(([, a], [, b]) => b[0] - a[0]);
    const ends = [0, ...[...scores, ...few].flatMap(([, found]) => found)];
    const margin = 0.03 * (Math.max(...ends) - Math.min(...ends)) || 1;
    const scale = [Math.min(...ends) - margin, Math.max(...ends) + margin];
    const some = classes.length > few.length
      ? ` The ${FEW} classes of ${classes.length} with the largest gains.` : "";
    const none = equal ? ` Classes without any difference are left out: ${equal}.` : "";
    return element("table", { className: "gains" },
      element("caption", {}, `What ${ours} has more than ${other}: scores, and IU by class, in points, ` +
        `with the interval of 95 % of resampled test images. In colour: beyond their chance.${some}${none}`),
      element("tbody", {}, ...scores.map(row(scale, true)), ...few.map(row(scale, false))));
  };

  const show = (place, data, [first, second]) => {
    const [[, ours, runs], [, other, others]] = [data.nets[first], data.nets[second]];
    const { images, training, gains } = between(data, first, second);
    const scores = images.flatMap((found, column) =>
      (found ? [[data.columns[column], found, training[column]?.[0]]] : []));
    if (!scores.length) {
      place.replaceChildren(element("p", {}, "No interval: they were scored on different images, or not alike."));
      return;
    }
    const lead = images[data.lead] ? data.lead : images.findIndex(Boolean);
    const sentence = element("p", { className: "found" },
      ...ofImages(ours, other, data.columns[lead], images[lead]),
      ofTraining(training[lead], [runs, others]));
    const classes = (gains ?? []).flatMap((gain, index) => (gain ? [[data.classes[index], gain]] : []));
    place.replaceChildren(sentence, element("div", { className: "scroll", tabIndex: 0, role: "region",
      "aria-label": `${ours} against ${other}` }, chart(ours, other, scores, classes)));
  };

  for (const place of document.querySelectorAll(".chance .pair")) {
    const data = jsonOf(place.querySelector("script"));
    const key = `chance.${place.dataset.table}`;
    const options = () => data.nets.map(([, name], index) => new Option(name, index));
    const selects = [0, 1].map((which) => element("select", {
      onchange: (event) => {
        const pair = [...chosen];
        pair[which] = Number(event.target.value);
        if (pair[0] === pair[1]) pair[1 - which] = chosen[which];  // the other way round
        choose(pair);
        pageState.set(key, pair.map((index) => data.nets[index][0]).join(","));
      },
    }, ...options()));
    const found = element("div", { "aria-live": "polite" });
    const indices = (names) => names.map((name) => data.nets.findIndex(([each]) => each === name));
    const given = indices(data.chosen);
    let chosen = given;
    const choose = (pair) => {
      chosen = pair;
      selects.forEach((select, which) => { select.value = pair[which]; });
      show(found, data, pair);
    };
    place.append(element("form", {}, element("label", {}, "Net", selects[0]),
      element("label", {}, "against", selects[1])), found);
    choose(chosen);
    pageState.on(key, (text) => {
      const pair = indices(text.split(","));
      const isPair = pair.length === 2 && pair[0] !== pair[1] && !pair.includes(-1);
      choose(isPair ? pair : given);
    });
  }
}
