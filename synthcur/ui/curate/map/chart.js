// A stage of marks: what is in view, drawing it, and the lines around what was selected.

const NO_MARGIN = { l: 0, r: 0, t: 0, b: 0 };
/** Marks that are all drawn, and how many are left of more; without WebGL each costs more. */
const LIMIT = { most: 50_000, left: 25_000 };
const FLAT_LIMIT = { most: 8_000, left: 8_000 };
const CELL = 6;
const DEEPEST_SHADE = 0.34;
const SVG = 'http://www.w3.org/2000/svg';

/** New SVG element with attributes and a text. */
export function svg(tag, attributes = {}, text) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

export class PointChart {
  /**
   * @param {HTMLElement} host positioned element that the chart fills
   * @param {object} chart
   * @param {{x: ArrayLike<number>, y: ArrayLike<number>}} chart.places
   * @param {{x: number[], y: number[]}} chart.ranges of both axes
   * @param {string} chart.words what the picture is, for who cannot see it
   * @param {object} [chart.margin] around the axes, in pixels
   * @param {{most: number, left: number}} [chart.limit] see `rowsToDraw`
   * @param {boolean} [chart.isShaded] whether density is shown where marks are thinned
   * @param {(painted: {inView: number, drawn: number}) => void} [chart.onPainted]
   */
  constructor(host, { words, margin = NO_MARGIN, limit = LIMIT, isShaded = false, ...chart }) {
    Object.assign(this, { host, margin, limit, isShaded, ...chart, shown: null });
    this.memo = new Memo();
    this.shade = document.createElement('canvas');
    this.canvas = document.createElement('canvas');
    this.overlay = svg('svg', { class: 'sm-over' });
    this.shade.className = this.canvas.className = 'sm-canvas';
    this.canvas.setAttribute('role', 'img');
    this.canvas.setAttribute('aria-label', words);
    host.append(this.shade, this.canvas, this.overlay);
  }

  /** Prepare the canvas in the size it will have: to give WebGL another one costs as much again. */
  #open() {
    const { x, y } = this.places;
    fit(this.canvas, this.view);
    this.marks = GlMarks.on(this.canvas, x, y, () => this.paint());
    this.isFlat = this.marks === null;
    this.marks ??= new FlatMarks(this.canvas, x, y);
  }

  /**
   * Draw rows.
   * @param {object} shown
   * @param {Uint8Array} shown.looks of every row
   * @param {(size: number) => object[]} shown.styles what the looks stand for at a size of marks
   * @param {Uint8Array} shown.mask which rows are selected; their looks are the second half
   * @param {Uint8Array} shown.visible another array where other rows are shown
   * @param {number[][][]} shown.outlines polygons in the unit of the axes
   * @param {number[][][]} [shown.contours] segments, in the unit of the axes
   * @param {ArrayLike<number>} shown.ringed rows with a ring around them
   * @param {string} shown.ink colour of density
   */
  show(shown) {
    this.shown = shown;
    if (!this.marks) this.#open();
    this.marks.setLooks(shown.looks);
    this.paint();
  }

  /** Draw other contours over what was shown last. */
  outline(contours) {
    if (contours === this.shown.contours) return;
    this.shown.contours = contours;
    this.#paintOverlay(this.view);
  }

  /** Pixels per unit of both axes, and what lies at the bottom left. */
  get view() {
    const { l, r, t, b } = this.margin;
    const { width, height } = this.host.getBoundingClientRect();
    const [left, right] = this.ranges.x;
    const [bottom, top] = this.ranges.y;
    const sx = Math.max(1, width - l - r) / (right - left);
    const sy = Math.max(1, height - t - b) / (top - bottom);
    const ratio = window.devicePixelRatio || 1;
    return { x0: left - l / sx, y0: bottom - b / sy, sx, sy, width, height, ratio };
  }

  /** Draw what was shown last again, in the present ranges and size. */
  paint() {
    if (!this.shown) return;
    cancelAnimationFrame(this.frame);
    const { shown, ranges, places } = this;
    const limit = this.isFlat ? FLAT_LIMIT : this.limit;
    const { rows, inView } = this.memo.of('rows', [shown.visible, shown.mask, ranges], () =>
      rowsToDraw(places, shown, ranges, limit));
    const styles = shown.styles(markSize(rows.length));
    const painted = { inView, drawn: rows.length };
    const view = this.view;
    this.marks.draw(inLookOrder(rows, shown.looks, styles.length), styles, view);
    this.#paintShade(painted, view);
    this.#paintOverlay(view);
    this.onPainted?.(painted);
  }

  /** Draw before the next frame. */
  schedule() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.paint());
  }

  /** Move what is in view by pixels. */
  pan(dx, dy) {
    const { sx, sy } = this.view;
    const moved = (range, by) => range.map((end) => end + by);
    this.ranges = { x: moved(this.ranges.x, -dx / sx), y: moved(this.ranges.y, dy / sy) };
    this.schedule();
  }

  /** Zoom by a factor, so that a place stays where it is. */
  zoom(place, factor) {
    const drawn = (range, at) => range.map((end) => at + (end - at) / factor);
    this.ranges = { x: drawn(this.ranges.x, place.x), y: drawn(this.ranges.y, place.y) };
    this.schedule();
  }

  #paintShade({ inView, drawn }, { width, height }) {
    const isNeeded = this.isShaded && drawn < inView;
    this.shade.hidden = !isNeeded;
    if (!isNeeded) return;
    const { visible, ink } = this.shown;
    this.memo.of('shade', [visible, this.ranges, width, height, ink], () =>
      this.#drawShade(Math.ceil(width / CELL), Math.ceil(height / CELL)));
  }

  #drawShade(columns, lines) {
    const cells = density(this.places, this.shown.visible, this.ranges, columns, lines);
    const most = Math.log1p(cells.reduce((high, cell) => Math.max(high, cell), 0)) || 1;
    Object.assign(this.shade, { width: columns, height: lines });
    const context = this.shade.getContext('2d');
    const image = context.createImageData(columns, lines);
    const ink = [1, 3, 5].map((i) => parseInt(this.shown.ink.slice(i, i + 2), 16));
    cells.forEach((cell, i) => {
      image.data.set([...ink, 255 * DEEPEST_SHADE * (Math.log1p(cell) / most)], 4 * i);
    });
    context.putImageData(image, 0, 0);
  }

  #paintOverlay({ x0, y0, sx, sy, height }) {
    const pixel = ([x, y]) => [(x - x0) * sx, height - (y - y0) * sy];
    const outlines = this.shown.outlines.map((corners) => {
      const steps = corners.map((corner) => pixel(corner).map((each) => each.toFixed(1)).join(','));
      return svg('path', { d: `M${steps.join('L')}Z` });
    });
    const corners = (this.shown.contours ?? []).map(([one, other]) =>
      `M${pixel(one).map((each) => each.toFixed(1))}L${pixel(other).map((each) => each.toFixed(1))}`);
    const contours = corners.length ? [svg('path', { class: 'sm-thin', d: corners.join('') })] : [];
    const rings = Array.from(this.shown.ringed, (row) => {
      const [cx, cy] = pixel([this.places.x[row], this.places.y[row]]);
      return svg('circle', { cx, cy, r: 7.5 });
    });
    this.overlay.replaceChildren(...contours, ...outlines, ...rings);
  }

  /** Take the chart off the page. */
  remove() {
    cancelAnimationFrame(this.frame);
    this.marks?.remove();
  }
}
