// Say it, type it, or give a file: one card, and the pictures that come of it beneath.
birdsong.describe = ({ element, props, server }) => {
  const { el, button, call, filefield, clear, tell } = birdsong;
  const { models, bounds } = props.value;
  let model = models[0], busy = false;
  const takes = (kind) => model.takes.includes(kind);
  const listens = () => takes("speech") || takes("sound");

  const field = birdsong.field({ server, model: () => model.name, label: "Caption", letters: bounds.letters,
    placeholder: "Describe it, or say it", onsubmit: () => draw(),
    onchange: (text) => { if (text) held.drop("sound"); } });  // what comes later is what is meant
  const seed = birdsong.number("seed", 0, 0, 2147483647);
  const count = birdsong.number("pictures", Math.min(4, bounds.pictures), 1, bounds.pictures);
  const fresh = el("input", { type: "checkbox" }), itself = el("input", { type: "checkbox", checked: true });
  const held = birdsong.held();
  const status = el("p", { class: "status", role: "status", "aria-live": "polite" });
  const examples = el("div", { class: "examples", role: "group", "aria-label": "Examples" });
  const recorder = birdsong.recorder({ label: "Speak", seconds: bounds.seconds, onsound: (name, data) => heard(name, data) });
  const sounds = filefield("Choose a sound file", "audio/*", bounds.bytes, (name, data) => heard(name, data));
  const pictures = filefield("Choose a picture", "image/*", bounds.bytes, (name, data) => held.hold("picture", name, data), true);
  const dice = button("dice", "A caption by chance", async () => {
    const found = await call(server, "dice", { model: model.name });
    if (found?.caption) { field.set(found.caption); draw(); }
  });
  const listening = el("label", { class: "check" }, itself, el("span", {}, "give the recording itself to a model that listens"));
  const more = el("details", { class: "more" }, el("summary", {}, "More"),
    el("div", { class: "folded" }, el("label", { class: "check" }, fresh, el("span", {}, "another seed for each drawing")), listening));
  const picker = birdsong.models(models, (chosen) => { model = chosen; suit(); });
  const card = el("form", { class: "card composer", onsubmit: (event) => { event.preventDefault(); draw(); } },
    field.node, held.node,
    el("div", { class: "tools" }, recorder.node, sounds, pictures, dice, more, el("span", { class: "gap" }), picker.node, seed.node, count.node,
      el("button", { type: "submit", class: "go" }, "Draw")));
  const place = el("div", { class: "look" });
  element.append(card, examples, status, place);
  const look = birdsong.look({ server, place });

  // What the card offers is what the model takes.
  const suit = () => {
    const reads = takes("caption") || takes("speech");
    field.node.hidden = !reads;
    dice.hidden = examples.hidden = !reads || !model.examples.length;
    recorder.node.hidden = sounds.hidden = !reads && !takes("sound");
    pictures.hidden = !takes("picture") && !model.styled;
    listening.hidden = !listens();
    if (pictures.hidden) held.drop("picture");
    if (!listens()) held.drop("sound");
    clear(examples).append(...model.examples.slice(0, 4).map((caption) => el("button", { type: "button", class: "example", onclick: () => { field.set(caption); draw(); } }, caption)));
    field.look();
  };
  const heard = async (name, data) => {
    if (listens() && itself.checked) {
      held.hold("sound", name, data);
      draw();
      return;
    }
    status.textContent = "Listening…";
    const found = await call(server, "hear", { model: model.name, sound: data }, card);
    status.textContent = "";
    if (!found) return;
    field.set(found.text);
    await draw();
    status.textContent = `Heard “${found.text}”${found.changed.length ? `, with ${found.changed.map(([from, to]) => `“${from}” as “${to}”`).join(", ")}` : ""}. Correct it above if that is wrong.`;
  };
  const draw = async () => {
    if (busy) return;
    const sound = held.of("sound"), picture = held.of("picture"), caption = field.node.hidden ? "" : field.read();
    if (!caption && !sound && !picture && model.takes.length) {
      if (field.node.hidden) tell(`Give it a ${takes("sound") ? "recording" : "picture"} first.`, true);
      field.area.focus();
      return;
    }
    if (fresh.checked && look.drawing) seed.set(Math.floor(Math.random() * 2147483647));
    busy = true;
    status.textContent = "";
    look.wait(count.read());
    const found = await call(server, "draw", { model: model.name, caption: sound && !takes("caption") ? "" : caption, sound, picture, seed: seed.read(), count: count.read() }, card);
    busy = false;
    if (!found) { look.empty(); return; }
    look.show(found);
    status.textContent = `${found.made.length} drawn in ${found.seconds.toFixed(2)} s.`;
  };
  suit();
};
