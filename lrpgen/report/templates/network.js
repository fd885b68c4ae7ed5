/* The network's page: one class at a time; a chosen channel shows its numbers, what it reads and what it saw. */
const SVG = "http://www.w3.org/2000/svg";

function shape(parent, name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  parent.append(made);
  return made;
}

function drawing(width, height, label, most) {
  const made = document.createElementNS(SVG, "svg");
  made.setAttribute("viewBox", `0 0 ${width} ${height}`);
  made.setAttribute("class", "figure");
  made.setAttribute("role", "img");
  made.setAttribute("aria-label", label);
  made.style.maxWidth = `${most}px`;
  return made;
}

/* Bars from the middle line, the largest magnitude as high as the picture. */
function profile(values, bin, label) {
  const size = Math.max(...values.map(Math.abs)) || 1, wide = 900 / values.length;
  const best = values.reduce((at, value, i) => (Math.abs(value) > Math.abs(values[at]) ? i : at), 0);
  const made = drawing(900, 96, `${label}: strongest ${values[best]} at position ${best * bin + 1} of ${values.length * bin}`, 900);
  values.forEach((value, i) => {
    const tall = (40 * Math.abs(value)) / size;
    if (tall > 0.2) shape(made, "rect", { class: value < 0 ? "negative" : "positive", x: i * wide, y: value < 0 ? 41 : 41 - tall, width: Math.max(wide - 0.4, 0.5), height: tall });
  });
  shape(made, "line", { class: "zero", x1: 0, x2: 900, y1: 41, y2: 41 });
  [[0, "start"], [values.length - 1, "end"]].forEach(([i, anchor]) => { shape(made, "text", { x: i ? 900 : 0, y: 94, "text-anchor": anchor }).textContent = whole(i * bin + 1); });
  return made;
}

/* A square per value, as strong in colour as it is large. */
function picture(rows, label) {
  const size = Math.max(...rows.flat().map(Math.abs)) || 1;
  const made = drawing(10 * rows[0].length, 10 * rows.length, `${label}: largest magnitude ${size}`, 320);
  rows.forEach((row, y) => row.forEach((value, x) => {
    if (value) shape(made, "rect", { class: value < 0 ? "negative" : "positive", x: 10 * x, y: 10 * y, width: 10, height: 10, opacity: (Math.abs(value) / size).toFixed(3) });
  }));
  return made;
}

/* Letters of four rows A, C, G, T: what is above 0 stacked up, the largest on top. */
function letters(rows, label) {
  const columns = rows[0].map((_, i) => rows.map((row, base) => [Math.max(row[i], 0), base]).sort((a, b) => a[0] - b[0]));
  const size = Math.max(...columns.map((column) => column.reduce((sum, [value]) => sum + value, 0))) || 1;
  const best = columns.map((column) => (column[3][0] > 0 ? "ACGT"[column[3][1]] : ".")).join("");
  const made = drawing(20 * columns.length, 84, `${label}: ${best}`, 26 * columns.length);
  columns.forEach((column, i) => {
    let floor = 82;
    for (const [value, base] of column) {
      const tall = (80 * value) / size;
      if (tall < 0.4) continue;
      floor -= tall;
      shape(made, "use", { href: `#glyph-${"ACGT"[base]}`, class: `base-${"ACGT"[base]}`, transform: `translate(${20 * i} ${floor.toFixed(1)}) scale(0.2 ${(tall / 100).toFixed(4)})` });
    }
  });
  return made;
}

function show(data, index) {
  const node = data.nodes[index], unit = node.unit;
  for (const one of document.querySelectorAll(".node")) one.setAttribute("aria-pressed", String(one.dataset.node === String(index)));
  byId("chosen").hidden = false;
  byId("chosen-title").textContent = node.title;
  for (const logo of document.querySelectorAll("[data-logo]")) logo.hidden = logo.dataset.logo !== String(index);
  byId("chosen-rows").replaceChildren(...node.rows.map((cells) => {
    const row = document.createElement("tr");
    cells.forEach((text, i) => { const cell = row.insertCell(); cell.textContent = text; if (i) cell.className = "num"; });
    return row;
  }));
  byId("chosen-heat").replaceChildren(...node.heat.map((values, i) => {
    const figure = document.createElement("figure"), caption = document.createElement("figcaption");
    const label = `${data.groups[i]}, mean relevance`;
    caption.textContent = label + (data.bin > 1 ? `, ${data.bin} positions summed` : "");
    figure.append(Array.isArray(values[0]) ? picture(values, label) : profile(values, data.bin, label), caption);
    return figure;
  }));
  const where = unit && unit.values.length === 4 ? `, positions ${whole(unit.start + 1)} to ${whole(unit.start + unit.values[0].length)}` : "";
  byId("chosen-seen").textContent = node.seen + where;
  byId("chosen-unit").replaceChildren(...(unit ? [(unit.values.length === 4 ? letters : picture)(unit.values, "deconvolution")] : []));
}

function choose(node) {
  load("network").then((data) => show(data, Number(node.dataset.node)), (error) => {
    byId("chosen").hidden = false;
    byId("chosen-title").textContent = error.message;
  });
}

for (const node of document.querySelectorAll(".node")) {
  node.addEventListener("click", () => choose(node));
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    choose(node);
  });
}

for (const button of document.querySelectorAll(".group")) {
  button.addEventListener("click", () => {
    for (const one of document.querySelectorAll(".group")) one.setAttribute("aria-pressed", String(one === button));
    for (const figure of document.querySelectorAll(".network")) figure.hidden = figure.dataset.group !== button.dataset.group;
  });
}
