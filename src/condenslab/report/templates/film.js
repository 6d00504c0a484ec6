// The film: function, neurons and risk of one training run on three canvases, time on the axis of the risk curve.
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const SUPERSCRIPT = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const power = (n) => (n < 0 ? "⁻" : "") + [...String(Math.abs(n))].map((d) => SUPERSCRIPT[d]).join("");
function words(v, digits = 3) {
  if (v === 0) return "0";
  const size = Math.abs(v);
  if (size >= 1e-3 && size < 1e4) return String(+v.toPrecision(digits)).replace("-", "−");
  const [m, e] = v.toExponential(digits - 1).split("e");
  return `${String(+m).replace("-", "−")}×10${power(+e)}`;
}
function ticks(a, b) {
  const step = 10 ** Math.floor(Math.log10((b - a) / 2)), by = (b - a) / step > 6 ? 2.5 * step : step, all = [];
  for (let v = Math.ceil(a / by) * by; v <= b + 1e-9; v += by) all.push([v, words(Math.abs(v) < by / 1e6 ? 0 : v)]);
  return all;
}
const quiet = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

class Film {
  constructor(root, film) {
    this.root = root; this.film = film; this.frame = film.times.length - 1; this.logarithmic = false; this.timer = 0;
    root.replaceChildren(document.getElementById("film").content.cloneNode(true));
    this.range = root.querySelector("input"); this.button = root.querySelector(".play"); this.scale = root.querySelector(".scale");
    const from = film.times.find((t) => t > 0) ?? 1;
    this.low = Math.log10(from); this.high = Math.max(Math.log10(film.times.at(-1) || from), this.low + 1e-9);
    this.range.min = this.low; this.range.max = this.high;
    this.range.addEventListener("input", () => { this.stop(); this.show(this.nearest(+this.range.value)); });
    this.range.addEventListener("keydown", (event) => this.key(event));
    this.button.addEventListener("click", () => this.toggle());
    this.scale.addEventListener("click", () => this.rescale());
    const risk = root.querySelector(".risk");
    const drag = (event) => { if (event.buttons) { this.stop(); this.show(this.nearest(this.low + (event.offsetX - this.box.left) / this.box.width * (this.high - this.low))); } };
    risk.addEventListener("pointerdown", drag); risk.addEventListener("pointermove", drag);
    this.range.setAttribute("aria-label", "Time of the run, logarithmic; arrow keys step, space plays");
    this.key_of_colours();
    this.watch = new ResizeObserver(() => this.draw()); this.watch.observe(root);
    this.show(this.frame);
  }
  nearest(log) {
    const logs = this.film.times.map((t) => Math.log10(Math.max(t, 10 ** this.low)));
    return logs.reduce((best, t, k) => (Math.abs(t - log) < Math.abs(logs[best] - log) ? k : best), 0);
  }
  key(event) {
    const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (step) { event.preventDefault(); this.stop(); this.show(this.frame + step); }
    if (event.key === " ") { event.preventDefault(); this.toggle(); }
  }
  show(k) {
    this.frame = Math.max(0, Math.min(this.film.times.length - 1, k));
    const time = this.film.times[this.frame];
    this.range.value = Math.log10(Math.max(time, 10 ** this.low));
    this.range.setAttribute("aria-valuetext", `time ${words(time)}, risk ${words(this.film.risk[this.frame])}, ${this.film.strong[this.frame]} neurons above ${100 * this.film.threshold} %`);
    this.draw();
  }
  toggle() { if (this.timer) this.stop(); else this.play(); }
  play() {
    if (this.frame === this.film.times.length - 1) this.show(0);
    this.timer = setInterval(() => { if (!this.root.isConnected) return this.stop(); this.show(this.frame + 1); if (this.frame === this.film.times.length - 1) this.stop(); }, 160);
    this.label();
  }
  stop() { clearInterval(this.timer); this.timer = 0; this.label(); }
  label() { this.button.textContent = this.timer ? "❚❚ pause" : "▶ play"; this.button.setAttribute("aria-pressed", String(!!this.timer)); }
  rescale() {
    this.logarithmic = !this.logarithmic;
    this.scale.textContent = `amplitude: ${this.logarithmic ? "logarithmic" : "linear"}`;
    this.scale.setAttribute("aria-pressed", String(this.logarithmic)); this.draw();
  }
  colour(group) { return group < 0 ? css("--faint") : css(`--g${group % 6}`); }
  key_of_colours() {
    const line = this.root.querySelector(".key");
    const others = this.film.neurons - this.film.groups.filter((g) => g >= 0).length;
    const named = this.film.names.map((name, k) => [`var(--g${k % 6})`, name]);
    for (const [colour, name] of named.length ? [...named, ["var(--faint)", `the other ${others.toLocaleString("en")}`]] : []) {
      const dot = document.createElement("i"), text = document.createElement("span");
      dot.style.background = colour; text.append(dot, name); line.append(text);
    }
  }
  draw() {
    this.strip(); this.drawFunction(); this.drawNeurons(); this.drawRisk();
  }
  strip() {
    const film = this.film, now = [[`above ${100 * film.threshold} % of the largest now`, film.strong[this.frame].toLocaleString("en"), "neurons"]];
    const facts = [...film.facts.slice(0, 1), ...now, ...film.facts.slice(1), ["time t", words(film.times[this.frame])], ["risk R", words(film.risk[this.frame])]];
    this.root.querySelector(".strip").replaceChildren(...facts.map(([name, value, unit]) => {
      const box = document.createElement("div"), term = document.createElement("dt"), what = document.createElement("dd");
      term.textContent = (unit ? `${unit} ` : "") + name; what.textContent = value; box.append(what, term); return box;
    }));
  }
  canvas(name, gap = 0) {
    const canvas = this.root.querySelector(`.${name}`), large = this.root.closest("dialog") ? 1.6 : 1;
    const width = canvas.clientWidth, height = canvas.clientHeight, ratio = devicePixelRatio || 1;
    canvas.width = width * ratio; canvas.height = height * ratio;
    const pen = canvas.getContext("2d"); pen.scale(ratio, ratio);
    pen.size = 12 * large; pen.font = `${pen.size}px system-ui, sans-serif`;
    const box = { left: 48 * large, top: 26 * large, width: width - 60 * large, height: height - 62 * large - gap };
    return [pen, box];
  }
  axes(pen, box, title, label, xticks, yticks, X, Y, gap = 0) {
    pen.strokeStyle = css("--line"); pen.fillStyle = css("--soft"); pen.lineWidth = 1;
    pen.textAlign = "center";
    for (const [v, text] of xticks) { pen.beginPath(); pen.moveTo(X(v), box.top); pen.lineTo(X(v), box.top + box.height); pen.stroke(); pen.fillText(text, X(v), box.top + box.height + gap + pen.size * 1.25); }
    pen.fillText(label, box.left + box.width / 2, box.top + box.height + gap + pen.size * 2.5);
    pen.textAlign = "right";
    for (const [v, text] of yticks) { pen.beginPath(); pen.moveTo(box.left, Y(v)); pen.lineTo(box.left + box.width, Y(v)); pen.stroke(); pen.fillText(text, box.left - 6, Y(v) + pen.size / 3); }
    pen.textAlign = "left"; pen.fillStyle = css("--ink"); pen.font = `600 ${pen.size * 1.15}px system-ui, sans-serif`;
    pen.fillText(title, box.left, pen.size * 1.25, box.width); pen.font = `${pen.size}px system-ui, sans-serif`;
  }
  line(pen, xs, ys, X, Y) { pen.beginPath(); xs.forEach((x, i) => (i ? pen.lineTo(X(x), Y(ys[i])) : pen.moveTo(X(x), Y(ys[i])))); pen.stroke(); }
  drawFunction() {
    const film = this.film, [pen, box] = this.canvas("function");
    const heights = [...film.outputs.flat(), ...(film.target ?? []), ...(film.samples?.[1] ?? [])];
    const low = heights.reduce((a, b) => Math.min(a, b)), high = heights.reduce((a, b) => Math.max(a, b)), room = 0.06 * (high - low || 1);
    const X = (x) => box.left + (x - film.x[0]) / (film.x.at(-1) - film.x[0] || 1) * box.width;
    const Y = (y) => box.top + box.height - (y - low + room) / (high - low + 2 * room) * box.height;
    this.axes(pen, box, "What the network computes", "input x", ticks(film.x[0], film.x.at(-1)), ticks(low, high), X, Y);
    if (film.target) { pen.strokeStyle = css("--soft"); pen.setLineDash([5, 4]); this.line(pen, film.x, film.target, X, Y); pen.setLineDash([]); }
    pen.fillStyle = css("--soft");
    film.samples?.[0].forEach((x, i) => { pen.beginPath(); pen.arc(X(x), Y(film.samples[1][i]), 3, 0, 7); pen.fill(); });
    pen.strokeStyle = css("--strong"); pen.lineWidth = 2.5; this.line(pen, film.x, film.outputs[this.frame], X, Y);
  }
  drawNeurons() {
    const film = this.film, [pen, box] = this.canvas("neurons"), logs = film.amplitudes[this.frame], angles = film.angles[this.frame];
    const every = film.amplitudes.flat(), floor = Math.floor(every.reduce((a, b) => Math.min(a, b))), top = Math.max(Math.ceil(every.reduce((a, b) => Math.max(a, b)) + 0.3), floor + 1);
    const largest = logs.reduce((a, b) => Math.max(a, b)), full = 10 ** largest;
    const X = (a) => box.left + (a + Math.PI) / (2 * Math.PI) * box.width;
    const Y = this.logarithmic ? (v) => box.top + box.height - (v - floor) / (top - floor) * box.height : (v) => box.top + box.height - 10 ** v / (1.08 * full || 1) * box.height;
    const step = Math.max(1, Math.round((top - floor) / 5)), decades = [];
    for (let e = top; e >= floor; e -= step) decades.push([e, `10${power(e)}`]);
    const yticks = this.logarithmic ? decades : [[-Infinity, "0"], [largest + Math.log10(0.5), "0.5"], [largest, "1"]];
    this.axes(pen, box, `Every neuron: direction, ${this.logarithmic ? "amplitude" : "share of the largest"}`, "direction atan2(b, w)", [[-Math.PI, "−π"], [-Math.PI / 2, "−π/2"], [0, "0"], [Math.PI / 2, "π/2"], [Math.PI, "π"]], yticks, X, Y);
    const mark = largest + Math.log10(film.threshold);
    pen.strokeStyle = pen.fillStyle = css("--soft"); pen.setLineDash([5, 4]); this.line(pen, [-Math.PI, Math.PI], [mark, mark], X, Y); pen.setLineDash([]);
    pen.textAlign = "right"; pen.fillText(`${100 * film.threshold} % of the largest`, box.left + box.width - 2, Y(mark) - 5);
    for (const strong of [false, true]) logs.forEach((v, i) => {
      if (film.groups[i] >= 0 !== strong) return;
      pen.globalAlpha = strong ? 1 : v >= mark ? 0.75 : 0.4; pen.fillStyle = this.colour(film.groups[i]);
      pen.beginPath(); pen.arc(X(angles[i]), Y(v), strong ? pen.size * 0.6 : 3, 0, 7); pen.fill();
    });
    pen.globalAlpha = 1;
  }
  drawRisk() {
    const film = this.film, [pen, box] = this.canvas("risk", 12); this.box = box;
    Object.assign(this.range.style, { left: `${box.left - 9}px`, width: `${box.width + 18}px`, top: `${box.top + box.height - 2}px` });
    const [times, risks] = film.curve, kept = times.map((t, i) => i).filter((i) => times[i] > 0 && risks[i] > 0);
    const logs = kept.map((i) => Math.log10(risks[i]));
    const low = Math.floor(logs.length ? Math.min(...logs) : -1), high = Math.max(Math.ceil(logs.length ? Math.max(...logs) : 0), low + 1);
    const X = (t) => box.left + (Math.log10(Math.max(t, 10 ** this.low)) - this.low) / (this.high - this.low) * box.width;
    const Y = (r) => box.top + box.height - (Math.log10(Math.max(r, 10 ** low)) - low) / (high - low) * box.height;
    const powers = (a, b, most) => { const step = Math.max(1, Math.ceil((b - a) / most)), all = []; for (let e = Math.ceil(a - 1e-9); e <= b + 1e-9; e += step) all.push([10 ** e, `10${power(e)}`]); return all; };
    this.axes(pen, box, "Risk: drag the time", "time t", powers(this.low, this.high, box.width / 60), powers(low, high, 5), X, Y, 12);
    pen.textAlign = "left";
    for (const [name, risk] of film.levels) { pen.strokeStyle = pen.fillStyle = css("--soft"); pen.setLineDash([5, 4]); this.line(pen, [10 ** this.low, 10 ** this.high], [risk, risk], X, Y); pen.setLineDash([]); pen.fillText(`${name}, R = ${words(risk)}`, box.left + 6, Y(risk) + pen.size * 1.2); }
    pen.strokeStyle = css("--ink"); pen.lineWidth = 2; this.line(pen, kept.map((i) => times[i]), kept.map((i) => risks[i]), X, Y);
    pen.fillStyle = css("--strong"); pen.beginPath(); pen.arc(X(film.times[this.frame]), Y(film.risk[this.frame] || 10 ** low), 7, 0, 7); pen.fill();
  }
}
