// The nearest real pictures to words that are typed or spoken, by the encoders of a run.
birdsong.find = ({ element, props, server }) => {
  const { el, call, picture, filefield, clear } = birdsong;
  const { bounds } = props.value, models = props.value.models.filter((one) => one.finds);
  let model = models[0];
  const field = birdsong.field({ server, model: () => model.name, label: "What to find", letters: bounds.letters, placeholder: "Words to find pictures by", onsubmit: () => find({}) });
  const count = birdsong.number("pictures", Math.min(12, bounds.found), 1, bounds.found), results = el("div", { class: "found" }), status = el("p", { class: "status", role: "status", "aria-live": "polite" });
  const recalls = el("p", { class: "note recalls" });
  const picker = birdsong.models(models, (chosen) => { model = chosen; suit(); });
  const spoken = (name, data) => find({ sound: data });
  const recorder = birdsong.recorder({ label: "Speak", seconds: bounds.seconds, onsound: spoken });
  const card = el("form", { class: "card composer", onsubmit: (event) => { event.preventDefault(); find({}); } }, field.node,
    el("div", { class: "tools" }, recorder.node, filefield("Choose a sound file", "audio/*", bounds.bytes, spoken), el("span", { class: "gap" }), picker.node, count.node, el("button", { type: "submit", class: "go" }, "Find")));
  element.append(card, recalls, status, results);

  const suit = () => {
    const often = "How often the right picture is among the nearest";
    recalls.textContent = model.recall.length ? `${often}, on test captions: ${model.recall.join("; ")}.` : model.untold && `${often} ${model.untold}`;
    field.look();
  };
  const find = async ({ sound = null }) => {
    if (!sound && !field.read()) { field.area.focus(); return; }
    const found = await call(server, "find", { model: model.name, caption: sound ? "" : field.read(), sound, count: count.read() }, card);
    if (!found) return;
    if (found.text) field.set(found.text);
    status.textContent = `${found.text ? `Heard “${found.text}”. ` : ""}The ${found.found.length} nearest real pictures, the nearest first.`;
    clear(results).append(...found.found.map((one, at) => el("figure", { class: "shot" },
      el("div", { class: "large" }, picture(one.url, one.side, `${at + 1}: ${one.caption}`)),
      el("figcaption", {}, el("span", { class: "said" }, one.caption), el("span", { class: "near-by", title: `${one.key}; cosine` }, one.similarity.toFixed(2))))));
  };
  suit();
};
