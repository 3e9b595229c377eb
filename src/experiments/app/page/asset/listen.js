// A song and what it looks like, both ways.
birdsong.listen = ({ element, props, server }) => {
  const { el, button, call, filefield, clear } = birdsong;
  const { models, bounds } = props.value;
  const way = (title, note, kind, of, makes, extra) => {
    if (!of.length) return null;
    let model = of[0];
    const held = birdsong.held(), place = el("div", { class: "look" }), look = birdsong.look({ server, place });
    const seed = birdsong.number("seed", 0, 0, 2147483647), count = birdsong.number(makes, Math.min(2, bounds.pictures), 1, bounds.pictures);
    const take = (name, data) => { held.hold(kind, name, data); go(); };
    const go = async () => {
      const data = held.of(kind);
      if (!data) { birdsong.tell(`Give a ${kind} first.`, true); return; }
      look.wait(count.read());
      const given = { model: model.name, caption: "", sound: null, picture: null, [kind]: data, seed: seed.read(), count: count.read() };
      const found = await call(server, "draw", given, part);
      if (found) look.show(found); else look.empty();
      if (found) after(found);
    };
    const more = el("div", { class: "acts" });
    const after = (found) => clear(more).append(...extra(found).filter(Boolean));
    const picker = birdsong.models(of, (chosen) => { model = chosen; });
    const sources = kind === "sound"
      ? [birdsong.recorder({ label: "Record a song", seconds: bounds.seconds, onsound: take }).node, filefield("Choose a song", "audio/*", bounds.bytes, take, true)]
      : [filefield("Choose a picture", "image/*", bounds.bytes, take, true)];
    const part = el("section", { class: "card part" }, el("h2", {}, title), el("p", { class: "note" }, note),
      el("div", { class: "tools" }, ...sources, el("span", { class: "gap" }), picker.node, seed.node, count.node, el("button", { type: "button", class: "go", onclick: go }, "Go")),
      held.node, place, more);
    return { node: part, take };
  };
  const can = (asks, makes) => models.filter((one) => one.ways.some((each) => each.makes === makes && each.asks.length === 1 && each.asks[0] === asks));
  const fetchOf = async (found) => call(server, "file", { id: found.id, number: 0 });
  const toPicture = way("What a song looks like", "A recording of a song, and the bird that would sing it.", "sound", can("sound", "picture"), "pictures", (found) => [
    toSound && button("play", "Hear the first one", async () => { const file = await fetchOf(found); if (file) toSound.take(file.name, file.data); }, { shown: true })]);
  const toSound = way("What a bird sounds like", "A picture of a bird, and its song.", "picture", can("picture", "sound"), "songs", (found) => [
    toPicture && button("vary", "See the first one", async () => { const file = await fetchOf(found); if (file) toPicture.take(file.name, file.data); }, { shown: true })]);
  element.append(...[toPicture, toSound].filter(Boolean).map((one) => one.node));
};
