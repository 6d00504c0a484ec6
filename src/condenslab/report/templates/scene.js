// A surface in space that turns by dragging and by the arrow keys; farther faces are drawn first.
function scene(root, part) {
  const canvas = document.createElement("canvas"), hint = document.createElement("p"); let turn = part.turn, tilt = part.tilt;
  Object.assign(canvas, { tabIndex: 0, className: "space" }); canvas.setAttribute("role", "application"); canvas.setAttribute("aria-roledescription", "surface to turn");
  hint.className = "soft"; hint.textContent = "Drag, or use the arrow keys, to turn it."; root.append(canvas, hint);
  const say = () => canvas.setAttribute("aria-label", `${part.words} Turned by ${Math.round(turn * 180 / Math.PI)}°, tilted by ${Math.round(tilt * 180 / Math.PI)}°. Arrow keys turn it.`);
  const project = ([x, y, z]) => {
    const u = x * Math.cos(turn) - y * Math.sin(turn), v = x * Math.sin(turn) + y * Math.cos(turn);
    return [u, z * Math.cos(tilt) - v * Math.sin(tilt), v * Math.cos(tilt) + z * Math.sin(tilt)];
  };
  const draw = () => {
    if (!root.isConnected) return views.delete(view);
    const ratio = devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight, pen = canvas.getContext("2d");
    if (!width) return;
    canvas.width = width * ratio; canvas.height = height * ratio; pen.scale(ratio, ratio); pen.font = "13px system-ui, sans-serif";
    const size = Math.min(width, height) * 0.235, at = (p) => [width / 2 + size * p[0], height / 2 - size * p[1]];
    const points = part.points.map(project), things = part.faces.map(([corners, colour]) => ({ corners, colour, depth: corners.reduce((sum, k) => sum + points[k][2], 0) / corners.length }));
    for (const line of part.lines) for (let k = 0; k + 1 < line.points.length; k += 1) {
      const ends = [project(line.points[k]), project(line.points[k + 1])];
      things.push({ ends, line, depth: (ends[0][2] + ends[1][2]) / 2 - 0.03 });
    }
    for (const thing of things.sort((one, other) => other.depth - one.depth)) {
      pen.beginPath();
      for (const p of thing.ends ?? thing.corners.map((k) => points[k])) pen.lineTo(...at(p));
      if (thing.ends) { pen.strokeStyle = css(thing.line.colour); pen.lineWidth = thing.line.thick; pen.lineCap = "round"; pen.stroke(); continue; }
      pen.closePath(); pen.fillStyle = pen.strokeStyle = part.colours[thing.colour]; pen.lineWidth = 0.5; pen.globalAlpha = 0.92; pen.fill(); pen.stroke(); pen.globalAlpha = 1;
    }
    pen.textAlign = "center";
    for (const { text, point, colour } of part.labels) { const [x, y] = at(project(point)); pen.lineWidth = 4; pen.strokeStyle = css("--card"); pen.strokeText(text, x, y); pen.fillStyle = css(colour); pen.fillText(text, x, y); }
    say();
  };
  const view = { root, draw }; views.add(view);
  canvas.addEventListener("pointerdown", (event) => canvas.setPointerCapture(event.pointerId));
  canvas.addEventListener("pointermove", (event) => { if (!event.buttons) return; turn += event.movementX / 120; tilt = Math.max(-1.5, Math.min(1.5, tilt + event.movementY / 120)); draw(); });
  canvas.addEventListener("keydown", (event) => {
    const [a, b] = { ArrowRight: [0.12, 0], ArrowLeft: [-0.12, 0], ArrowUp: [0, 0.12], ArrowDown: [0, -0.12] }[event.key] ?? [0, 0];
    if (a || b) { event.preventDefault(); event.stopPropagation(); turn += a; tilt = Math.max(-1.5, Math.min(1.5, tilt + b)); draw(); }
  });
  new ResizeObserver(draw).observe(canvas);
}
