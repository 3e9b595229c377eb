// One picture in the large: its stages to choose from, and its words to point at. Where a model
// looked for a word stays bright, the rest is dimmed.
birdsong.panel = (found, made, label) => {
  const { el, bytes, picture } = birdsong;
  const { stages, maps, words } = found, last = stages.length - 1;
  const box = el("div", { class: "canvas" });
  const light = el("canvas", { class: "light", "aria-hidden": "true" });
  const stage = el("div", { class: "stage" }, box);
  const side = el("div", { class: "side" });
  const seen = (maps || []).map((map) => ({ ...map, values: bytes(map.data) }));
  let at = last, pinned = -1;

  const big = () => {
    const { url, width } = stages[at];
    box.replaceChildren(picture(made.clip || url, width, `${label}, ${width} px`), light);
    thumbs.forEach((one, number) => one.setAttribute("aria-pressed", String(number === at)));
    lit(pinned);
  };
  // The map that goes with a stage is what was looked at when it was drawn; the first has none.
  const map = () => seen[Math.max(0, Math.min(at - (stages.length - seen.length), seen.length - 1))];
  const lit = (word) => {
    const { w, h, values } = seen.length ? map() : { w: 1, h: 1, values: [] };
    chips.forEach((chip, number) => chip.classList.toggle("on", number === word));
    light.classList.toggle("on", word >= 0);
    if (word < 0) return;
    light.width = w;
    light.height = h;
    const context = light.getContext("2d"), image = context.createImageData(w, h), from = word * w * h;
    for (let place = 0; place < w * h; place += 1) image.data[4 * place + 3] = Math.round(0.86 * (255 - values[from + place]));
    context.putImageData(image, 0, 0);
  };
  // In words, for who cannot see it.
  const whereabouts = (word) => {
    const { w, h, values } = seen[seen.length - 1], from = word * w * h;
    let sum = 0, x = 0, y = 0;
    for (let place = 0; place < w * h; place += 1) {
      const value = values[from + place] ** 2;
      sum += value; x += value * ((place % w) + 0.5); y += value * (Math.floor(place / w) + 0.5);
    }
    const third = (value, names) => names[Math.min(2, Math.floor(3 * value))];
    return sum ? `${third(y / sum / h, ["upper", "middle", "lower"])} ${third(x / sum / w, ["left", "middle", "right"])}` : "nowhere";
  };
  const chips = seen.length ? words.map((word, number) => el("button", {
    type: "button", class: "word", "aria-pressed": "false", "aria-label": `${word}: looked for in the ${whereabouts(number)}`,
    onmouseenter: () => lit(number), onmouseleave: () => lit(pinned), onfocus: () => lit(number), onblur: () => lit(pinned),
    onclick: (event) => {
      pinned = pinned === number ? -1 : number;
      chips.forEach((chip, place) => chip.setAttribute("aria-pressed", String(place === pinned)));
      if (pinned >= 0 || event.detail) lit(pinned);
    },
  }, word)) : [];
  const thumbs = stages.map(({ url, width }, number) => el("button", {
    type: "button", class: "thumb", "aria-pressed": "false", "aria-label": `Stage ${number + 1} of ${stages.length}, ${width} px`,
    onclick: () => { at = number; big(); },
  }, picture(url, width, ""), el("span", {}, `${width} px`)));

  if (chips.length) {
    side.append(el("div", { class: "words", role: "group", "aria-label": "Words of the caption" }, ...chips),
      el("p", { class: "note" }, "Point at a word: what stays bright is where the model looked for it."));
  } else if (found.caption) side.append(el("p", { class: "said" }, found.caption));
  if (made.sound) side.append(el("audio", { controls: "", src: made.sound, preload: "metadata" }));
  if (stages.length > 1) side.append(el("div", { class: "thumbs", role: "group", "aria-label": "Stages" }, ...thumbs));
  big();
  return { stage, side };
};
