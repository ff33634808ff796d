/** The page's behaviour: pan, zoom, select, search. Plain JavaScript for browsers, with no library. */
export const PAGE_SCRIPT = `"use strict";
(() => {
  const svg = document.getElementById("graph"), panel = document.getElementById("panel"), search = document.getElementById("search");
  const details = JSON.parse(document.getElementById("details").textContent);
  const nodes = [...svg.querySelectorAll(".node")], edges = [...svg.querySelectorAll(".edge")];
  const whole = { width: +svg.dataset.width + 40, height: +svg.dataset.height + 40 };
  let view;
  const show = () => svg.setAttribute("viewBox", [view.x, view.y, view.width, view.height].join(" "));
  // Text below this scale cannot be read: a narrow window begins with a part of the graph, and the button shows all of it.
  const readable = 0.6;
  const fit = (least) => {
    const { clientWidth: w, clientHeight: h } = svg;
    const scale = Math.max(Math.min(w / whole.width, h / whole.height, 1.25) || 1, least);
    view = { width: w / scale, height: h / scale };
    view.x = Math.min(0, (whole.width - view.width) / 2) - 20;
    view.y = Math.min(-20, (whole.height - view.height) / 2 - 20);
    show();
  };
  const point = (event) => {
    const box = svg.getBoundingClientRect();
    return { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
  };
  svg.addEventListener("wheel", (event) => {
    event.preventDefault();
    const at = point(event), by = Math.exp(Math.max(-60, Math.min(60, event.deltaY)) * 0.004);
    if (view.width * by > whole.width * 8 || view.width * by < 120) return;
    view.x += at.x * view.width * (1 - by);
    view.y += at.y * view.height * (1 - by);
    view.width *= by;
    view.height *= by;
    show();
  }, { passive: false });
  let last, moved = false;
  svg.addEventListener("pointerdown", (event) => { last = point(event); moved = false; });
  addEventListener("pointermove", (event) => {
    if (!last) return;
    const now = point(event);
    if (!moved && Math.hypot(now.x - last.x, now.y - last.y) < 0.004) return;
    moved = true;
    svg.classList.add("moving");
    view.x -= (now.x - last.x) * view.width;
    view.y -= (now.y - last.y) * view.height;
    last = now;
    show();
  });
  addEventListener("pointerup", () => { last = undefined; svg.classList.remove("moving"); });
  const follow = (id, here, there) => {
    const found = new Set([id]), open = [id];
    while (open.length) {
      const at = open.pop();
      for (const edge of edges) {
        const next = edge.dataset[there];
        if (edge.dataset[here] === at && !found.has(next)) { found.add(next); open.push(next); }
      }
    }
    return found;
  };
  const mark = (near, chosen) => {
    svg.classList.toggle("chosen-view", near !== undefined);
    for (const node of nodes) {
      node.classList.toggle("near", near !== undefined && near.has(node.dataset.id));
      node.classList.toggle("chosen", node.dataset.id === chosen);
    }
  };
  const choose = (id) => {
    const back = follow(id, "to", "from"), forth = follow(id, "from", "to");
    mark(new Set([...back, ...forth]), id);
    for (const edge of edges) {
      const { from, to } = edge.dataset;
      edge.classList.toggle("near", (back.has(from) && back.has(to)) || (forth.has(from) && forth.has(to)));
    }
    const { name, about, statement } = details[id];
    panel.querySelector("h2").textContent = name;
    panel.querySelector("p").textContent = about;
    panel.querySelector("pre").textContent = statement;
    if (panel.hidden) { panel.hidden = false; fit(readable); }
  };
  const leave = () => {
    mark(undefined);
    search.value = "";
    if (!panel.hidden) { panel.hidden = true; fit(readable); }
  };
  svg.addEventListener("click", (event) => {
    if (moved) return;
    const node = event.target.closest(".node");
    if (node) choose(node.dataset.id);
    else leave();
  });
  addEventListener("keydown", (event) => {
    if (event.key === "Escape") leave();
    if (event.key === "Enter" && document.activeElement.classList.contains("node")) choose(document.activeElement.dataset.id);
  });
  search.addEventListener("input", () => {
    const wanted = search.value.trim().toLowerCase();
    for (const edge of edges) edge.classList.remove("near");
    if (!wanted) return mark(undefined);
    mark(new Set(nodes.map((node) => node.dataset.id).filter((id) => details[id].name.toLowerCase().includes(wanted))));
  });
  document.getElementById("fit").addEventListener("click", () => fit(0));
  document.getElementById("close").addEventListener("click", leave);
  addEventListener("resize", () => fit(readable));
  fit(readable);
})();`;
