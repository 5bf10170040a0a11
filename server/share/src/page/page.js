(() => {
  "use strict";
  const find = (selector) => [...document.querySelectorAll(selector)];
  const byId = (id) => document.getElementById(id);
  const rows = find(".row"), entries = find(".entry");
  const texts = new Map();
  const textOf = (element) => {
    if (!texts.has(element)) texts.set(element, element.textContent.toLowerCase());
    return texts.get(element);
  };
  const filter = byId("filter"), errors = byId("errors"), hits = byId("hits");
  const apply = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (element) =>
      (!errors.checked || element.classList.contains("error")) && words.every((word) => textOf(element).includes(word));
    const shown = (list) => list.filter((element) => {
      const fit = fits(element);
      element.toggleAttribute("data-hidden", !fit);
      return fit;
    }).length;
    const spans = shown(rows), lines = shown(entries);
    const all = words.length === 0 && !errors.checked;
    hits.textContent = all ? "" : `${spans} of ${rows.length} spans, ${lines} of ${entries.length} lines`;
  };
  filter.addEventListener("input", apply);
  errors.addEventListener("change", apply);
  byId("unfold").addEventListener("click", (event) => {
    const details = find(".row details");
    const open = details.some((one) => !one.open);
    details.forEach((one) => { one.open = open; });
    event.target.textContent = open ? "Close all" : "Open all";
  });
  byId("save").addEventListener("click", () => {
    const data = byId("otlp");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([data.textContent], { type: "application/json" }));
    link.download = `${data.dataset.name}.json`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && event.target !== filter) {
      event.preventDefault();
      filter.focus();
    }
  });
  const reveal = () => {
    const row = byId(decodeURIComponent(location.hash.slice(1)));
    const details = row && row.querySelector("details");
    if (details) details.open = true;
  };
  addEventListener("hashchange", reveal);
  reveal();
  for (const time of find("time[data-ns]")) {
    const date = new Date(Number(BigInt(time.dataset.ns) / 1000000n));
    if (!Number.isNaN(date.getTime())) time.textContent += ` (${date.toLocaleTimeString()} local)`;
  }
  byId("tools").hidden = false;
})();
