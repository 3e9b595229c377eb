// Variations of one picture: other seeds, other words, ways to another caption, another style.
birdsong.explore = ({ element, props, server }) => {
  const { el, button, call, kept, picture, filefield, clear, save, bytes } = birdsong;
  const { models, bounds } = props.value;
  const styles = models.filter((one) => one.styled);
  let chosen = null, before = null;
  const shelf = el("div", { class: "shelf", role: "group", "aria-label": "Kept pictures" });
  const none = el("p", { class: "note" }, "Keep a picture that was drawn of a caption, and take it further here.");
  const body = el("div", { class: "explore", hidden: true });
  element.append(el("h2", {}, "Kept"), shelf, none, body);

  const list = () => {
    const items = kept.all();
    none.hidden = items.length > 0 || chosen !== null;
    clear(shelf).append(...items.map((item) => el("div", { class: "keep" },
      el("button", { type: "button", class: "thumb", "aria-pressed": String(chosen?.key === item.key), "aria-label": `${item.caption || "without words"}, seed ${item.seed}, ${item.title}`, title: item.caption || "", onclick: () => choose(item) }, picture(item.url, 64, "")),
      button("close", "Let it go", () => kept.remove(item.key)))));
  };
  document.addEventListener("birdsong:kept", list);
  // What another part wants to be explored: it may have said so before this one was there.
  const wanted = () => {
    const item = birdsong.wanted;
    birdsong.wanted = null;
    if (item) choose(item);
  };
  document.addEventListener("birdsong:explore", wanted);

  const choose = async (item) => {
    // A model of this name may be another run than the one that it was kept from.
    const here = models.filter((one) => one.run === item.run), model = here.find((one) => one.name === item.model) || here[0];
    if (!model) { birdsong.tell(`${item.title || item.model} is not served now; start the page with run=${item.run}`, true); return; }
    if (!item.caption) { birdsong.tell("This was made without words; only captions can be varied.", true); return; }
    // The picture that a style was of is not kept, so what was drawn of it is not drawn again.
    const found = model.styled ? { caption: item.caption, title: model.title, made: [{ url: item.url, side: 64, seed: item.seed }] }
      : await call(server, "draw", { model: model.name, caption: item.caption, sound: null, picture: null, seed: item.seed, count: 1 }, body);
    if (!found) return;
    chosen = { ...item, model };
    before = found;
    list();
    render();
  };
  const render = () => {
    body.hidden = false;
    const head = el("div", { class: "chosen" }, picture(before.made[0].url, before.made[0].side, `“${before.caption}”, seed ${before.made[0].seed}`),
      el("div", {}, el("p", { class: "said" }, before.caption), el("p", { class: "note" }, `${before.title}, seed ${before.made[0].seed}`)));
    clear(body).append(head, ...(chosen.model.styled ? [] : [words(), seeds()]), ...(chosen.model.walks ? [walk()] : []), ...(styles.length ? [style()] : []));
  };
  const part = (title, note, ...children) => el("section", { class: "part" }, el("h2", {}, title), el("p", { class: "note" }, note), ...children);

  // Words struck out, or replaced, with the same seed.
  const words = () => {
    const result = el("div", { class: "result" });
    const redraw = async () => {
      const now = chips.map((chip) => chip.now).filter(Boolean).join(" ");
      if (!now || now === before.caption) { clear(result); return; }
      const found = await call(server, "replaced", { id: before.id, number: 0, caption: now }, result);
      if (found) clear(result).append(change(found));
    };
    const chips = before.caption.split(" ").map((word) => chip(word, redraw));
    return part("Other words", "Strike a word out, or write another in its place; the seed stays.",
      el("div", { class: "chips", role: "group", "aria-label": "Words of the caption" }, ...chips.map((one) => one.node)), result);
  };
  const chip = (word, redraw) => {
    const self = { now: word };
    const input = el("input", { value: word, "aria-label": `In place of ${word}`, size: String(Math.max(2, word.length)), spellcheck: "false", autocapitalize: "off" });
    const strike = button("close", `Strike out ${word}`, () => set(self.now ? "" : word));
    const set = (to) => {
      if (to === self.now) return;
      self.now = to;
      input.value = to || word;
      input.size = Math.max(2, input.value.length);
      self.node.className = `chip${to ? "" : " struck"}${to && to !== word ? " other" : ""}`;
      strike.setAttribute("aria-pressed", String(!to));
      redraw();
    };
    input.addEventListener("focus", () => input.select());
    input.addEventListener("input", () => { input.size = Math.max(2, input.value.length); });
    input.addEventListener("change", () => set(input.value.trim()));
    input.addEventListener("keydown", (event) => { if (event.key === "Enter") input.blur(); });
    self.node = el("span", { class: "chip" }, input, strike);
    return self;
  };
  const change = (found) => {
    const [old, now] = [before.made[0], found.made[0]];
    const shot = (url, side, name) => el("figure", { class: "shot" }, el("div", { class: "large" }, picture(url, side, name)), el("figcaption", {}, name));
    const old_words = before.caption.split(" "), new_words = found.caption.split(" ");
    const told = [];
    for (let a = 0, b = 0; a < old_words.length || b < new_words.length;) {
      if (old_words[a] === new_words[b] && a < old_words.length) { told.push(`${old_words[a]} `); a += 1; b += 1; continue; }
      const back = new_words.indexOf(old_words[a], b);
      if (a < old_words.length && back < 0) { told.push(el("del", {}, old_words[a]), " "); a += 1; } else { told.push(el("ins", {}, new_words[b]), " "); b += 1; }
    }
    return el("div", {}, el("p", { class: "said" }, ...told),
      el("div", { class: "grid", style: "--count: 3" }, shot(old.url, old.side, "before"), shot(now.url, now.side, "after"), shot(found.difference, now.side, `what changed: ${(100 * found.changed).toFixed(1)} % on average`)));
  };

  const seeds = () => {
    const place = el("div", { class: "look" }), look = birdsong.look({ server, place });
    const go = el("button", { type: "button", class: "quiet", onclick: async () => {
      const from = look.drawing ? look.drawing.made.at(-1).seed + 1 : before.made[0].seed + 1;
      const many = Math.min(8, bounds.pictures);
      look.wait(many);
      const found = await call(server, "draw", { model: chosen.model.name, caption: before.caption, sound: null, picture: null, seed: from, count: many }, place);
      if (found) look.show(found); else look.empty();
    } }, "Draw the next seeds");
    return part("Other seeds", "The caption stays.", go, place);
  };

  const walk = () => {
    const field = birdsong.field({ server, model: () => chosen.model.name, label: "To this caption", letters: bounds.letters, placeholder: "To another caption", value: other(), onsubmit: () => go() });
    const steps = birdsong.number("steps", 9, 3, 32), result = el("div", { class: "result" });
    const go = async () => {
      if (!field.read()) { field.area.focus(); return; }
      const found = await call(server, "between", { model: chosen.model.name, first: before.caption, second: field.read(), seed: before.made[0].seed, steps: steps.read() }, result);
      if (found) clear(result).append(way(found));
    };
    return part("On the way", "From this caption to another, step by step; the seed stays.",
      el("div", { class: "card composer" }, field.node, el("div", { class: "tools" }, el("span", { class: "gap" }), steps.node, el("button", { type: "button", class: "go", onclick: go }, "Walk"))), result);
  };
  const other = () => chosen.model.examples.find((caption) => caption !== before.caption) || "";
  const way = (found) => {
    const { urls, side } = found, middle = Math.floor(urls.length / 2);
    const large = picture(urls[middle], side, "On the way"), told = el("output", { class: "share" });
    const slide = el("input", { type: "range", min: "0", max: String(urls.length - 1), value: String(middle), "aria-label": "How far on the way", oninput: () => show(Number(slide.value)) });
    const strip = el("div", { class: "strip" }, ...urls.map((url, at) => el("button", { type: "button", class: "thumb", "aria-label": `Step ${at + 1} of ${urls.length}`, onclick: () => show(at) }, picture(url, side, ""))));
    const show = (at) => {
      large.src = urls[at];
      slide.value = String(at);
      const share = `${Math.round(100 * at / (urls.length - 1))} %`;
      slide.setAttribute("aria-valuetext", share);
      told.textContent = share;
      strip.childNodes.forEach((one, place) => one.setAttribute("aria-pressed", String(place === at)));
    };
    show(middle);
    return el("div", { class: "way" },
      el("div", { class: "ends" }, el("span", {}, found.first), el("span", {}, found.second)),
      el("div", { class: "large" }, large), el("div", { class: "slide" }, slide, told), strip,
      el("div", { class: "acts" }, button("save", "Strip (PNG)", () => save(found.strip), { shown: true }), button("play", "Film (GIF)", () => save(found.gif), { shown: true })));
  };

  const style = () => {
    const place = el("div", { class: "look" }), look = birdsong.look({ server, place }), given = el("div", { class: "given" });
    let model = styles.find((one) => one.name === chosen.model.name) || styles[0];
    const picker = birdsong.models(styles, (one) => { model = one; }), count = Math.min(4, bounds.pictures);
    picker.set(model.name);
    const field = filefield("Choose a picture", "image/*", bounds.bytes, async (name, data) => {
      const url = URL.createObjectURL(new Blob([bytes(data)]));
      clear(given).append(el("img", { src: url, alt: name, onload: () => URL.revokeObjectURL(url) }));
      look.wait(count);
      const found = await call(server, "styled", { model: model.name, picture: data, caption: before.caption, seed: before.made[0].seed, count }, place);
      if (found) look.show(found); else look.empty();
    }, true);
    return part("In the style of a picture", "The words of this caption, and the style of a picture of yours.", el("div", { class: "tools" }, field, picker.node), given, place);
  };
  list();
  wanted();
};
