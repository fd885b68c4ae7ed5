/* The table of loci: rows come from data/loci.js, the bases of a locus from data/bases_N.js when it is chosen. */
const ROW = 34; /* pixels; report.css says the same */
const SPARE = 12; /* rows drawn above and below those in sight */

function fail(error) {
  viewer.empty();
  byId("viewer-sub").textContent = error.message;
}

function start(data) {
  const zeros = (share) => `${share === 0 ? "0" : share < 0.01 ? "<\u202f1" : Math.round(100 * share)}\u202f%`;
  const loci = data.rows.map((row, order) => {
    const locus = Object.fromEntries(data.fields.map((key, i) => [key, row[i]]));
    locus.order = order;
    locus.title = `${locus.chrom}:${whole(locus.start + 1)}\u2013${whole(locus.end)}`;
    locus.search = `${locus.chrom} ${locus.name} ${locus.start + 1} ${locus.end} ${locus.chrom}:${locus.start + 1}-${locus.end}`.toLowerCase();
    return locus;
  });
  const state = { key: "logit", direction: -1, chosen: null, shown: [] };
  const table = byId("loci-table"), body = table.tBodies[0], box = byId("loci-box");
  const wide = table.tHead.rows[0].cells.length;

  /* ---- rows in sight ---- */
  function cell(row, text, css) {
    const td = row.insertCell();
    td.textContent = text;
    if (css) td.className = css;
    return td;
  }

  function build(locus) {
    const row = document.createElement("tr");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = data.genome ? locus.title : `${locus.name || locus.chrom}`;
    button.title = locus.name;
    cell(row, "").append(button);
    cell(row, sign(locus.strand));
    const swatch = document.createElement("span");
    swatch.className = `swatch ${data.styles[locus.class] || "c0"}`;
    cell(row, "").append(swatch, locus.class);
    cell(row, locus.split, locus.split === "test" ? "" : "faint");
    cell(row, decimals(locus.probability, 3), "num");
    cell(row, decimals(locus.logit, 2), "num");
    cell(row, decimals(locus.sum, 2), "num");
    cell(row, zeros(locus.zeros), "num");
    cell(row, `${locus.half}\u202fbp`, "num");
    row.addEventListener("click", () => choose(locus, true));
    return row;
  }

  /* Empty rows stand for those above and below the ones that exist. */
  const [above, below] = [0, 1].map(() => {
    const row = document.createElement("tr");
    row.className = "spacer";
    row.setAttribute("aria-hidden", "true");
    row.insertCell().colSpan = wide;
    return row;
  });

  let range = [0, 0];
  function render(force) {
    const first = Math.max(0, Math.floor(box.scrollTop / ROW) - SPARE);
    const last = Math.min(state.shown.length, Math.ceil((box.scrollTop + box.clientHeight) / ROW) + SPARE);
    if (!force && first === range[0] && last === range[1]) return;
    range = [first, last];
    const rows = state.shown.slice(first, last).map((locus, i) => {
      locus.row ||= build(locus);
      locus.row.dataset.order = locus.order;
      locus.row.setAttribute("aria-rowindex", first + i + 2);
      if (locus === state.chosen) locus.row.setAttribute("aria-selected", "true");
      return locus.row;
    });
    above.cells[0].style.setProperty("height", `${first * ROW}px`);
    below.cells[0].style.setProperty("height", `${(state.shown.length - last) * ROW}px`);
    if (first) rows.unshift(above);
    if (last < state.shown.length) rows.push(below);
    arrange(rows);
  }

  /* Rows that stay are not taken out, or the focus would leave them and the table jump. */
  function arrange(rows) {
    let next = body.firstChild;
    for (const row of rows) {
      if (row === next) next = next.nextSibling;
      else body.insertBefore(row, next);
    }
    const keep = new Set(rows);
    for (const row of [...body.rows]) {
      if (keep.has(row)) continue;
      if (row.contains(document.activeElement)) box.focus({ preventScroll: true });
      row.remove();
    }
  }

  /* Scroll the table, not the page, until row `i` stands clear of the header. */
  function reveal(i) {
    const head = table.tHead.offsetHeight, top = i * ROW;
    if (top < box.scrollTop) box.scrollTop = top;
    else if (top + ROW + head > box.scrollTop + box.clientHeight) box.scrollTop = top + ROW + head - box.clientHeight;
    render(true);
  }

  /* ---- sorting and filtering ---- */
  const sorters = {
    position: (a, b) => (a.chrom < b.chrom ? -1 : a.chrom > b.chrom ? 1 : a.start - b.start),
    text: (key) => (a, b) => (a[key] < b[key] ? -1 : a[key] > b[key] ? 1 : 0),
    value: (key) => (a, b) => a[key] - b[key],
  };
  const compare = (key) => key === "position" ? sorters.position : typeof loci[0][key] === "string" ? sorters.text(key) : sorters.value(key);

  function fill(id, key) {
    for (const value of [...new Set(loci.map((l) => l[key]))].sort()) {
      const option = document.createElement("option");
      option.value = value;
      option.textContent = key === "strand" ? sign(value) : value;
      byId(id).append(option);
    }
  }
  fill("filter-class", "class"); fill("filter-split", "split"); fill("filter-strand", "strand");

  /* A bare number finds the loci that cover this coordinate. */
  function matches(locus, text) {
    if (/^\d+$/.test(text) && locus.start < Number(text) && Number(text) <= locus.end) return true;
    return locus.search.includes(text);
  }

  function update() {
    const want = { class: byId("filter-class").value, split: byId("filter-split").value, strand: byId("filter-strand").value };
    const text = byId("filter-text").value.trim().toLowerCase().replaceAll(",", "");
    state.shown = loci.filter((l) => Object.entries(want).every(([key, value]) => !value || l[key] === value) && (!text || matches(l, text)));
    const order = compare(state.key);
    state.shown.sort((a, b) => state.direction * order(a, b) || a.order - b.order);
    table.setAttribute("aria-rowcount", state.shown.length + 1);
    byId("shown").textContent = `${whole(state.shown.length)} of ${whole(loci.length)}`;
    for (const button of table.tHead.querySelectorAll("button")) {
      const on = button.dataset.key === state.key;
      button.closest("th").setAttribute("aria-sort", on ? (state.direction > 0 ? "ascending" : "descending") : "none");
    }
    box.scrollTop = 0;
    render(true);
  }

  for (const button of table.tHead.querySelectorAll("button")) {
    button.addEventListener("click", () => {
      const numeric = typeof loci[0][button.dataset.key] === "number";
      state.direction = button.dataset.key === state.key ? -state.direction : numeric ? -1 : 1;
      state.key = button.dataset.key;
      update();
    });
  }
  byId("filters").addEventListener("input", update);
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  box.addEventListener("scroll", () => render(false), { passive: true });
  window.addEventListener("resize", () => render(true));
  body.addEventListener("keydown", (event) => {
    const page = Math.max(1, Math.floor(box.clientHeight / ROW) - 2), all = state.shown.length;
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -all, End: all }[event.key];
    const row = event.target.closest("tr");
    if (!step || !row) return;
    event.preventDefault();
    const next = Math.min(Math.max(state.shown.indexOf(loci[row.dataset.order]) + step, 0), all - 1);
    reveal(next);
    state.shown[next].row.querySelector("button").focus({ preventScroll: true });
  });

  /* ---- the chosen locus ---- */
  async function choose(locus, byHand) {
    state.chosen?.row?.removeAttribute("aria-selected");
    state.chosen = locus;
    locus.row?.setAttribute("aria-selected", "true");
    byId("viewer-title").textContent = `${data.genome ? locus.title : locus.chrom} (${sign(locus.strand)})`;
    byId("viewer-sub").textContent = `${locus.name ? `${locus.name} \u00b7 ` : ""}${locus.class}${data.parts ? `, ${locus.split} part` : ""} \u00b7 ${data.prediction} ${decimals(locus.probability, 3)} \u00b7 relevance sum ${decimals(locus.sum, 2)} \u00b7 ${zeros(locus.zeros)} zeros`;
    if (byHand) byId("viewer").scrollIntoView({ block: "nearest" });
    try {
      const part = await load(`bases_${Math.floor(locus.order / data.per)}`);
      if (state.chosen !== locus) return; /* another one was chosen meanwhile */
      viewer.show({ ...locus, ...unpack(part[locus.order % data.per]) }, data);
    } catch (error) {
      if (state.chosen === locus) fail(error);
    }
  }

  function unpack([sequence, scale, packed]) {
    const view = new DataView(Uint8Array.from(atob(packed), (c) => c.charCodeAt(0)).buffer);
    return { sequence, values: Array.from({ length: sequence.length }, (_, i) => view.getInt16(2 * i, true) * scale) };
  }

  const move = (step) => {
    const next = Math.min(Math.max(state.shown.indexOf(state.chosen) + step, 0), state.shown.length - 1);
    if (next < 0) return;
    choose(state.shown[next], false);
    reveal(next);
  };
  byId("previous").addEventListener("click", () => move(-1));
  byId("next").addEventListener("click", () => move(1));

  /* loci.html#NAME opens the locus of that name. */
  function named() {
    let name = "";
    try { name = decodeURIComponent(location.hash.slice(1)); } catch { return false; }
    const found = name ? state.shown.findIndex((l) => l.name === name) : -1;
    if (found < 0) return false;
    choose(state.shown[found], true);
    reveal(found);
    return true;
  }
  window.addEventListener("hashchange", named);

  update();
  if (!named()) choose(state.shown.find((l) => l.split === "test") || state.shown[0], false);
}

if (byId("loci-table")) load("loci").then(start).catch(fail);
