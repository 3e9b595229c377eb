// An arm that is pointed at, or chosen in the legend, is shown alone in all charts.
(() => {
  const section = document.getElementById("curves");
  if (!section) return;
  const style = document.head.appendChild(document.createElement("style"));
  const buttons = [...section.querySelectorAll("[data-arms]")];
  let kept = "";
  const show = (arms) => {
    const list = arms ? arms.split(" ") : [];
    const some = list.map((arm) => ".charts .a" + arm).join(",");
    const bands = list.map((arm) => ".many .charts .a" + arm + " .band").join(",");
    style.textContent = some ? ".charts .arm{opacity:.1}" + some + "{opacity:1}" + bands + "{display:inline}" : "";
  };
  for (const button of buttons) {
    const arms = button.dataset.arms;
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("pointerenter", () => show(arms));
    button.addEventListener("pointerleave", () => show(kept));
    button.addEventListener("click", () => {
      kept = kept === arms ? "" : arms;
      for (const other of buttons) other.setAttribute("aria-pressed", String(kept !== "" && other.dataset.arms === kept));
      show(kept);
    });
  }
  section.addEventListener("pointerover", (event) => {
    const group = event.target.closest(".charts .arm");
    if (group) show([...group.classList].find((name) => /^a\d+$/.test(name)).slice(1));
  });
  section.addEventListener("pointerout", (event) => {
    if (event.target.closest(".charts .arm")) show(kept);
  });
  window.addEventListener("beforeprint", () => show(""));
  window.addEventListener("afterprint", () => show(kept));
})();
