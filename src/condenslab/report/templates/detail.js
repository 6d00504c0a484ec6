// What opens from a place of a figure: the function and the neurons of a run, or what its seeds gave.
function unfold(box, words, detail) {
  const figure = box.closest("figure");
  figure.querySelector(".live.detail")?.remove();
  const panel = beneath(box, "detail"), head = document.createElement("p"), title = document.createElement("b"), close = document.createElement("button");
  panel.setAttribute("role", "status");
  close.type = "button"; close.textContent = "close"; close.className = "shut"; close.addEventListener("click", () => panel.remove());
  title.textContent = words; head.append(title, " ", close); panel.append(head);
  if (detail.show === "run") views.add(new RunView(panel, detail)); else seeds(panel, detail);
}
class RunView {
  constructor(root, detail) {
    this.root = root; this.detail = detail;
    const stages = document.createElement("div"); stages.className = "stages film"; root.append(stages);
    for (const name of detail.neurons ? ["function", "neurons"] : ["function"]) {
      const canvas = document.createElement("canvas"); canvas.className = name; canvas.setAttribute("role", "img"); stages.append(canvas);
    }
    const ys = detail.y, range = `from ${words(Math.min(...ys))} to ${words(Math.max(...ys))}`;
    root.querySelector(".function").setAttribute("aria-label", `The function of x from ${words(detail.x[0])} to ${words(detail.x.at(-1))}: it goes ${range}.`);
    if (detail.neurons) {
      const strong = detail.neurons[1].filter((share) => share >= 0.05).length;
      root.querySelector(".neurons").setAttribute("aria-label", `${detail.neurons[0].length} neurons, ${strong} of them above 5 % of the largest amplitude.`);
    }
    new ResizeObserver(() => this.draw()).observe(stages);
  }
  draw() {
    if (!this.root.isConnected) return views.delete(this);
    const { x, y, samples, neurons } = this.detail, { axes, line } = Film.prototype, [pen, box] = Film.prototype.canvas.call(this, "function");
    const heights = [...y, ...(samples?.[1] ?? [])], low = Math.min(...heights), high = Math.max(...heights), room = 0.06 * (high - low || 1);
    const X = (v) => box.left + (v - x[0]) / (x.at(-1) - x[0] || 1) * box.width, Y = (v) => box.top + box.height - (v - low + room) / (high - low + 2 * room) * box.height;
    axes(pen, box, "Function", "input x", ticks(x[0], x.at(-1)), ticks(low - room, high + room), X, Y);
    pen.strokeStyle = css("--strong"); pen.lineWidth = 2; line(pen, x, y, X, Y);
    pen.fillStyle = css("--soft");
    samples?.[0].forEach((v, i) => { pen.beginPath(); pen.arc(X(v), Y(samples[1][i]), 3, 0, 7); pen.fill(); });
    if (neurons) this.drawNeurons(neurons);
  }
  drawNeurons([angles, shares]) {
    const [pen, box] = Film.prototype.canvas.call(this, "neurons"), X = (a) => box.left + (a + Math.PI) / (2 * Math.PI) * box.width, Y = (v) => box.top + box.height - v / 1.08 * box.height;
    Film.prototype.axes(pen, box, "Neurons: direction, share of the largest", "direction atan2(b, w)", [[-Math.PI, "−π"], [-Math.PI / 2, "−π/2"], [0, "0"], [Math.PI / 2, "π/2"], [Math.PI, "π"]], [[0, "0"], [0.5, "0.5"], [1, "1"]], X, Y);
    pen.fillStyle = css("--g0"); pen.globalAlpha = 0.6;
    angles.forEach((angle, i) => { pen.beginPath(); pen.arc(X(angle), Y(shares[i]), 3, 0, 7); pen.fill(); });
  }
}
function seeds(root, { name, rows, log }) {
  const scale = (v) => (log ? Math.log10(Math.max(v, 1e-300)) : v), known = rows.filter(([, v]) => v !== null).map(([, v]) => scale(v));
  const low = Math.min(...known), high = Math.max(...known), list = document.createElement("ul"), caption = document.createElement("p");
  caption.className = "soft"; caption.textContent = `${name}, ${rows.length === 1 ? "one run" : `${rows.length} runs`}${log ? ", logarithmic" : ""}`;
  list.className = "seeds";
  for (const [run, value] of rows) {
    const row = document.createElement("li"), label = document.createElement("span"), bar = document.createElement("i"), number = document.createElement("b");
    label.textContent = run; number.textContent = value === null ? "diverged" : words(value);
    if (value !== null) { const dot = document.createElement("u"); dot.style.left = `${high > low ? 100 * (scale(value) - low) / (high - low) : 50}%`; bar.append(dot); }
    row.append(label, bar, number); list.append(row);
  }
  root.append(caption, list);
}
