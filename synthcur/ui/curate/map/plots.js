// What lies behind the dots of the plane, and the histogram: pictures of SVG, and their numbers.

const PLANE_MARGIN = { l: 54, r: 8, t: 26, b: 38 };
const HISTOGRAM_MARGIN = { l: 54, r: 8, t: 6, b: 22 };
const PLANE_LEAST = 0.0001;

/** Where each synthetic row lies on the plane, in natural logarithms, cut at the lower end. */
export function planePoints(points) {
  const { n, logP, logQ } = points;
  const values = Float64Array.from([...logP.subarray(0, n), ...logQ]).sort();
  const rare = values[Math.floor(values.length * 0.01)] ?? Math.log(0.01);
  const low = Math.min(Math.log(0.008), Math.max(Math.log(PLANE_LEAST), rare + Math.log(0.8)));
  const cut = (logs) => Float32Array.from(logs, (value) => Math.min(0, Math.max(low, value)));
  return { low, x: cut(logQ), y: cut(logP.subarray(0, n)) };
}

/** Range of both axes of the plane. */
const planeRange = (low) => [low - 0.1, 0.16];

/** The plane as a `PointChart` wants it. It is small: more marks would only hide each other. */
export function planeChart(plane) {
  const range = planeRange(plane.low);
  return {
    places: plane,
    ranges: { x: range, y: range },
    words: 'Quality against diversity of every synthetic row, log scales.',
    margin: PLANE_MARGIN,
    limit: { most: 12_000, left: 12_000 },
  };
}

/** What stands beside the title of the plane. */
export const planeNote = ({ inView, drawn }) =>
  (drawn < inView ? `1 row in ${Math.round(inView / drawn)}` : 'log scales');

/**
 * Draw grid, lines of equal weight, quarters and axes of the plane.
 * @param {number} cut natural logarithm of 1/K, where the quarters meet
 * @param {{isMiddle: boolean, ends: number[][]}[]} lines
 */
export function fillPlane(node, { low, cut, lines }, colours, { width, height }) {
  if (!isNews(node, [low, cut, lines, colours, width, height])) return;
  const { l, r, t, b } = PLANE_MARGIN;
  const [from, to] = planeRange(low);
  const across = (value) => l + ((value - from) / (to - from)) * (width - l - r);
  const up = (value) => height - b - ((value - from) / (to - from)) * (height - t - b);
  const decades = [0.0001, 0.001, 0.01, 0.1, 1].filter((tick) => Math.log(tick) >= low);
  const grid = decades.flatMap((tick) => {
    const [x, y] = [across(Math.log(tick)), up(Math.log(tick))];
    return [
      line(x, t, x, height - b, { stroke: colours.grid }),
      line(l, y, width - r, y, { stroke: colours.grid }),
      label(String(tick), x, height - b + 15, 'middle'),
      label(String(tick), l - 6, y + 4, 'end'),
    ];
  });
  const iso = lines.map(({ ends: [[x0, y0], [x1, y1]], isMiddle }) =>
    line(across(x0), up(y0), across(x1), up(y1), isMiddle
      ? { stroke: colours.text }
      : { 'stroke': colours.reference, 'stroke-dasharray': '2 3' }));
  const quarters = cut <= low ? [] : [
    line(across(cut), t, across(cut), height - b, { stroke: colours.reference }),
    line(l, up(cut), width - r, up(cut), { stroke: colours.reference }),
  ];
  const middle = t + (height - t - b) / 2;
  const side = label('P′, fits real data', 12, middle, 'middle');
  side.setAttribute('transform', `rotate(-90 12 ${middle})`);
  const below = label('Q, seen by generator', l + (width - l - r) / 2, height - 6, 'middle');
  node.replaceChildren(...grid, ...quarters, ...iso, side, below);
}

const line = (x1, y1, x2, y2, style) => svg('line', { x1, y1, x2, y2, ...style });
const label = (text, x, y, anchor) => svg('text', { x, y, 'text-anchor': anchor }, text);

/**
 * Ends of the line on which every row has the same log ratio, over Q from `low` to 0; null where
 * the rule does not depend on P' and Q. Of the rule that filters, where it begins to keep rows.
 */
export function isoLine(logRatio, settings, low) {
  const { rule, quality_exponent: a, diversity_exponent: b, n_labels: labels } = settings;
  if (rule === 'ce' || logRatio === null) return null;
  if (rule === 'quality_filter') {
    const least = leastLogP(settings);
    return clipped([[low, least], [0, least]], low);
  }
  const slope = rule === 'imp' ? b : 0;
  const shift = rule === 'dimp' ? b * Math.log(labels) : 0;
  if (a === 0) {
    if (slope === 0) return null;
    const x = -logRatio / slope;
    return clipped([[x, low], [x, 0]], low);
  }
  const at = (x) => (logRatio - shift + slope * x) / a;
  return clipped([[low, at(low)], [0, at(0)]], low);
}

/** The part of a segment that lies in the square from `low` to 0, or null. */
function clipped([[x0, y0], [x1, y1]], low) {
  let from = 0;
  let to = 1;
  for (const [start, change] of [[x0, x1 - x0], [y0, y1 - y0]]) {
    if (change === 0 && (start < low || start > 0)) return null;
    if (change === 0) continue;
    const ends = [(low - start) / change, (0 - start) / change].sort((one, two) => one - two);
    from = Math.max(from, ends[0]);
    to = Math.min(to, ends[1]);
  }
  const at = (share) => [x0 + share * (x1 - x0), y0 + share * (y1 - y0)];
  return from < to ? [at(from), at(to)] : null;
}

/**
 * Draw a bar for each step of weight, and the outline of what the bars are compared with.
 * @param {number[]|null} before
 * @param {{position: number, text: string}[]} ticks along the steps, positions from 0 to 1
 */
export function fillHistogram(node, counts, before, ticks, colours, { width, height }) {
  if (!isNews(node, [counts, before, colours, width, height])) return;
  const { l, r, t, b } = HISTOGRAM_MARGIN;
  const highest = Math.max(1, ...counts, ...(before ?? []));
  const step = (width - l - r) / counts.length;
  const up = (rows) => height - b - (rows / (highest * 1.06)) * (height - t - b);
  const grid = roundTicks(highest).flatMap((tick) => [
    line(l, up(tick), width - r, up(tick), { stroke: colours.grid }),
    label(count(tick), l - 6, up(tick) + 4, 'end'),
  ]);
  const bars = counts.map((rows, i) => svg('rect', {
    x: l + (i + 0.07) * step,
    y: up(rows),
    width: 0.86 * step,
    height: Math.max(0, height - b - up(rows)),
    fill: colours.weight_bins[i],
  }));
  const words = ticks.map((tick) =>
    label(tick.text, l + tick.position * (width - l - r), height - b + 15, 'middle'));
  node.replaceChildren(...grid, ...bars, ...words);
  if (!before) return;
  const corners = before.flatMap((rows, i) => [[l + i * step, up(rows)], [l + (i + 1) * step, up(rows)]]);
  node.append(svg('polyline', {
    'points': corners.map((corner) => corner.map((each) => each.toFixed(1)).join(',')).join(' '),
    'fill': 'none',
    'stroke': colours.text,
    'stroke-dasharray': '2 3',
  }));
}

/** Two to four round numbers from 0 to a number of rows. */
export function roundTicks(highest) {
  const decade = 10 ** Math.floor(Math.log10(highest / 2));
  const step = Math.max(1, [1, 2, 5, 10].map((each) => each * decade).find((each) => highest / each < 4));
  return Array.from({ length: Math.floor(highest / step) + 1 }, (_, i) => i * step);
}
