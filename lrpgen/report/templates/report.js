"use strict";
(() => {
  const data = JSON.parse(document.getElementById("report-data").textContent);
  const byId = (id) => document.getElementById(id);
  const NS = "http://www.w3.org/2000/svg";
  const whole = (n) => n.toLocaleString("en-US").replace("-", "\u2212");
  const decimals = (n, d) => n.toFixed(d).replace("-", "\u2212");

  /* Reverse-complement switch of the pattern cards. */
  for (const button of document.querySelectorAll(".flip")) {
    button.addEventListener("click", () => {
      const card = button.closest(".card");
      const reverse = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(reverse));
      card.querySelector(".forward").hidden = reverse;
      card.querySelector(".reverse").hidden = !reverse;
    });
  }

  /* On a narrow screen a mean logo starts where the site is: at the line. */
  for (const box of document.querySelectorAll(".meanlogo .scroll")) {
    const line = box.querySelector(".middle");
    if (line) box.scrollLeft += line.getBoundingClientRect().left - box.getBoundingClientRect().left - box.clientWidth / 2;
  }

  /* The section being read is marked in the navigation. */
  const links = new Map([...document.querySelectorAll("nav a")].map((a) => [a.hash.slice(1), a]));
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      for (const a of links.values()) a.removeAttribute("aria-current");
      const link = links.get(entry.target.id);
      if (link) link.setAttribute("aria-current", "true");
    }
  }, { rootMargin: "-15% 0px -75% 0px" });
  for (const section of document.querySelectorAll("main > section")) seen.observe(section);

  if (!byId("loci-table")) return;

  /* Loci: rows of the embedded table as objects; `at(i)` is base i of the window, 5' to 3' of the strand. */
  const loci = data.loci.map((row, order) => {
    const locus = Object.fromEntries(data.fields.map((key, i) => [key, row[i]]));
    const bytes = Uint8Array.from(atob(locus.relevance), (c) => c.charCodeAt(0));
    const view = new DataView(bytes.buffer);
    locus.values = Array.from({ length: bytes.length / 2 }, (_, i) => view.getInt16(2 * i, true) * locus.scale);
    locus.order = order;
    locus.title = `${locus.chrom}:${whole(locus.start + 1)}\u2013${whole(locus.end)}`;
    locus.search = `${locus.chrom} ${locus.name} ${locus.start + 1} ${locus.end} ${locus.chrom}:${locus.start + 1}-${locus.end}`.toLowerCase();
    return locus;
  });
  /* 1-based coordinate of base i; on the minus strand it falls as i rises. */
  const coordinate = (locus, i) => (locus.strand === "-" ? locus.end - i : locus.start + 1 + i);
  const offset = (i, origin) => { const step = i - origin; return step >= 0 ? `+${step + 1}` : `\u2212${-step}`; };
  const zeros = (share) => `${share === 0 ? "0" : share < 0.01 ? "<\u202f1" : Math.round(100 * share)}\u202f%`;
  const sign = (strand) => (strand === "-" ? "\u2212" : strand);

  const state = { key: "logit", direction: -1, chosen: null, full: false, cursor: null, shown: [] };

  /* ---- table ---- */
  const sorters = {
    position: (a, b) => (a.chrom < b.chrom ? -1 : a.chrom > b.chrom ? 1 : a.start - b.start),
    text: (key) => (a, b) => (a[key] < b[key] ? -1 : a[key] > b[key] ? 1 : 0),
    value: (key) => (a, b) => a[key] - b[key],
  };
  const compare = (key) => key === "position" ? sorters.position : typeof loci[0][key] === "string" ? sorters.text(key) : sorters.value(key);

  function cell(row, text, css) {
    const td = row.insertCell();
    td.textContent = text;
    if (css) td.className = css;
    return td;
  }

  for (const locus of loci) {
    const row = document.createElement("tr");
    row.dataset.order = locus.order;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = data.genome ? locus.title : `${locus.name || locus.chrom}`;
    button.title = locus.name;
    cell(row, "").append(button);
    cell(row, sign(locus.strand));
    const name = cell(row, "");
    const swatch = document.createElement("span");
    swatch.className = `swatch ${data.styles[locus.class] || "c0"}`;
    name.append(swatch, locus.class);
    cell(row, locus.split, locus.split === "test" ? "" : "faint");
    cell(row, decimals(locus.probability, 3), "num");
    cell(row, decimals(locus.logit, 2), "num");
    cell(row, decimals(locus.sum, 2), "num");
    cell(row, zeros(locus.zeros), "num");
    cell(row, `${locus.half}\u202fbp`, "num");
    row.addEventListener("click", () => choose(locus, true));
    locus.row = row;
  }

  function fill(id, key) {
    for (const value of [...new Set(loci.map((l) => l[key]))].sort()) {
      const option = document.createElement("option");
      option.value = value;
      option.textContent = key === "strand" ? sign(value) : value;
      byId(id).append(option);
    }
  }
  fill("filter-class", "class"); fill("filter-split", "split"); fill("filter-strand", "strand");

  function update() {
    const want = { class: byId("filter-class").value, split: byId("filter-split").value, strand: byId("filter-strand").value };
    const text = byId("filter-text").value.trim().toLowerCase().replaceAll(",", "");
    state.shown = loci.filter((l) => Object.entries(want).every(([key, value]) => !value || l[key] === value) && (!text || matches(l, text)));
    const order = compare(state.key);
    state.shown.sort((a, b) => state.direction * order(a, b) || a.order - b.order);
    byId("loci-table").tBodies[0].replaceChildren(...state.shown.map((l) => l.row));
    byId("shown").textContent = `${whole(state.shown.length)} of ${whole(loci.length)}`;
    for (const button of document.querySelectorAll("#loci-table thead button")) {
      const on = button.dataset.key === state.key;
      button.closest("th").setAttribute("aria-sort", on ? (state.direction > 0 ? "ascending" : "descending") : "none");
    }
  }

  /* A bare number finds the loci that cover this coordinate. */
  function matches(locus, text) {
    if (/^\d+$/.test(text) && locus.start < Number(text) && Number(text) <= locus.end) return true;
    return locus.search.includes(text);
  }

  for (const button of document.querySelectorAll("#loci-table thead button")) {
    button.addEventListener("click", () => {
      const numeric = typeof loci[0][button.dataset.key] === "number";
      state.direction = button.dataset.key === state.key ? -state.direction : numeric ? -1 : 1;
      state.key = button.dataset.key;
      update();
    });
  }
  byId("filters").addEventListener("input", update);
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("loci-table").tBodies[0].addEventListener("keydown", (event) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    const row = event.target.closest("tr");
    const other = step > 0 ? row.nextElementSibling : step < 0 ? row.previousElementSibling : null;
    if (!step) return;
    event.preventDefault();
    if (other) other.querySelector("button").focus();
  });

  /* ---- viewer ---- */
  function shape(tag, attributes, parent) {
    const node = document.createElementNS(NS, tag);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    parent.append(node);
    return node;
  }

  function choose(locus, byHand) {
    if (state.chosen) state.chosen.row.removeAttribute("aria-selected");
    state.chosen = locus;
    state.cursor = null;
    locus.row.setAttribute("aria-selected", "true");
    byId("viewer-title").textContent = `${data.genome ? locus.title : locus.chrom} (${sign(locus.strand)})`;
    byId("viewer-sub").textContent = `${locus.name ? `${locus.name} \u00b7 ` : ""}${locus.class}${data.parts ? `, ${locus.split} part` : ""} \u00b7 ${data.prediction} ${decimals(locus.probability, 3)} \u00b7 relevance sum ${decimals(locus.sum, 2)} \u00b7 ${zeros(locus.zeros)} zeros`;
    draw();
    if (byHand) byId("viewer").scrollIntoView({ block: "nearest" });
  }

  /* The 60 bases around the origin, moved where the window ends before. */
  function around(origin, width) {
    const first = Math.min(Math.max(0, origin - 30), Math.max(0, width - 60));
    return [first, Math.min(width, first + 60)];
  }

  function draw() {
    const locus = state.chosen, width = locus.values.length;
    const [first, last] = state.full ? [0, width] : around(locus.origin, width);
    const canvas = byId("canvas"), margin = { left: 46, right: 18, top: 26, height: 150 };
    const room = Math.max(260, canvas.clientWidth - margin.left - margin.right);
    const step = Math.max(room / (last - first), state.full ? 4.2 : 9);
    const values = locus.values.slice(first, last);
    const top = Math.max(0, ...values), bottom = Math.min(0, ...values);
    const unit = margin.height / (top - bottom || 1), zero = margin.top + top * unit;
    const total = margin.left + step * (last - first) + margin.right;
    const base = margin.top + margin.height, tall = base + 60;
    const svg = document.createElementNS(NS, "svg");
    const strongest = values.reduce((best, v, i) => (Math.abs(v) > Math.abs(values[best]) ? i : best), 0) + first;
    const label = `${locus.class} site ${locus.title}, strand ${sign(locus.strand)}; strongest base ${locus.sequence[strongest]} at ${whole(coordinate(locus, strongest))}, relevance ${decimals(locus.values[strongest], 3)}`;
    for (const [key, value] of Object.entries({ width: total, height: tall, viewBox: `0 0 ${total} ${tall}`, role: "img", "aria-label": label })) svg.setAttribute(key, value);
    const x = (i) => margin.left + step * (i - first);
    for (const value of [top, bottom]) {
      if (Math.abs(value * unit) < 16) continue;
      shape("text", { class: "tick", x: margin.left - 6, y: zero - value * unit + 4, "text-anchor": "end" }, svg).textContent = decimals(value, 2);
    }
    shape("text", { class: "tick", x: margin.left - 6, y: zero + 4, "text-anchor": "end" }, svg).textContent = "0";
    shape("line", { class: "zero", x1: margin.left, x2: total - margin.right, y1: zero, y2: zero }, svg);
    const middle = locus.origin;
    shape("line", { class: "middle", x1: x(middle), x2: x(middle), y1: margin.top - 8, y2: base + 18 }, svg);
    for (let i = first; i < last; i++) letter(svg, locus, i, x(i), step, zero, unit, base);
    rulers(svg, locus, first, last, x, step, margin.top - 12, base);
    for (let i = first; i < last; i++) {
      shape("rect", {
        class: "hit", x: x(i), y: margin.top - 6, width: step, height: margin.height + 26, "data-i": i, "data-base": locus.sequence[i],
        "data-position": coordinate(locus, i), "data-relevance": Number(locus.values[i].toPrecision(6)),
      }, svg);
    }
    canvas.replaceChildren(svg);
    if (canvas.scrollWidth > canvas.clientWidth) canvas.scrollLeft = x(middle) - canvas.clientWidth / 2;
    byId("zoom-middle").setAttribute("aria-pressed", String(!state.full));
    byId("zoom-full").setAttribute("aria-pressed", String(state.full));
    point(state.cursor);
  }

  function letter(svg, locus, i, x, step, zero, unit, base) {
    const value = locus.values[i], name = locus.sequence[i], tall = Math.abs(value) * unit;
    if (name !== "N" && tall >= 0.5) {
      const place = value > 0 ? `translate(${x} ${zero - tall}) scale(${step / 100} ${tall / 100})` : `translate(${x} ${zero + tall}) scale(${step / 100} ${-tall / 100})`;
      shape("use", { href: `#glyph-${name}`, class: `base-${name}`, transform: place }, svg);
    }
    if (step >= 7) shape("text", { class: `letter base-${name}`, x: x + step / 2, y: base + 14, "text-anchor": "middle" }, svg).textContent = name;
  }

  /* Above: places counted from the origin. Below: coordinates of the contig, descending on the minus strand. */
  function rulers(svg, locus, first, last, x, step, above, base) {
    const middle = locus.origin;
    const gap = [5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000].find((g) => g * step >= 76) || 10000;
    for (let i = first; i < last; i++) {
      const from = i - middle, place = from >= 0 ? from + 1 : from, at = coordinate(locus, i), centre = x(i) + step / 2;
      if (place % gap === 0) shape("text", { class: "tick", x: centre, y: above, "text-anchor": "middle" }, svg).textContent = offset(i, middle);
      if (at % gap === 0 && centre > 60 && centre < x(last) - 24) {
        shape("line", { class: "zero", x1: centre, x2: centre, y1: base + 20, y2: base + 26 }, svg);
        shape("text", { class: "tick", x: centre, y: base + 40, "text-anchor": "middle" }, svg).textContent = whole(at);
      }
    }
    const end = shape("text", { class: "tick", x: x(first), y: base + 56 }, svg);
    end.textContent = `5\u2032 \u2192 3\u2032 of the ${locus.strand === "-" ? "minus" : "plus"} strand; ${data.genome ? `coordinates on ${locus.chrom}` : "positions in the sequence"}, 1-based`;
  }

  function point(i) {
    const canvas = byId("canvas");
    for (const on of canvas.querySelectorAll(".hit.on")) on.classList.remove("on");
    const hit = i === null ? null : canvas.querySelector(`.hit[data-i="${i}"]`);
    if (!hit) return;
    state.cursor = i;
    hit.classList.add("on");
    const locus = state.chosen, value = locus.values[i];
    const amount = value === 0 ? "exactly 0" : `${value > 0 ? "+" : ""}${Math.abs(value) < 0.001 ? value.toExponential(1).replaceAll("-", "\u2212") : decimals(value, 4)}`;
    byId("readout").textContent = `${locus.sequence[i]} at ${locus.chrom}:${whole(coordinate(locus, i))} (${sign(locus.strand)}), ${offset(i, locus.origin)} from ${data.from}: relevance ${amount}`;
  }

  byId("canvas").addEventListener("pointermove", (event) => {
    const hit = event.target.closest(".hit");
    if (hit) point(Number(hit.dataset.i));
  });
  byId("canvas").addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step || !state.chosen) return;
    event.preventDefault();
    const cells = [...byId("canvas").querySelectorAll(".hit")].map((h) => Number(h.dataset.i));
    const next = state.cursor === null ? state.chosen.origin : state.cursor + step;
    point(Math.min(Math.max(next, cells[0]), cells[cells.length - 1]));
  });
  byId("zoom-middle").addEventListener("click", () => { state.full = false; draw(); });
  byId("zoom-full").addEventListener("click", () => { state.full = true; draw(); });
  const move = (step) => {
    const here = state.shown.indexOf(state.chosen);
    const next = state.shown[Math.min(Math.max(here + step, 0), state.shown.length - 1)];
    if (!next) return;
    choose(next, false);
    next.row.scrollIntoView({ block: "nearest" });
  };
  byId("previous").addEventListener("click", () => move(-1));
  byId("next").addEventListener("click", () => move(1));
  let timer = 0;
  window.addEventListener("resize", () => { clearTimeout(timer); timer = setTimeout(draw, 120); });

  update();
  choose(state.shown.find((l) => l.split === "test") || state.shown[0], false);
})();
