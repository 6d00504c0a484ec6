// A threshold to move over a spectrum or over counts of groups: the line moves, the count is said in words.
function thresholds(box, parts, within) {
  const panels = new Map();
  for (const part of parts) {
    const key = String(part.panel), old = panels.get(key);
    if (old) old.series.push(...part.series); else panels.set(key, { ...part, series: [...part.series] });
  }
  if (!panels.size) return;
  const root = beside(box, "threshold") ?? beneath(box, "threshold");
  [...panels.values()].forEach((part, k) => {
    const control = root.children[k] ?? slider(root, part), input = control.querySelector("input");
    const lines = within(part).map((layer) => { const line = shape("line", { class: "cut" }); layer.append(line); return line; });
    const move = () => {
      const at = part.ends[0] + +input.value * (part.ends[1] - part.ends[0]), [x, y, w, h] = part.panel;
      const [x1, x2, y1, y2] = part.rule === "above" ? [x, x + w, at, at] : [at, at, y, y + h];
      for (const line of lines) for (const [name, value] of Object.entries({ x1, x2, y1, y2 })) line.setAttribute(name, value);
      const said = counted(part, +input.value);
      control.querySelector("output").textContent = said; input.setAttribute("aria-valuetext", said);
    };
    input.oninput = move; move();
  });
}
function slider(root, { start, limits: [low, high], log, title }) {
  const control = document.createElement("label"), name = document.createElement("span"), input = document.createElement("input"), said = document.createElement("output");
  const share = log ? Math.log(start / low) / Math.log(high / low) : (start - low) / (high - low);
  name.textContent = title ? `Threshold, ${title}` : "Threshold"; Object.assign(input, { type: "range", min: 0, max: 1, step: "any", value: share });
  input.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 0.01, ArrowUp: 0.01, ArrowLeft: -0.01, ArrowDown: -0.01 }[event.key];
    if (!step) return;
    event.preventDefault(); event.stopPropagation(); input.value = +input.value + step; input.oninput();
  });
  control.append(name, input, said); root.append(control);
  return control;
}
function counted({ rule, series, limits: [low, high], log }, share) {
  const level = log ? low * (high / low) ** share : low + share * (high - low);
  if (rule === "above") return series.map(([name, values]) => `${values.filter((value) => value > level * (1 + 1e-9)).length} of ${values.length} ${name} above ${words(level)}`).join("; ");
  const told = series.map(([name, [places, counts]]) => { let k = 0; while (k + 1 < places.length && places[k + 1] <= level * (1 + 1e-9)) k += 1; return `${counts[k].toLocaleString("en")} ${name}`; });
  return `at ${words(level)}: ${told.join("; ")}`;
}
