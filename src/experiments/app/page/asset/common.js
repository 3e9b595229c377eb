// What all parts of the page use: elements, icons, calls of the server, files, and what is kept.
window.birdsong = (() => {
  const KEPT = "birdsong-kept", MOST = 24, THUMB = 160;

  // el("p", {class: "x", onclick: f}, "text", child): text is never markup.
  const el = (tag, attributes = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value === null || value === undefined || value === false) continue;
      if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
      else if (name in made && typeof value !== "string") made[name] = value;
      else made.setAttribute(name, value);
    }
    made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
    return made;
  };

  const PATHS = {
    mic: "M12 3a3 3 0 0 0-3 3v6a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3ZM5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3.5",
    stop: "M7 7h10v10H7z",
    file: "M12 16V4.5M7.5 9 12 4.5 16.5 9M4.5 15.5v4h15v-4",
    dice: "M4.5 4.5h15v15h-15zM8.6 8.6h.01M15.4 8.6h.01M12 12h.01M8.6 15.4h.01M15.4 15.4h.01",
    keep: "M6.5 3.5h11v17L12 16.2l-5.5 4.3z",
    save: "M12 4v11.5M7.5 11 12 15.5 16.5 11M4.5 20h15",
    copy: "M8.5 8.5h11v11h-11zM15.5 8.5v-4h-11v11h4",
    close: "M6 6l12 12M18 6 6 18",
    vary: "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.8v4.4M9 14.8v4.4",
    left: "M14.5 5.5 8 12l6.5 6.5",
    right: "M9.5 5.5 16 12l-6.5 6.5",
    eye: "M2.5 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12ZM12 9.200a2.800 2.800 0 1 0 0 5.600 2.800 2.800 0 0 0 0-5.600",
    moon: "M20 14.2A8.2 8.2 0 0 1 9.8 4 8.2 8.2 0 1 0 20 14.2Z",
    play: "M8 5.5v13l10.5-6.5z",
  };
  const icon = (name) => {
    const space = "http://www.w3.org/2000/svg", svg = document.createElementNS(space, "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    svg.setAttribute("class", `icon icon-${name}`);
    const path = document.createElementNS(space, "path");
    path.setAttribute("d", PATHS[name]);
    svg.append(path);
    return svg;
  };
  // A button with an icon; its label is read out, and seen where `shown`.
  const button = (name, label, onclick, { shown = false, ...more } = {}) =>
    el("button", { type: "button", class: `tool${shown ? " shown" : ""}`, title: shown ? null : label,
      "aria-label": shown ? null : label, onclick, ...more }, icon(name), shown ? el("span", {}, label) : null);

  // One line at the foot of the page, read out; a fault stays for longer.
  let timer = 0;
  const teller = () => {
    const made = document.getElementById("told") || el("div", { id: "told", role: "status", "aria-live": "polite" });
    if (!made.isConnected) document.body.append(made);
    return made;
  };
  const tell = (line, fault = false) => {
    const place = teller();
    place.textContent = line;
    place.className = fault ? "on fault" : "on";
    clearTimeout(timer);
    timer = setTimeout(() => { place.className = ""; }, fault ? 9000 : 3000);
  };

  // Of a call that failed Gradio's client hands on nothing: here is why, in the server's own words.
  const FAULT = "The server could not do that; its terminal says why.", GONE = "The server does not answer; is it still running?";
  let why = "";
  const plain = window.fetch;
  window.fetch = async (...given) => {
    if (!String(given[0]?.url ?? given[0]).includes("/component_server")) return plain(...given);
    try {
      const answer = await plain(...given);
      if (answer.status === 401) why = "You are logged out; load the page again.";
      else why = !answer.ok && answer.status !== 500 ? await answer.clone().text() : "";
      return answer;
    } catch (error) {
      why = GONE;
      throw error;
    }
  };

  // What the server answers, or null after telling why it refused. `place` shows that it waits.
  const call = async (server, name, given, place = null) => {
    place?.setAttribute("aria-busy", "true");
    try {
      const answer = await server[name](given);
      if (answer && answer.refused) { tell(answer.refused, true); return null; }
      if (answer === null || answer === undefined || answer.error || answer.detail) {
        tell(why || FAULT, true);
        return null;
      }
      return answer;
    } catch {
      tell(why || GONE, true);
      return null;
    } finally {
      place?.removeAttribute("aria-busy");
    }
  };

  const bytes = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const base64 = (buffer) => {
    const all = new Uint8Array(buffer), step = 0x8000;
    let text = "";
    for (let at = 0; at < all.length; at += step) text += String.fromCharCode(...all.subarray(at, at + step));
    return btoa(text);
  };
  const save = ({ name, type, data }) => {
    const url = URL.createObjectURL(new Blob([bytes(data)], { type }));
    el("a", { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  };
  const copy = async (text) => {
    try { await navigator.clipboard.writeText(text); } catch {
      const area = el("textarea", { class: "unseen", value: text });
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    tell("Copied.");
  };
  // A field for one file; `onfile` gets its name and content as base64.
  const filefield = (label, accept, most, onfile, shown = false) => {
    const input = el("input", { type: "file", accept, class: "unseen", tabindex: "-1", "aria-hidden": "true" });
    input.addEventListener("change", async () => {
      const [file] = input.files;
      if (file && file.size > most) tell(`The file has ${(file.size / 1e6).toFixed(1)} MB, and at most ${most / 1e6} are taken.`, true);
      else if (file) onfile(file.name, base64(await file.arrayBuffer()), file);
      input.value = "";
    });
    return el("span", { class: "filefield" }, button("file", label, () => input.click(), { shown }), input);
  };

  // What is kept stays in this browser: what was asked for, and a small picture.
  const kept = {
    all: () => { try { return JSON.parse(localStorage.getItem(KEPT)) || []; } catch { return []; } },
    write: (items) => {
      try { localStorage.setItem(KEPT, JSON.stringify(items)); } catch { tell("The browser has no room for more.", true); }
      document.dispatchEvent(new CustomEvent("birdsong:kept"));
    },
    has: (key) => kept.all().some((item) => item.key === key),
    add: (item) => kept.write([item, ...kept.all().filter((other) => other.key !== item.key)].slice(0, MOST)),
    remove: (key) => kept.write(kept.all().filter((item) => item.key !== key)),
  };
  // A small copy of a picture that stands on the page.
  const thumb = async (url) => {
    const image = new Image();
    image.src = url;
    await image.decode();
    const side = Math.min(THUMB, image.naturalWidth), canvas = el("canvas", { width: side, height: Math.round(side * image.naturalHeight / image.naturalWidth) });
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    return canvas.toDataURL("image/png");
  };
  // Pictures of few pixels are shown as they are, pixel by pixel.
  const picture = (url, side, alt, more = {}) => el("img", { src: url, alt, class: side <= 128 ? "pixels" : "", draggable: "false", ...more });
  // Opens a tab by its place among them, as its button does.
  const tab = (name) => [...document.querySelectorAll('button[role="tab"]')].find((one) => one.textContent.trim() === name && one.getClientRects().length)?.click();
  const clear = (place) => { place.replaceChildren(); return place; };

  return { el, icon, button, teller, tell, call, bytes, base64, save, copy, filefield, kept, thumb, picture, tab, clear, wanted: null };
})();
