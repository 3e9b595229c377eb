// Small fields that several parts of the page have: a model, a number, a file that is held.
birdsong.models = (models, onchange, label = "model") => {
  const { el } = birdsong;
  const select = el("select", { onchange: () => onchange(models.find((one) => one.name === select.value)) },
    ...models.map((one) => el("option", { value: one.name }, one.name)));
  const node = el("label", { class: "pick", hidden: models.length < 2 }, el("span", {}, label), select);
  return { node, set: (name) => { select.value = name; } };
};

birdsong.number = (label, value, least, most) => {
  const { el } = birdsong;
  const input = el("input", { type: "number", value: String(value), min: String(least), max: String(most), step: "1", inputmode: "numeric" });
  const read = () => {
    const found = Math.round(Number(input.value));
    const right = input.value !== "" && Number.isFinite(found) ? Math.min(most, Math.max(least, found)) : value;
    input.value = String(right);
    return right;
  };
  return { node: el("label", { class: "number" }, el("span", {}, label), input), read, set: (to) => { input.value = String(to); } };
};

// What was given beside words, each with a button that lets it go.
birdsong.held = (onchange) => {
  const { el, button, clear } = birdsong;
  const node = el("div", { class: "held" }), all = {};
  const show = () => {
    clear(node).append(...Object.entries(all).map(([kind, { name, url }]) => el("span", { class: "holding" },
      kind === "picture" ? el("img", { src: url, alt: "" }) : el("audio", { controls: "", src: url }),
      el("span", { class: "name" }, name), button("close", `Without ${name}`, () => { drop(kind); }))));
    onchange?.();
  };
  const hold = (kind, name, data) => {
    if (all[kind]) URL.revokeObjectURL(all[kind].url);
    all[kind] = { name, data, url: URL.createObjectURL(new Blob([birdsong.bytes(data)])) };
    show();
  };
  const drop = (kind) => {
    if (!all[kind]) return;
    URL.revokeObjectURL(all[kind].url);
    delete all[kind];
    show();
  };
  return { node, hold, drop, of: (kind) => all[kind]?.data ?? null };
};
