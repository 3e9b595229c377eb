// A field for a caption: words that the model has never seen are marked while it is typed, with the
// nearest that it has.
birdsong.field = ({ server, model, label, placeholder = "", value = "", letters = 500, onsubmit = null, onchange = null }) => {
  const { el } = birdsong, WAIT = 120;
  const id = `field-${Math.random().toString(36).slice(2, 9)}`;
  const echo = el("div", { class: "echo", "aria-hidden": "true" });
  const area = el("textarea", { id, rows: "1", maxlength: String(letters), placeholder, spellcheck: "false", autocomplete: "off", autocapitalize: "off", "aria-label": label, "aria-describedby": `${id}-hint` });
  const hint = el("p", { class: "hint", id: `${id}-hint`, role: "status", "aria-live": "polite" });
  const node = el("div", { class: "field" }, el("div", { class: "sheet" }, echo, area), hint);
  let timer = 0, turn = 0, words = [];

  const read = () => area.value.replace(/\s+/g, " ").trim();
  const replace = (word, by) => {
    const match = find(word, 0);
    if (!match) return;
    area.setRangeText(by, match[0], match[1], "end");
    changed();
    area.focus();
  };
  // Where a word stands in what is typed, as whole letters.
  const find = (word, from) => {
    const text = area.value.toLowerCase(), letter = /[\p{L}\p{N}]/u;
    for (let at = text.indexOf(word, from); at >= 0; at = text.indexOf(word, at + 1)) {
      const end = at + word.length;
      if (!letter.test(text[at - 1] || " ") && !letter.test(text[end] || " ")) return [at, end];
    }
    return null;
  };
  const mark = () => {
    const text = area.value, parts = [];
    let at = 0;
    for (const word of words) {
      const place = word.known ? null : find(word.text, at);
      if (!place) continue;
      parts.push(text.slice(at, place[0]), el("mark", {}, text.slice(...place)));
      at = place[1];
    }
    echo.replaceChildren(...parts, text.slice(at), "\u200b");
    const strange = words.filter((word, place) => !word.known && words.findIndex((other) => other.text === word.text) === place);
    hint.replaceChildren(...strange.flatMap((word) => [
      el("span", { class: "unknown" }, el("b", {}, word.text), " is new to this model",
        word.nearest ? ["; nearest: ", el("button", { type: "button", class: "near", onclick: () => replace(word.text, word.nearest) }, word.nearest)] : null),
    ]));
  };
  const fit = () => {
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight}px`;
  };
  const look = async () => {
    const mine = ++turn, text = area.value;
    let answer = { words: [] };
    if (text.trim()) {
      try { answer = await server.words({ model: model(), text }); } catch { return; }
    }
    if (mine !== turn || !answer || answer.refused) return;
    words = answer.words;
    mark();
  };
  const changed = () => {
    fit();
    words = words.filter((word) => find(word.text, 0));
    mark();
    clearTimeout(timer);
    timer = setTimeout(look, WAIT);
    onchange?.(read());
  };
  area.addEventListener("input", changed);
  area.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    onsubmit?.();
  });
  new ResizeObserver(fit).observe(node);
  const set = (text) => { area.value = text; changed(); };
  if (value) queueMicrotask(() => set(value));
  return { node, area, read, set, look };
};
