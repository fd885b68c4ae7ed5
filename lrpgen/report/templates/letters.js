/* Drawing on a track's canvas: letters as high as the relevance of their base, and bars of bases narrower than a pixel.
   `options` is what igv.js hands to a track's draw function; its features are runs {start, end, value}, 0-based. */
"use strict";
const letters = (() => {
  const COLOURS = { A: "#009E73", C: "#0072B2", G: "#E69F00", T: "#D55E00" };
  const GLYPHS = Object.fromEntries(Object.entries({
    A: "M0 100L37 0H63L100 100H77L69.5 76H30.5L23 100ZM36 58H64L50 17Z",
    C: "M100 36C97 13 78 0 53 0C21 0 0 20 0 50C0 80 21 100 53 100C78 100 97 87 100 64H77C75 75 66 81 53 81C34 81 23 70 23 50C23 30 34 19 53 19C66 19 75 25 77 36Z",
    G: "M99 34C95 12 77 0 53 0C21 0 0 20 0 50C0 80 20 100 50 100C63 100 73 96 80 87L83 98H100V46H55V64H78C76 75 67 82 53 82C34 82 23 70 23 50C23 30 34 19 53 19C65 19 73 24 76 34Z",
    T: "M0 0H100V19H61V100H39V19H0Z",
  }).map(([base, path]) => [base, new Path2D(path)]));

  const scale = (track, { pixelHeight }) => {
    const { min, max } = track.dataRange, unit = (pixelHeight - 1) / (max - min);
    return { unit, zero: max * unit };
  };

  /* Letters of [first, last); those of negative values hang below the line. Returns what was drawn: {at, base, value}. */
  function draw(track, options, letterAt, first, last) {
    const { features: runs, context: ctx, bpPerPixel, bpStart, pixelWidth } = options;
    const { unit, zero } = scale(track, options), step = 1 / bpPerPixel, drawn = [];
    for (const run of runs) {
      for (let at = Math.max(run.start, first); at < Math.min(run.end, last); at++) {
        const base = letterAt(at) || "N", tall = Math.abs(run.value) * unit;
        drawn.push({ at, base, value: run.value });
        if (!GLYPHS[base] || tall < 0.5) continue;
        ctx.save();
        ctx.translate((at - bpStart) * step, run.value > 0 ? zero - tall : zero + tall);
        ctx.scale(step / 100, (run.value > 0 ? tall : -tall) / 100);
        ctx.fillStyle = COLOURS[base];
        ctx.fill(GLYPHS[base], "evenodd");
        ctx.restore();
      }
    }
    ctx.fillStyle = "#7d8794";
    ctx.fillRect(0, zero, pixelWidth, 0.8);
    return drawn;
  }

  /* Bars of single bases that no summary replaces: of those in one pixel, the highest and the lowest. */
  function extremes(track, options) {
    const { features: runs, context: ctx, bpPerPixel, bpStart, pixelWidth } = options, { unit, zero } = scale(track, options);
    const high = new Float64Array(pixelWidth), low = new Float64Array(pixelWidth);
    for (const run of runs || []) {
      const last = Math.min(pixelWidth - 1, Math.ceil((run.end - bpStart) / bpPerPixel) - 1);
      for (let x = Math.max(0, Math.floor((run.start - bpStart) / bpPerPixel)); x <= last; x++) {
        high[x] = Math.max(high[x], run.value);
        low[x] = Math.min(low[x], run.value);
      }
    }
    ctx.fillStyle = track.color;
    high.forEach((value, x) => { if (value) ctx.fillRect(x, zero - value * unit, 1, value * unit); });
    ctx.fillStyle = track.altColor;
    low.forEach((value, x) => { if (value) ctx.fillRect(x, zero, 1, -value * unit); });
  }

  return { COLOURS, draw, extremes };
})();
