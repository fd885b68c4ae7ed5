/* The base-level view: letters of one locus scaled by relevance, read out by pointer and arrow keys. */
const sign = (strand) => (strand === "-" ? "\u2212" : strand);

const viewer = (() => {
  const NS = "http://www.w3.org/2000/svg";
  const shown = { locus: null, full: false, cursor: null };
  let words = {};
  /* 1-based coordinate of base i of the window, 5' to 3' of the strand; on the minus strand it falls as i rises. */
  const coordinate = (locus, i) => (locus.strand === "-" ? locus.end - i : locus.start + 1 + i);
  const offset = (i, origin) => { const step = i - origin; return step >= 0 ? `+${step + 1}` : `\u2212${-step}`; };

  function shape(tag, attributes, parent) {
    const node = document.createElementNS(NS, tag);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    parent.append(node);
    return node;
  }

  /* The 60 bases around the origin, moved where the window ends before. */
  function around(origin, width) {
    const first = Math.min(Math.max(0, origin - 30), Math.max(0, width - 60));
    return [first, Math.min(width, first + 60)];
  }

  function draw() {
    const locus = shown.locus, width = locus.values.length;
    const [first, last] = shown.full ? [0, width] : around(locus.origin, width);
    const canvas = byId("canvas"), margin = { left: 46, right: 18, top: 26, height: 150 };
    const room = Math.max(260, canvas.clientWidth - margin.left - margin.right);
    const step = Math.max(room / (last - first), shown.full ? 4.2 : 9);
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
    byId("zoom-middle").setAttribute("aria-pressed", String(!shown.full));
    byId("zoom-full").setAttribute("aria-pressed", String(shown.full));
    point(shown.cursor);
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
    end.textContent = `5\u2032 \u2192 3\u2032 of the ${locus.strand === "-" ? "minus" : "plus"} strand; ${words.genome ? `coordinates on ${locus.chrom}` : "positions in the sequence"}, 1-based`;
  }

  function point(i) {
    const canvas = byId("canvas");
    for (const on of canvas.querySelectorAll(".hit.on")) on.classList.remove("on");
    const hit = i === null ? null : canvas.querySelector(`.hit[data-i="${i}"]`);
    if (!hit) return;
    shown.cursor = i;
    hit.classList.add("on");
    const locus = shown.locus, value = locus.values[i];
    const amount = value === 0 ? "exactly 0" : `${value > 0 ? "+" : ""}${Math.abs(value) < 0.001 ? value.toExponential(1).replaceAll("-", "\u2212") : decimals(value, 4)}`;
    byId("readout").textContent = `${locus.sequence[i]} at ${locus.chrom}:${whole(coordinate(locus, i))} (${sign(locus.strand)}), ${offset(i, locus.origin)} from ${words.from}: relevance ${amount}`;
  }

  byId("canvas").addEventListener("pointermove", (event) => {
    const hit = event.target.closest(".hit");
    if (hit) point(Number(hit.dataset.i));
  });
  byId("canvas").addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step || !shown.locus) return;
    event.preventDefault();
    const cells = [...byId("canvas").querySelectorAll(".hit")].map((h) => Number(h.dataset.i));
    const next = shown.cursor === null ? shown.locus.origin : shown.cursor + step;
    point(Math.min(Math.max(next, cells[0]), cells[cells.length - 1]));
  });
  const zoom = (full) => { shown.full = full; if (shown.locus) draw(); };
  byId("zoom-middle").addEventListener("click", () => zoom(false));
  byId("zoom-full").addEventListener("click", () => zoom(true));
  let timer = 0;
  window.addEventListener("resize", () => { clearTimeout(timer); timer = setTimeout(() => zoom(shown.full), 120); });

  return {
    /* `locus` with `sequence` and `values`; `about`: {genome, from} of the whole table. */
    show(locus, about) {
      words = about;
      Object.assign(shown, { locus, cursor: null });
      draw();
    },
    empty() {
      shown.locus = null;
      byId("canvas").replaceChildren();
      byId("readout").textContent = "";
    },
  };
})();
