// Over a still figure: places that speak, thresholds, other orders. Whoever prints or has no script keeps the figure.
const shape = (name, attributes) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
};
const views = new Set();
async function enliven(box) {
  if (!box.dataset.live) return;
  const parts = JSON.parse(await inflate(box.dataset.live));
  if (!box.isConnected) return;
  box.setAttribute("role", "group");
  box.querySelectorAll(".over").forEach((old) => old.remove());
  hush(box);
  const layers = [...box.querySelectorAll("svg.whole:not(.away), svg.part")].map((svg) => {
    const [x, y, w, h] = svg.getAttribute("viewBox").split(" ").map(Number), layer = shape("g", { class: "over" });
    svg.append(layer);
    return { layer, holds: ([px, py, pw, ph]) => px + pw / 2 >= x && px + pw / 2 <= x + w && py + ph / 2 >= y && py + ph / 2 <= y + h };
  });
  const within = (part) => layers.filter(({ holds }) => holds(part.panel)).map(({ layer }) => layer);
  reorders(box, parts.filter((part) => part.kind === "orders"), within);
  thresholds(box, parts.filter((part) => part.kind === "threshold"), within);
  for (const part of parts) if (part.kind === "spots") within(part).forEach((layer) => spots(box, layer, part.spots));
  for (const part of parts) if (part.kind === "scene" && !beside(box, "scene")) scene(beneath(box, "scene"), part);
}
// What belongs to a figure stands under it, and is made once.
const beside = (box, name) => box.closest("figure").querySelector(`.live.${name}`);
function beneath(box, name) {
  const made = document.createElement("div");
  made.className = `live ${name}`;
  const last = [...box.closest("figure").querySelectorAll(":scope > .live")].at(-1) ?? box;
  last.after(made);
  return made;
}
