// Which marks are drawn and in what order, and how dense the rows lie. Pure: no page.

export const SHAPES = { circle: 0, diamond: 1, cross: 2 };
export const MOST_LOOKS = 64;

const QUIETEST_FIRST = [4, 5, 3, 6, 2, 7, 1, 8, 0, 9];
const REAL = 0;
const LEFT_OUT = 1;
const SYNTHETIC = 2;
const STEPS = 3;

/**
 * Looks of the marks of the map in drawing order: without a colour, then the steps of the ramp;
 * then the same for what is selected.
 * @param {boolean} isDimmed whether something is selected, so that the rest steps back
 */
export function markLooks(ramp, colours, size, isDimmed) {
  const diamond = (colour) =>
    ({ shape: 'diamond', radius: 0.62 * size, stroke: 1.3, colour, opacity: 0.9 });
  const circle = (colour, opacity) =>
    ({ shape: 'circle', radius: (size - 1) / 2, stroke: 0, colour, opacity });
  const looks = [
    circle(colours.text, 0.55),
    { shape: 'cross', radius: size / 2, stroke: 1.3, colour: colours.discard, opacity: 0.6 },
    diamond(colours.reference),
    ...stepOrder(ramp).map((step) => circle(ramp[step], 0.9)),
    ...stepOrder(ramp).map((step) => diamond(ramp[step])),
  ];
  return withPicked(looks, isDimmed, 0.5);
}

/** Looks of the dots of the plane: the steps of the weights, then the same for the selected. */
export function dotLooks(ramp, size, isDimmed) {
  const looks = stepOrder(ramp).map((step) =>
    ({ shape: 'circle', radius: size / 2, stroke: 0, colour: ramp[step], opacity: 0.75 }));
  return withPicked(looks, isDimmed, 0.25);
}

const stepOrder = (ramp) => (ramp.length === 10 ? QUIETEST_FIRST : ramp.map((_, step) => step));

function withPicked(looks, isDimmed, dimmed) {
  const rest = looks.map((look) =>
    (isDimmed ? { ...look, opacity: Math.min(look.opacity, dimmed) } : look));
  return [...rest, ...looks.map((look) => ({ ...look, radius: look.radius + 0.3, opacity: 1 }))];
}

/** Position of every step of a ramp in the order of drawing. */
function ranksOf(ramp) {
  const ranks = [];
  stepOrder(ramp).forEach((step, rank) => { ranks[step] = rank; });
  return ranks;
}

/**
 * Look of every row on the map, an index into `markLooks`.
 * @param {{ramp: string[], step: (row: number) => number}} scale step is -1 for no colour
 */
export function mapLooks(points, scale, mask) {
  const ranks = ranksOf(scale.ramp);
  const picked = STEPS + 2 * ranks.length;
  const looks = new Uint8Array(points.rows);
  for (let row = 0; row < points.rows; row++) {
    const isReal = row >= points.n;
    const step = scale.step(row);
    let look = isReal ? REAL : SYNTHETIC;
    if (!points.kept[row]) look = LEFT_OUT;
    else if (step >= 0) look = STEPS + (isReal ? 0 : ranks.length) + ranks[step];
    looks[row] = look + (mask[row] ? picked : 0);
  }
  return looks;
}

/** Look of every synthetic row on the plane, an index into `dotLooks`. */
export function planeLooks(steps, ramp, mask) {
  const ranks = ranksOf(ramp);
  return steps.map((step, row) => ranks[step] + (mask[row] ? ranks.length : 0));
}

/**
 * Rows to draw of those in view. Where more than `limit.most` lie in view they are thinned evenly to
 * `limit.left`, the selected ones by themselves; a row that is drawn stays drawn on zooming in.
 * @param {{x: ArrayLike, y: ArrayLike}} places
 * @param {{mask: Uint8Array, visible: Uint8Array}} rows which are selected, which are shown
 * @param {{x: number[], y: number[]}} ranges what is in view
 * @returns {{rows: Uint32Array, inView: number}} rows ascending
 */
export function rowsToDraw(places, { mask, visible }, ranges, limit) {
  const { x, y } = places;
  const [left, right] = ranges.x;
  const [bottom, top] = ranges.y;
  const found = new Uint32Array(visible.length);
  const sizes = [0, 0];
  let inView = 0;
  for (let row = 0; row < visible.length; row++) {
    if (!visible[row] || x[row] < left || x[row] > right || y[row] < bottom || y[row] > top) continue;
    found[inView] = row;
    inView += 1;
    sizes[mask[row]] += 1;
  }
  const shares = sizes.map((size) => (size > limit.most ? (limit.left / size) * 2 ** 32 : 2 ** 32));
  const rows = found.slice(0, inView);
  const isThinned = shares.some((share) => share < 2 ** 32);
  return { rows: isThinned ? rows.filter((row) => lot(row) < shares[mask[row]]) : rows, inView };
}

/** Rows sorted by their looks, first look first. */
export function inLookOrder(rows, looks, nLooks) {
  const starts = new Uint32Array(nLooks + 1);
  for (const row of rows) starts[looks[row] + 1] += 1;
  for (let look = 0; look < nLooks; look++) starts[look + 1] += starts[look];
  const order = new Uint32Array(rows.length);
  for (const row of rows) {
    order[starts[looks[row]]] = row;
    starts[looks[row]] += 1;
  }
  return order;
}

/** Fixed number of a row below 2^32; those of successive rows spread evenly (golden ratio). */
const lot = (row) => Math.imul(row, 0x9e3779b1) >>> 0;

/** Width of a mark in pixels: smaller where more are drawn. */
export function markSize(drawn) {
  return Math.min(6, Math.max(3, 6 - 0.75 * Math.log2(Math.max(1, drawn) / 2500)));
}

/**
 * How many visible rows lie in each cell of a raster over the ranges, smoothed.
 * @returns {Float32Array} row by row from the top
 */
export function density(places, visible, ranges, columns, lines) {
  const { x, y } = places;
  const perX = columns / (ranges.x[1] - ranges.x[0]);
  const perY = lines / (ranges.y[1] - ranges.y[0]);
  const cells = new Float32Array(columns * lines);
  for (let row = 0; row < visible.length; row++) {
    const column = Math.floor((x[row] - ranges.x[0]) * perX);
    const line = Math.floor((ranges.y[1] - y[row]) * perY);
    const isIn = column >= 0 && column < columns && line >= 0 && line < lines;
    if (visible[row] && isIn) cells[line * columns + column] += 1;
  }
  return smoothed(smoothed(cells, columns, lines), columns, lines);
}

/** Mean over the neighbours in each direction, weighted 1 2 1. */
function smoothed(cells, columns, lines) {
  const across = new Float32Array(cells.length);
  const found = new Float32Array(cells.length);
  for (let i = 0; i < cells.length; i++) {
    const column = i % columns;
    const left = column > 0 ? cells[i - 1] : 0;
    const right = column < columns - 1 ? cells[i + 1] : 0;
    across[i] = (left + 2 * cells[i] + right) / 4;
  }
  for (let i = 0; i < cells.length; i++) {
    const above = i >= columns ? across[i - columns] : 0;
    const below = i < columns * (lines - 1) ? across[i + columns] : 0;
    found[i] = (above + 2 * across[i] + below) / 4;
  }
  return found;
}
