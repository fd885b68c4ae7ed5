/* The genome browser: igv.js draws tracks; letters scaled by relevance, the region box and what is said are ours.
   Data come from scripts that ran before: browserConfig (config.js) and browserData (data-*.js). */
"use strict";
(async () => {
  const byId = (id) => document.getElementById(id);
  const config = browserConfig, contigs = Object.assign(Object.create(null), config.contigs), data = globalThis.browserData || {};
  const names = Object.keys(contigs);
  const whole = (n) => n.toLocaleString("en-US");
  const say = (text) => { byId("said").textContent = text; };
  /* igv.js puts track names into the page as HTML. */
  const escaped = (text) => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
  const NARROWEST = 5; /* pixels of a base that is drawn as a letter */
  const SHORTEST = 20; /* bases of the closest view */
  /* Bases of the letter view: 100, fewer where the page is narrow (igv.js keeps some 120 pixels beside the tracks). */
  const lettersWide = () => Math.max(SHORTEST, Math.min(100, Math.floor((byId("igv").clientWidth - 120) / (NARROWEST + 1))));

  const features = config.features.map((track, i) => ({
    ...track, id: `features-${i}`,
    rows: data[track.data].map(([chr, start, end, name, score, strand, more, blocks]) => ({ chr, start, end, name, score, strand, more, blocks, track: track.name })),
  }));

  /* ---- regions: {chr, start, end}, 0-based and half-open; written 1-based and closed ---- */
  const written = (r) => `${r.chr}:${whole(r.start + 1)}-${whole(r.end)}`;

  function clamped({ chr, start, end }) {
    const length = contigs[chr], wide = Math.min(Math.max(Math.round(end - start), SHORTEST), length);
    const first = Math.min(Math.max(0, Math.round(start - (wide - (end - start)) / 2)), length - wide);
    return { chr, start: first, end: first + wide };
  }

  /* A region from what somebody typed, or null. Contig names may hold colons. */
  function region(text) {
    const typed = text.trim(), number = (digits) => Number(digits.replaceAll(",", ""));
    const parts = /^(?:(.+):)?([\d,]+)(?:\s*[-\u2013]\s*([\d,]+))?$/.exec(typed);
    if (contigs[typed]) return { chr: typed, start: 0, end: contigs[typed] };
    if (parts && (!parts[1] || contigs[parts[1]])) {
      const chr = parts[1] || view.chr, one = number(parts[2]), other = parts[3] ? number(parts[3]) : one;
      const [low, high] = one <= other ? [one, other] : [other, one];
      if (low < 1 || low > contigs[chr]) return null;
      return parts[3] ? { chr, start: low - 1, end: Math.min(high, contigs[chr]) } : around({ chr, start: low - 1, end: low });
    }
    const wanted = typed.toLowerCase();
    const named = wanted && [...features].sort((a, b) => (b.kind === "annotation") - (a.kind === "annotation"))
      .map((track) => track.rows.find((f) => f.name.toLowerCase() === wanted)).find(Boolean);
    return named ? around(named) : null;
  }

  function around({ chr, start, end }) {
    const edge = Math.max((lettersWide() - (end - start)) / 2, (end - start) / 10);
    return { chr, start: start - edge, end: end + edge };
  }

  const fromHash = () => {
    try { return region(decodeURIComponent(location.hash.slice(1))); } catch { return null; }
  };

  /* ---- igv.js ---- */
  const [chr, start, end] = config.start;
  let view = clamped({ chr, start, end });
  const wanted = fromHash(), elsewhere = wanted ? "" : location.hash.slice(1);
  view = clamped(wanted || view);

  /* From disk no file may be read by path: what is embedded has to do. */
  const disk = location.protocol === "file:";
  const tracks = config.tracks.filter((track) => track.data || !disk);
  function reference() {
    const file = config.reference;
    if (file.url && !disk) return { fastaURL: file.url, indexURL: file.index, ...(file.packed && { compressedIndexURL: file.packed }) };
    if (file.data) return { fastaURL: data[file.data] };
    /* A file in memory: igv.js 3.8 reads sizes from no data URI. */
    return { format: "chromsizes", fastaURL: new File(names.map((name) => `${name}\t${contigs[name]}\n`), "contigs.sizes") };
  }

  /* Stretches of a large genome, {contig: [[start, letters], ...]}: letters where windows were explained. */
  const slices = config.reference.slices && (disk || !config.reference.url) ? data[config.reference.slices] : null;
  function sliced(chr, start, end) {
    let letters = "";
    for (const [from, text] of slices[chr] || []) {
      if (from >= end || from + text.length <= start) continue;
      letters = letters.padEnd(from - start, "N") + text.slice(Math.max(0, start - from), end - from);
    }
    return letters.padEnd(end - start, "N").toUpperCase();
  }

  const LOOKS = {
    hits: { displayMode: "COLLAPSED", height: 44, color: "#2457a6" },
    seqlets: { displayMode: "COLLAPSED", height: 44, color: "#007a5e" },
    annotation: { displayMode: "EXPANDED", height: 45, color: "#1c2330" },
    predictions: { displayMode: "EXPANDED", height: 60, color: (f) => `rgba(36, 87, 166, ${Number.isFinite(f.score) ? 0.35 + (0.65 * f.score) / 1000 : 0.6})` },
  };
  const hasSequence = Boolean(slices || config.reference.data || config.reference.url);

  const signals = tracks.map((track, i) => ({
    id: `signal-${i}`, type: "wig", format: "bigwig", name: escaped(track.name), url: track.data ? data[track.data] : track.url, autoscale: true,
    height: { relevance: 150, windows: 110, signal: 45 }[track.kind],
    windowFunction: track.kind === "windows" ? "none" : "mean", /* summaries of few windows would reach over the gaps */
    color: track.kind !== "signal" ? "#2457a6" : "#7d8794", altColor: "#b5480f",
  }));
  const annotations = features.map((track) => ({
    id: track.id, type: "annotation", name: escaped(track.name), searchable: false, ...LOOKS[track.kind],
    features: track.rows.map((f) => ({
      chr: f.chr, start: f.start, end: f.end, name: f.name, strand: f.strand, ...(f.score !== null && { score: f.score }),
      ...(f.blocks.length && { exons: f.blocks.map(([s, e]) => ({ start: s, end: e })) }),
    })),
  }));

  let browser;
  try {
    browser = await igv.createBrowser(byId("igv"), {
      reference: { id: "lrpgen", name: "genome", wholeGenomeView: false, ...reference() },
      tracks: [...(hasSequence && !slices ? [{ type: "sequence", order: -1 }] : []), ...signals, ...annotations],
      showNavigation: false, showIdeogram: false, showSampleNames: false, loadDefaultGenomes: false, search: false,
      queryParametersSupported: false, minimumBases: SHORTEST, nucleotideColors: { ...letters.COLOURS, N: "#7d8794" },
    });
  } catch (error) {
    say(`The tracks could not be loaded: ${error.message || error}`);
    return;
  }

  /* igv.js resets what it would inherit; in the dark its white is inverted with the rest. */
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(".igv-container { color: #1c2330; color-scheme: only light; }");
  byId("igv").shadowRoot.adoptedStyleSheets.push(sheet);

  /* ---- letters ---- */
  let sequence = null;
  const bases = new Map(); /* by track: what its letters show */

  /* The sequence of a stretch where it is there; else null, and the track is drawn again when it has come. */
  function sequenceOf(track, chr, start, end) {
    if (!hasSequence) return null;
    if (sequence && sequence.chr === chr && sequence.start <= start && end <= sequence.end) return sequence;
    if (slices) return { start, text: sliced(chr, start, end) };
    const from = Math.max(0, start - 500), to = Math.min(contigs[chr], end + 500);
    browser.genome.getSequence(chr, from, to).then((text) => {
      if (!text) return;
      sequence = { chr, start: from, end: to, text: text.toUpperCase() };
      track.trackView.repaintViews();
    });
    return null;
  }

  function drawLetters(track, bars, options) {
    const { features: runs, bpPerPixel, bpStart, pixelWidth } = options;
    const step = 1 / bpPerPixel, chr = view.chr;
    const first = Math.max(0, Math.floor(bpStart)), last = Math.min(contigs[chr], Math.ceil(bpStart + pixelWidth * bpPerPixel));
    const found = step >= NARROWEST ? sequenceOf(track, chr, first, last) : null;
    bases.set(track.id, []);
    if (!found || !runs || !runs.length) { bars(options); return; }
    const drawn = letters.draw(track, options, (at) => found.text[at - found.start], first, last);
    bases.set(track.id, drawn);
    describe();
  }

  const amount = (value) => (value === 0 ? "exactly 0" : `${value > 0 ? "+" : ""}${value.toPrecision(4)}`.replace("-", "\u2212"));

  /* What the letters show, in words and, where it is open, as a table: of the first relevance track with values. */
  function describe() {
    const near = browser.referenceFrameList[0].bpPerPixel * NARROWEST <= 1;
    const inView = ([id, drawn]) => ({ id, seen: near ? drawn.filter((b) => b.at >= view.start && b.at < view.end) : [] });
    const { id, seen } = [...bases].map(inView).find((t) => t.seen.length) || { seen: [] };
    byId("bases").replaceChildren(...(seen.length && byId("as-text").open ? [table(seen)] : []));
    if (!hasSequence) byId("described").textContent = "No letters: the FASTA of the tracks was not found.";
    else if (!near) byId("described").textContent = "Zoom in to see letters.";
    else if (!seen.length) byId("described").textContent = "No window of these tracks covers this view.";
    else {
      const best = seen.reduce((a, b) => (Math.abs(b.value) > Math.abs(a.value) ? b : a));
      byId("described").textContent = `${tracks[id.split("-")[1]].name}: ${whole(seen.length)} bases with a value in view; strongest ${best.base} at ${view.chr}:${whole(best.at + 1)}, relevance ${amount(best.value)}.`;
    }
  }

  function table(rows) {
    const made = document.createElement("table");
    const head = made.createTHead().insertRow();
    for (const text of ["Position", "Base (+)", "Relevance"]) {
      const th = document.createElement("th");
      th.textContent = text; th.scope = "col";
      head.append(th);
    }
    const body = made.createTBody();
    for (const { at, base, value } of rows) {
      const row = body.insertRow();
      for (const text of [whole(at + 1), base, amount(value)]) row.insertCell().textContent = text;
    }
    return made;
  }
  byId("as-text").addEventListener("toggle", describe);

  tracks.forEach((shown, i) => {
    if (shown.kind === "signal") return;
    const track = browser.findTracks("id", `signal-${i}`)[0];
    const bars = shown.kind === "windows" ? (options) => letters.extremes(track, options) : track.draw.bind(track);
    track.draw = (options) => drawLetters(track, bars, options);
  });

  /* ---- moving ---- */
  async function go(wanted, byHash) {
    view = clamped(wanted);
    await browser.updateLoci([{ chr: view.chr, start: view.start, end: view.end }]);
    if (!byHash) show();
  }

  function show() {
    byId("region").value = written(view);
    byId("contig").value = view.chr;
    const hash = `#${encodeURIComponent(view.chr)}:${view.start + 1}-${view.end}`;
    try { history.replaceState(null, "", hash); } catch { /* some browsers forbid it from disk; the region box says the same */ }
    describe();
  }

  browser.on("locuschange", (frames) => {
    const frame = frames[0], right = frame.start + frame.bpPerPixel * byId("igv").clientWidth;
    view = { chr: frame.chr, start: Math.max(0, Math.round(frame.start)), end: Math.min(contigs[frame.chr], Math.round(frame.end || right)) };
    show();
  });

  const pan = (share) => { const by = share * (view.end - view.start); go({ chr: view.chr, start: view.start + by, end: view.end + by }); };
  function zoom(factor, centre = (view.start + view.end) / 2) {
    const left = centre - (centre - view.start) * factor;
    go({ chr: view.chr, start: left, end: left + (view.end - view.start) * factor });
  }
  byId("left").addEventListener("click", () => pan(-0.25));
  byId("right").addEventListener("click", () => pan(0.25));
  byId("in").addEventListener("click", () => zoom(0.5));
  byId("out").addEventListener("click", () => zoom(2));
  byId("whole").addEventListener("click", () => go({ chr: view.chr, start: 0, end: contigs[view.chr] }));
  byId("letters").addEventListener("click", () => {
    const centre = (view.start + view.end) / 2;
    go({ chr: view.chr, start: centre - lettersWide() / 2, end: centre + lettersWide() / 2 });
  });
  byId("contig").addEventListener("change", () => go({ chr: byId("contig").value, start: 0, end: contigs[byId("contig").value] }));
  byId("region-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const wanted = region(byId("region").value);
    if (!wanted) { say(`Nothing is called \u201c${byId("region").value}\u201d; type a region such as ${written(view)}, a contig, or the name of a feature.`); return; }
    say("");
    go(wanted);
  });
  window.addEventListener("hashchange", () => { const wanted = fromHash(); if (wanted) go(wanted); });

  byId("igv").addEventListener("keydown", (event) => {
    const moves = {
      ArrowLeft: () => pan(event.shiftKey ? -1 : -0.2), ArrowRight: () => pan(event.shiftKey ? 1 : 0.2),
      "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2), n: () => stepBy(1), p: () => stepBy(-1),
    };
    if (event.target !== byId("igv") || !moves[event.key] || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    moves[event.key]();
  });
  byId("igv").addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    const box = byId("igv").getBoundingClientRect();
    zoom(event.deltaY > 0 ? 1.5 : 1 / 1.5, view.start + ((event.clientX - box.left) / box.width) * (view.end - view.start));
  }, { passive: false });

  byId("copy").addEventListener("click", async () => {
    const text = `${view.chr}:${view.start + 1}-${view.end}`;
    try { await navigator.clipboard.writeText(text); } catch {
      byId("region").value = text;
      byId("region").select();
      document.execCommand("copy");
    }
    say(`Copied ${text}`);
  });

  /* ---- features ---- */
  const tell = (f) => say(`${f.track}: ${f.name || "no name"}, ${written(f)} (${f.strand.replace("-", "\u2212")})${f.score === null ? "" : `, score ${Number(f.score.toPrecision(4))}`}${f.more ? `; ${f.more}` : ""}`);

  browser.on("trackclick", (track, shown, place) => {
    const at = Math.floor(place), known = features.find((t) => t.id === track.id);
    const edge = known ? 2 * browser.referenceFrameList[0].bpPerPixel : 0;
    const hit = known && known.rows.find((f) => f.chr === view.chr && f.start - edge <= at && at < f.end + edge);
    const base = (bases.get(track.id) || []).find((b) => b.at === at);
    if (hit) tell(hit);
    else if (base) say(`${base.base} at ${view.chr}:${whole(at + 1)}: relevance ${amount(base.value)}`);
    return false; /* no window of igv.js's own: it would read names as HTML */
  });

  for (const track of features) byId("step").append(new Option(track.total > track.rows.length ? `${track.name} (strongest ${whole(track.rows.length)} of ${whole(track.total)})` : track.name, track.id));
  for (const id of ["step-label", "previous", "next"]) byId(id).hidden = features.length === 0;

  function stepBy(direction) {
    const track = features.find((t) => t.id === byId("step").value);
    if (!track) return;
    const order = (f) => [names.indexOf(f.chr), (f.start + f.end) / 2];
    const here = [names.indexOf(view.chr), (view.start + view.end) / 2];
    const beyond = (f) => { const [c, m] = order(f); return c === here[0] ? direction * (m - here[1]) > 1 : direction * (c - here[0]) > 0; };
    const next = (direction > 0 ? track.rows : [...track.rows].reverse()).find(beyond);
    if (!next) { say("No further feature."); return; }
    tell(next);
    go(around(next));
  }
  byId("previous").addEventListener("click", () => stepBy(-1));
  byId("next").addEventListener("click", () => stepBy(1));

  for (const name of names) byId("contig").append(new Option(`${name} (${whole(contigs[name])}\u202fbp)`, name));
  if (byId("served")) byId("served").hidden = !disk;
  await go(view);
  if (elsewhere) say(`${elsewhere} is not on these tracks.`);
  document.body.dataset.ready = "true";
})();
