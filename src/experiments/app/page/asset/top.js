// The head of the page: its name, what is served, and light or dark.
birdsong.top = ({ element, props }) => {
  const { el, button } = birdsong, KEY = "birdsong-dark", FEW = 3, all = props.value;
  const dark = (on) => document.body.classList.toggle("dark", on);
  const chosen = localStorage.getItem(KEY);
  birdsong.teller();  // what is there before it says anything is read out
  if (chosen !== null) dark(chosen === "yes");
  const names = all.slice(0, FEW).map(({ title, run }) => el("span", {}, title.split(":")[0], " ", el("code", {}, run)));
  element.append(el("header", { class: "top" }, el("h1", {}, "Birdsong"),
    el("p", {}, ...names, all.length > FEW ? el("span", {}, `and ${all.length - FEW} more`) : null),
    button("moon", "Light or dark", () => {
      const on = !document.body.classList.contains("dark");
      dark(on);
      localStorage.setItem(KEY, on ? "yes" : "no");
    })));
};
