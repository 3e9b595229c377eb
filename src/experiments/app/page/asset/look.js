// Pictures of one drawing, large; the one that is opened with all of its stages, and with each
// word's map over it.
birdsong.look = ({ server, place, alone = false }) => {
  const { el, button, call, save, copy, kept, thumb, picture, tab, tell, clear } = birdsong;
  const grid = el("div", { class: "grid" }), detail = el("div", { class: "detail-place" });
  place.append(grid, detail);
  let drawing = null, open = -1;

  const label = (made) => `${drawing.caption ? `“${drawing.caption}”, ` : ""}seed ${made.seed}`;
  const keep = async (number) => {
    const made = drawing.made[number], key = `${drawing.run} ${made.seed} ${drawing.caption || drawing.id}`;
    if (kept.has(key)) { kept.remove(key); return; }
    const { id, model, title, run, caption } = drawing;
    kept.add({ key, id, number, model, title, run, caption, seed: made.seed, url: await thumb(made.url) });
    tell("Kept; Explore has it.");
  };
  const isKept = (number) => kept.has(`${drawing.run} ${drawing.made[number].seed} ${drawing.caption || drawing.id}`);
  const keeper = (number, shown) => {
    const made = button("keep", "Keep", () => keep(number), { shown, "aria-pressed": String(isKept(number)), "data-keep": String(number) });
    return made;
  };
  // A place that was on the page and is gone takes its pictures with it.
  let there = false;
  document.addEventListener("birdsong:kept", function marked() {
    if (there && !place.isConnected) { document.removeEventListener("birdsong:kept", marked); return; }
    there = place.isConnected;
    if (drawing) place.querySelectorAll("[data-keep]").forEach((one) => one.setAttribute("aria-pressed", String(isKept(Number(one.dataset.keep)))));
  });
  const download = async (number) => {
    const file = await call(server, "file", { id: drawing.id, number });
    if (file) save(file);
  };
  const sound = (made) => (made.sound ? el("audio", { controls: "", src: made.sound, preload: "metadata" }) : null);

  const show = (next) => {
    drawing = next;
    open = -1;
    clear(detail);
    clear(grid);
    grid.style.setProperty("--count", Math.min(drawing.made.length, 4));
    grid.append(...drawing.made.map((made, number) => {
      const large = el("button", { type: "button", class: "large", "aria-expanded": "false", "aria-label": `${label(made)}: open`, onclick: () => (open === number ? shut() : inspect(number)) },
        picture(made.url, made.side, ""));
      return el("figure", { class: "shot" }, large, sound(made), el("figcaption", {}, el("span", {}, `seed ${made.seed}`),
        el("span", { class: "acts" }, keeper(number), button("save", "Download", () => download(number)))));
    }));
    if (alone && drawing.made.length === 1) inspect(0);
  };
  const wait = (count) => {
    drawing = null;
    clear(detail);
    clear(grid);
    grid.style.setProperty("--count", Math.min(count, 4));
    grid.append(...Array.from({ length: count }, () => el("figure", { class: "shot waiting", "aria-hidden": "true" }, el("div", { class: "large" }), el("figcaption", {}, "\u00a0"))));
  };
  const empty = () => { clear(grid); clear(detail); drawing = null; };
  const mark = () => grid.querySelectorAll(".large").forEach((one, number) => one.setAttribute("aria-expanded", String(number === open)));
  const shut = () => {
    const back = grid.querySelectorAll(".large")[open];
    open = -1;
    mark();
    clear(detail);
    back?.focus();
  };

  const inspect = async (number) => {
    const of = drawing, found = await call(server, "detail", { id: of.id, number }, grid);
    if (!found || drawing !== of) return;
    open = number;
    mark();
    const made = drawing.made[number], panel = birdsong.panel(found, made, label(made));
    const step = (by) => inspect((number + by + drawing.made.length) % drawing.made.length);
    const acts = el("div", { class: "acts" }, keeper(number, true),
      button("save", "Download", () => download(number), { shown: true }),
      button("copy", "Copy as command", () => copy(found.command), { shown: true, title: found.command }),
      drawing.caption && drawing.makes === "picture" ? button("vary", "Explore", () => {
        birdsong.wanted = { model: drawing.model, run: drawing.run, title: drawing.title, caption: drawing.caption, seed: made.seed, url: made.url };
        tab("Explore");
        document.dispatchEvent(new CustomEvent("birdsong:explore"));
      }, { shown: true }) : null);
    const heading = el("h3", { tabindex: "-1" }, `Seed ${made.seed}`);
    const turn = drawing.made.length > 1 ? [button("left", "The picture before", () => step(-1)), button("right", "The next picture", () => step(1))] : [];
    const head = el("div", { class: "detail-head" }, heading, ...turn, button("close", "Close", shut));
    panel.side.prepend(head);
    panel.side.append(acts, facts(found));
    const node = el("section", { class: "detail", "aria-label": label(made), onkeydown: (event) => {
      if (event.target.closest("input, textarea, audio")) return;
      if (event.key === "Escape") shut();
      else if (event.key === "ArrowLeft" && drawing.made.length > 1) step(-1);
      else if (event.key === "ArrowRight" && drawing.made.length > 1) step(1);
      else return;
      event.preventDefault();
    } }, panel.stage, panel.side);
    clear(detail).append(node);
    heading.focus({ preventScroll: true });
    const box = node.getBoundingClientRect();
    if (box.bottom > innerHeight || box.top < 0) node.scrollIntoView({ block: box.height > innerHeight ? "start" : "nearest", behavior: "smooth" });
  };
  const facts = (found) => el("dl", { class: "facts" },
    ...[["model", drawing.title], ["run", drawing.run], ["drawn in", `${drawing.seconds < 1 ? `${(1000 * drawing.seconds).toFixed(0)} ms` : `${drawing.seconds.toFixed(1)} s`}${drawing.made.length > 1 ? `, all ${drawing.made.length}` : ""}`],
      drawing.unknown.length ? ["not read", drawing.unknown.join(", ")] : null].filter(Boolean)
      .map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));

  return { show, wait, empty, get drawing() { return drawing; } };
};
