// Places that say what they are when they are pointed at or reached with the arrow keys; some open what lies behind.
function hush(box) { box.querySelector(":scope > .tip")?.remove(); }
function tell(box, node, words) {
  hush(box);
  const tip = document.createElement("div"), frame = box.getBoundingClientRect(), at = node.getBoundingClientRect();
  tip.className = "tip"; tip.setAttribute("aria-hidden", "true"); tip.textContent = words; box.append(tip);
  const left = at.left + at.width / 2 - frame.left - tip.offsetWidth / 2, above = at.top - frame.top - tip.offsetHeight - 6;
  tip.style.left = `${Math.max(0, Math.min(left, frame.width - tip.offsetWidth))}px`;
  tip.style.top = `${above > -20 ? above : at.bottom - frame.top + 6}px`;
}
function spots(box, layer, list) {
  const group = shape("g", { role: "group", "aria-label": `${list.length} places; arrow keys move from one to the next` });
  const nodes = list.map(({ at: [x, y, width, height], words, detail }) => {
    const node = shape("rect", { x, y, width, height, class: detail ? "spot opens" : "spot", role: detail ? "button" : "img", tabindex: -1, "aria-label": words });
    const show = () => tell(box, node, detail ? `${words} · open` : words);
    node.addEventListener("pointerenter", show); node.addEventListener("pointerleave", () => hush(box));
    node.addEventListener("focus", show); node.addEventListener("blur", () => hush(box));
    if (detail) node.addEventListener("click", () => unfold(box, words, detail));
    node.addEventListener("keydown", (event) => {
      const step = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[event.key];
      if (step) { event.preventDefault(); event.stopPropagation(); go(nodes, list, nodes.indexOf(node), step); }
      if (detail && (event.key === "Enter" || event.key === " ")) { event.preventDefault(); event.stopPropagation(); unfold(box, words, detail); }
      if (event.key === "Escape" && box.querySelector(".tip")) { event.stopPropagation(); hush(box); }
    });
    return node;
  });
  nodes[0]?.setAttribute("tabindex", 0);
  group.append(...nodes); layer.append(group);
}
// The nearest place in a direction; what lies aside counts twice.
function go(nodes, list, from, [dx, dy]) {
  const middle = ({ at: [x, y, w, h] }) => [x + w / 2, y + h / 2], [x0, y0] = middle(list[from]);
  let best = from, least = Infinity;
  list.forEach((spot, k) => {
    const [x, y] = middle(spot), along = (x - x0) * dx + (y - y0) * dy, aside = Math.abs((x - x0) * dy) + Math.abs((y - y0) * dx);
    if (along > 0.5 && along + 2 * aside < least) { least = along + 2 * aside; best = k; }
  });
  nodes[from].setAttribute("tabindex", -1); nodes[best].setAttribute("tabindex", 0); nodes[best].focus();
}
