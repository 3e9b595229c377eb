// The same captions and seeds for several models, side by side; a preference is one click.
birdsong.compare = ({ element, props, server }) => {
  const { el, button, call, picture, clear, tell } = birdsong;
  const { bounds } = props.value, models = props.value.models.filter((one) => one.compares);
  let shown = null;
  const chosen = () => models.filter((one, at) => boxes[at].checked);
  const boxes = models.map((one, at) => el("input", { type: "checkbox", checked: at < 4 }));
  const hidden = el("input", { type: "checkbox" });
  const field = birdsong.field({ server, model: () => (chosen()[0] || models[0]).name, label: "Caption for all models", letters: bounds.letters, placeholder: "One caption for all", value: models[0].examples[0] || "", onsubmit: () => draw() });
  const seed = birdsong.number("seed", 0, 0, 2147483647), count = birdsong.number("pictures", Math.min(3, bounds.pictures), 1, bounds.pictures);
  const table = el("div", { class: "versus" }), scores = el("div", { class: "scores" });
  const card = el("form", { class: "card composer", onsubmit: (event) => { event.preventDefault(); draw(); } }, field.node,
    el("fieldset", { class: "who" }, el("legend", {}, "Models"), ...models.map((one, at) => el("label", { class: "check" }, boxes[at], el("span", {}, one.name)))),
    el("div", { class: "tools" }, el("label", { class: "check" }, hidden, el("span", {}, "hide names")), el("span", { class: "gap" }), seed.node, count.node, el("button", { type: "submit", class: "go" }, "Draw")));
  element.append(card, table, scores);

  const draw = async () => {
    const names = chosen().map((one) => one.name);
    if (names.length < 2) { tell("Choose two models or more.", true); return; }
    if (!field.read()) { field.area.focus(); return; }
    const found = await call(server, "compare", { models: names, caption: field.read(), seed: seed.read(), count: count.read(), hidden: hidden.checked }, card);
    if (!found) return;
    shown = { ...found, choices: found.rows.map(() => null) };
    render();
  };
  const name = (at) => (shown.names ? shown.names[at] : shown.letters[at]);
  const render = () => {
    const { rows, letters } = shown;
    const head = letters.map((letter, at) => el("h3", {}, name(at)));
    const body = rows.map((row, number) => el("div", { class: "row", role: "group", "aria-label": `Seed ${row.seed}` },
      el("span", { class: "seed" }, `seed ${row.seed}`),
      ...row.pictures.map((one, at) => el("figure", { class: "shot", "data-name": name(at) },
        el("button", { type: "button", class: "large", "aria-expanded": "false", "aria-label": `${name(at)}, seed ${row.seed}: open`, onclick: (event) => inspect(event.currentTarget, row, one, at) }, picture(one.url, one.side, "")),
        el("figcaption", {}, choice(number, at, "Prefer")))),
      el("div", { class: "neither" }, choice(number, -1, "No difference"))));
    const tail = el("div", { class: "acts" }, shown.names ? null : button("eye", "Show names", reveal, { shown: true }));
    const said = el("p", { class: "said" }, shown.caption);
    table.style.setProperty("--models", letters.length);
    clear(table).append(said, el("div", { class: "heads" }, el("span", {}), ...head), ...body, tally(), tail);
    list();
  };
  const choice = (row, at, label) => el("button", { type: "button", class: "prefer", "aria-pressed": String(shown.choices[row] === at),
    "aria-label": at < 0 ? `No difference, seed ${shown.rows[row].seed}` : `Prefer ${name(at)}, seed ${shown.rows[row].seed}`,
    disabled: shown.choices[row] !== null, onclick: () => prefer(row, at) }, shown.choices[row] === at ? "Preferred" : label);
  const prefer = async (row, at) => {
    const of = shown, done = await call(server, "prefer", { id: of.id, row, choice: at });
    if (!done) return;
    of.choices[row] = at;
    if (shown !== of) return;
    render();
    // Who presses keys goes on with the next row, or with what comes after the last.
    table.querySelector(".prefer:not(:disabled), .acts button")?.focus({ preventScroll: true });
  };
  const tally = () => {
    const given = shown.choices.filter((one) => one !== null);
    if (!given.length) return el("p", { class: "note" }, "A click on “Prefer” is noted at once, with caption, seed and runs; task=human_rank counts them.");
    const told = shown.letters.map((letter, at) => `${name(at)} ${given.filter((one) => one === at).length}`);
    return el("p", { class: "note", role: "status" }, `Noted: ${told.join(", ")}, no difference ${given.filter((one) => one < 0).length}.`);
  };
  const reveal = async () => {
    const of = shown, found = await call(server, "reveal", { id: of.id });
    if (!found) return;
    Object.assign(of, found);
    if (shown === of) render();
  };
  const inspect = async (large, row, one, at) => {
    const next = large.closest(".row").nextElementSibling;
    const mark = () => large.closest(".row").querySelectorAll(".large").forEach((each) => each.setAttribute("aria-expanded", String(each === large && node.isConnected)));
    if (next?.classList.contains("detail")) { next.remove(); if (next.dataset.of === one.id + row.seed) { large.setAttribute("aria-expanded", "false"); return; } }
    const found = await call(server, "detail", { id: one.id, number: one.number }, table);
    if (!found) return;
    const panel = birdsong.panel(found, { url: one.url, clip: one.clip, sound: one.sound }, `${name(at)}, seed ${row.seed}`);
    const shut = () => { node.remove(); mark(); large.focus(); };
    const node = el("section", { class: "detail", "data-of": one.id + row.seed, "aria-label": `${name(at)}, seed ${row.seed}`,
      onkeydown: (event) => { if (event.key === "Escape") shut(); } }, panel.stage, panel.side);
    const heading = el("h3", { tabindex: "-1" }, `${name(at)}, seed ${row.seed}`);
    panel.side.prepend(el("div", { class: "detail-head" }, heading, button("close", "Close", shut)));
    if (!large.isConnected) return;
    large.closest(".row").after(node);
    mark();
    heading.focus({ preventScroll: true });
    node.scrollIntoView({ block: "nearest", behavior: "smooth" });
  };
  // Beneath: what their cards say, the better one in bold, beside real pictures and chance.
  const list = () => {
    if (!shown.names || !shown.scores.length) { clear(scores); return; }
    const cells = (row) => row.values.map((value, at) => el("td", { class: row.best === at ? "best" : "" }, value));
    clear(scores).append(el("h2", {}, "Scores of their runs"), el("div", { class: "box", tabindex: "0", role: "region", "aria-label": "Scores" }, el("table", {},
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "score"), ...shown.names.map((one) => el("th", { scope: "col" }, one)), el("th", { scope: "col" }, "real"), el("th", { scope: "col" }, "chance"))),
      el("tbody", {}, ...shown.scores.map((row) => el("tr", {}, el("th", { scope: "row" }, row.title), ...cells(row), el("td", {}, row.real), el("td", {}, row.chance)))))));
  };
};
