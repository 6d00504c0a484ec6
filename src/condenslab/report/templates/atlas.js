// The page: one study at a time, filters, downloads, full screen. Parts wait compressed and are inflated when asked for.
const $ = (name) => document.getElementById(name), front = $("front"), view = $("study"), lecture = $("lecture");
const part = (name) => document.querySelector(`script[data-name="${CSS.escape(name)}"]`);
const inflated = new Map();
function inflate(name) {
  if (!inflated.has(name)) inflated.set(name, (async () => {
    const bytes = Uint8Array.from(atob(part(name).textContent), (c) => c.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  })());
  return inflated.get(name);
}
const films = new Set();
let current = "", place = 0, turn = 0;

async function fill(root) {
  for (const box of root.querySelectorAll("[data-film]")) {
    const film = new Film(box, JSON.parse(await inflate(box.dataset.film)));
    films.add(film);
    if ("plays" in box.dataset && !quiet()) film.play();
  }
  for (const box of root.querySelectorAll("[data-plotly]")) {
    if (!window.Plotly) { const script = document.createElement("script"); script.textContent = await inflate("plotly"); document.head.append(script); }
    const figure = JSON.parse(await inflate(box.dataset.plotly));
    await Plotly.newPlot(box, figure.data, figure.layout, { displaylogo: false, responsive: true, plotlyServerURL: "", modeBarButtons: [["toImage", "zoom2d", "resetScale2d"]] });
    if (figure.frames) await Plotly.addFrames(box, figure.frames);
  }
  for (const box of root.querySelectorAll("[data-panels]")) fit(box);
}

// A panel alone: the same drawing, looked at through another window.
function panel(drawing, [x, y, width, height]) {
  const space = "http://www.w3.org/2000/svg", svg = document.createElementNS(space, "svg"), use = document.createElementNS(space, "use");
  svg.setAttribute("viewBox", `${x} ${y} ${width} ${height}`); svg.style.cssText = drawing.style.cssText;
  use.setAttribute("href", `#${drawing.querySelector("g").id}`); svg.append(use); return svg;
}
// On a narrow page the panels of a figure stand under one another, so that nothing is wider than the page.
function fit(box) {
  const drawing = box.querySelector("svg.whole"), panels = JSON.parse(box.dataset.panels), natural = +box.dataset.width;
  const narrow = panels.length > 1 && box.clientWidth < 0.62 * natural;
  box.querySelectorAll("svg.part").forEach((old) => old.remove());
  drawing.classList.toggle("away", narrow);
  drawing.style.maxWidth = `${natural}px`;
  if (narrow) for (const window of panels) {
    const svg = panel(drawing, window); svg.classList.add("part"); svg.style.maxWidth = `${window[2] * 4 / 3}px`; box.append(svg);
  }
  enliven(box);
}

async function route() {
  const asked = decodeURIComponent(location.hash.slice(1)), mine = ++turn;
  const studies = [...document.querySelectorAll("a.card")].map((card) => card.dataset.study);
  const found = studies.filter((name) => asked === name || asked.startsWith(`${name}-`)).sort((a, b) => b.length - a.length)[0];
  films.forEach((film) => film.stop());
  if (!found) {
    if (current) { view.hidden = true; view.replaceChildren(); front.hidden = false; current = ""; scrollTo(0, place); }
    document.title = document.title.replace(/^.* · /, "");
    document.getElementById(asked)?.scrollIntoView();
    return;
  }
  if (found !== current) {
    const text = await inflate(found);
    if (mine !== turn) return;
    if (!current) place = scrollY;
    view.innerHTML = text; view.hidden = false; front.hidden = true; current = found;
    document.title = `${found} · ${document.title.replace(/^.* · /, "")}`;
    await fill(view);
  }
  const target = document.getElementById(asked);
  view.querySelectorAll(".target").forEach((old) => old.classList.remove("target"));
  if (asked === found) { scrollTo(0, 0); view.querySelector("h2").focus({ preventScroll: true }); }
  else if (target) { target.classList.add("target"); target.scrollIntoView({ block: "center" }); }
}

function filter() {
  const wanted = {}, query = $("search").value.trim().toLowerCase();
  for (const button of document.querySelectorAll('[data-filter][aria-pressed="true"]')) (wanted[button.dataset.filter] ??= []).push(button.dataset.value);
  const rows = [...document.querySelectorAll("#claims li")], told = new Set();
  let claims = 0;
  for (const row of rows) {
    const said = row.textContent.toLowerCase().includes(query), verdict = row.classList[0];
    if (query && said) told.add(row.dataset.study);
    const searched = query || wanted.verdict;
    row.hidden = !(said && (wanted.verdict ? wanted.verdict.includes(verdict) : query ? true : verdict !== "holds"));
    if (searched && !row.hidden) claims += 1;
  }
  let shown = 0;
  for (const item of document.querySelectorAll(".cards > li")) {
    const card = item.firstElementChild, words = card.textContent.toLowerCase();
    const fits = Object.entries(wanted).every(([kind, values]) => values.some((value) => item.dataset[kind].split(" ").includes(value)));
    item.hidden = !fits || !(words.includes(query) || told.has(card.dataset.study));
    shown += !item.hidden;
  }
  const cards = new Set([...document.querySelectorAll(".cards > li:not([hidden]) a.card")].map((card) => card.dataset.study));
  for (const row of rows) if (!cards.has(row.dataset.study)) { if (!row.hidden && (query || wanted.verdict)) claims -= 1; row.hidden = true; }
  const any = query || Object.keys(wanted).length;
  $("found").textContent = any ? `${shown} stud${shown === 1 ? "y" : "ies"}${query || wanted.verdict ? `, ${claims} claim${claims === 1 ? "" : "s"}` : ""}` : "";
  if ($("index")) {
    $("index").textContent = query || wanted.verdict ? "Claims found" : $("index").dataset.words;
    $("index").hidden = rows.every((row) => row.hidden);
  }
}

function save(text, name, kind) {
  const link = document.createElement("a"), address = URL.createObjectURL(new Blob([text], { type: kind }));
  link.href = address; link.download = name; link.click(); setTimeout(() => URL.revokeObjectURL(address), 1000);
}
function csv(panels) {
  const quote = (v) => (/[",\n]/.test(String(v)) ? `"${String(v).replaceAll('"', '""')}"` : String(v ?? ""));
  const rows = [["panel", "series", "kind", "row", "column", "x", "y", "z"]];
  panels.forEach((panel, number) => panel.series.forEach((series) => {
    const start = [panel.title || number + 1, series.name, series.kind];
    if (series.left_out) rows.push([...start, "", "", "", "", `${series.left_out} numbers left out: they are in the store`]);
    else if (series.z && !series.x) series.z.forEach((line, i) => [line].flat().forEach((z, j) => rows.push([...start, i, j, "", "", z])));
    else if (series.left) series.left.forEach((left, i) => rows.push([...start, i, "", `${left} to ${series.right[i]}`, `${series.bottom[i]} to ${series.top[i]}`, ""]));
    else (series.x ?? series.y ?? []).forEach((x, i) => rows.push([...start, i, "", series.x ? x : "", series.y?.[i] ?? "", series.z?.[i] ?? ""]));
  }));
  return rows.map((row) => row.map(quote).join(",")).join("\r\n") + "\r\n";
}
async function download(figure, kind) {
  const data = JSON.parse(await inflate(`${current}.data`)), mine = data.figures[figure.id];
  if (kind === "csv") return save(csv(mine.panels), `${figure.id}.csv`, "text/csv");
  const claims = data.claims.filter((claim) => claim.figure === mine.title);
  save(JSON.stringify({ study: data.study, command: data.command, figure: mine.title, claims, panels: mine.panels }, null, 1), `${figure.id}.json`, "application/json");
}

// Full screen: whole where its type is large enough to be read from the last row, else panel after panel.
let slides = [], slide = 0;
function collect(first) {
  slides = [];
  const figures = current ? [...view.querySelectorAll("figure")] : [...front.querySelectorAll("[data-film]")];
  for (const figure of figures) {
    const box = figure.querySelector("[data-panels]"), start = slides.length;
    if (figure === first) slide = start;
    if (!box) { slides.push({ figure }); continue; }
    const [x, y, w, h] = box.querySelector("svg.whole").getAttribute("viewBox").split(" ").map(Number), panels = JSON.parse(box.dataset.panels);
    const type = 8 * Math.min(0.94 * innerWidth / w, 0.8 * innerHeight / h);
    if (type >= 18 || panels.length < 2) slides.push({ figure, box, window: [x, y, w, h] });
    else for (const window of panels) slides.push({ figure, box, window });
  }
}
async function project(k) {
  slide = Math.max(0, Math.min(slides.length - 1, k));
  const { figure, box, window } = slides[slide], stage = lecture.querySelector(".stage");
  stage.replaceChildren();
  if (box) { const svg = panel(box.querySelector("svg.whole"), window); svg.setAttribute("role", "img"); svg.setAttribute("aria-label", box.getAttribute("aria-label")); stage.append(svg); }
  else {
    const source = figure.dataset.film ? figure : figure.querySelector("[data-film], [data-plotly]"), copy = document.createElement("div");
    copy.className = source.className.replace("js-plotly-plot", ""); Object.assign(copy.dataset, { ...(source.dataset.film ? { film: source.dataset.film } : { plotly: source.dataset.plotly }) });
    stage.append(copy); await fill(stage);
  }
  lecture.querySelector(".caption").textContent = figure.dataset.title ?? document.querySelector("h1").textContent;
  lecture.querySelector(".place").textContent = `${slide + 1} of ${slides.length}`;
}
function present(first) {
  const figures = [...view.querySelectorAll("figure")];
  collect(first ?? figures.find((figure) => figure.getBoundingClientRect().bottom > 120));
  if (!slides.length) return;
  films.forEach((film) => film.stop()); lecture.showModal(); project(slide);
}

const THEMES = { "": ["◐", "as the system has them"], light: ["☀", "light"], dark: ["☾", "dark"] };
function theme(next) {
  if (next) document.documentElement.dataset.theme = next; else delete document.documentElement.dataset.theme;
  $("theme").textContent = THEMES[next][0]; $("theme").setAttribute("aria-label", `Colours: ${THEMES[next][1]}`);
  repaint();
}
function repaint() {
  films.forEach((film) => film.root.isConnected && film.draw());
  views.forEach((one) => one.draw());
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.filter) { button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true")); filter(); }
  if (button.dataset.save) download(button.closest("figure"), button.dataset.save);
  if ("lecture" in button.dataset) present(button.closest("figure"));
  if (button.dataset.go) project(slide + +button.dataset.go);
  if ("close" in button.dataset) lecture.close();
  if (button.dataset.copy) navigator.clipboard?.writeText(button.dataset.copy).then(() => (button.textContent = "Copied"), () => {});
  if (button.id === "theme") theme({ "": "light", light: "dark", dark: "" }[document.documentElement.dataset.theme ?? ""]);
});
document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input, textarea, select"), key = event.key.toLowerCase();
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (lecture.open) {
    if (key === "f") lecture.close();
    if (!typing && (key === "arrowright" || key === "pagedown")) project(slide + 1);
    if (!typing && (key === "arrowleft" || key === "pageup")) project(slide - 1);
    return;
  }
  if (typing) { if (key === "escape" && event.target.type === "search") { event.target.value = ""; filter(); } return; }
  if (key === "f") present();
  if (key === "/") { event.preventDefault(); location.hash = ""; setTimeout(() => $("search").focus()); }
  if (key === "escape" && current) location.hash = "";
  const film = [...films].find((one) => one.root.isConnected && one.root.getClientRects().length);
  if (film && !event.target.closest("a, button, summary") && [" ", "arrowleft", "arrowright"].includes(key)) film.key(event);
});
lecture.addEventListener("close", () => { films.forEach((film) => film.stop()); lecture.querySelector(".stage").replaceChildren(); });
$("search").addEventListener("input", filter);
if ($("index")) $("index").dataset.words = $("index").textContent;
addEventListener("hashchange", route);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
let resized; addEventListener("resize", () => { clearTimeout(resized); resized = setTimeout(() => view.querySelectorAll("[data-panels]").forEach(fit), 150); });

// The front first; then the pictures of the cards, one after the other as they come into sight.
addEventListener("DOMContentLoaded", async () => {
  const seen = new IntersectionObserver((entries) => entries.filter((entry) => entry.isIntersecting).forEach(async ({ target }) => {
    seen.unobserve(target);
    const name = `${target.closest("a").dataset.study}.thumb`;
    if (part(name)) target.innerHTML = await inflate(name);
  }), { rootMargin: "400px" });
  document.querySelectorAll(".thumb").forEach((thumb) => seen.observe(thumb));
  await route();
  await fill(front);
});
