// Heat maps of cosines in other orders of the neurons: the cosines are those of the vectors that the figure gives.
const SHADES = ["053061", "2166ac", "4393c3", "92c5de", "d1e5f0", "f7f7f7", "fddbc7", "f4a582", "d6604d", "b2182b", "67001f"].map((text) => [0, 2, 4].map((k) => parseInt(text.slice(k, k + 2), 16)));
function shade(value) {
  const at = Math.max(0, Math.min(9.999, (value + 1) * 5)), k = Math.floor(at);
  return SHADES[k].map((one, c) => one + (at - k) * (SHADES[k + 1][c] - one));
}
function picture(vectors, order) {
  const canvas = document.createElement("canvas"), size = order.length; canvas.width = canvas.height = size;
  const pen = canvas.getContext("2d"), image = pen.createImageData(size, size);
  order.forEach((one, i) => order.forEach((other, j) => {
    let cosine = 0; for (let d = 0; d < vectors[one].length; d += 1) cosine += vectors[one][d] * vectors[other][d];
    const place = 4 * (i * size + j), colour = shade(cosine);
    for (let c = 0; c < 3; c += 1) image.data[place + c] = colour[c];
    image.data[place + 3] = 255;
  }));
  pen.putImageData(image, 0, 0); return canvas.toDataURL();
}
function reorders(box, parts, within) {
  const names = [...new Set(parts.flatMap((part) => Object.keys(part.orders)))];
  if (!names.length) return;
  const root = beside(box, "orders") ?? beneath(box, "orders"), group = `order-${box.closest("figure").id}`;
  if (!root.children.length) {
    root.setAttribute("role", "radiogroup"); root.setAttribute("aria-label", "Order of the neurons");
    for (const name of ["as drawn", ...names]) {
      const label = document.createElement("label"), input = document.createElement("input");
      Object.assign(input, { type: "radio", name: group, value: name, checked: name === "as drawn" }); label.append(input, name === "as drawn" ? name : `by ${name}`); root.append(label);
      input.addEventListener("keydown", (event) => event.stopPropagation());
    }
  }
  const draw = () => {
    const chosen = root.querySelector("input:checked").value;
    box.querySelectorAll("image.order").forEach((old) => old.remove());
    for (const part of parts) if (part.orders[chosen]) {
      const [x, y, width, height] = part.panel, href = picture(part.vectors, part.orders[chosen]);
      within(part).forEach((layer) => layer.prepend(shape("image", { x, y, width, height, href, class: "order", preserveAspectRatio: "none" })));
    }
  };
  root.onchange = draw; draw();
}
