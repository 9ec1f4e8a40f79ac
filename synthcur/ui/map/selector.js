// Drawing around points with lasso or box, clicking one, pointing at one. Our own, because the
// chart library's selection restyles and re-numbers points, which the map does itself.

const CLICK_DISTANCE = 4;
const STEP = 2;
const SVG = 'http://www.w3.org/2000/svg';

/**
 * @param {HTMLElement} host element that holds the chart, positioned
 * @param {object} chart
 * @param {() => 'lasso'|'box'|'move'} chart.tool what a drag does
 * @param {() => {x: number[], y: number[]}} chart.ranges of the axes
 * @param {{l: number, r: number, t: number, b: number}} chart.margin around the axes
 * @param {(polygon: number[][], adds: boolean) => void} chart.onDraw polygon in axis units
 * @param {(place: object, scale: object, adds: boolean) => void} chart.onClick
 * @param {(place: object|null, scale: object, event: object) => void} chart.onPoint null: left
 */
export class Selector {
  constructor(host, chart) {
    this.host = host;
    this.chart = chart;
    this.path = null;
    this.overlay = document.createElementNS(SVG, 'svg');
    this.overlay.setAttribute('class', 'sm-draw');
    this.line = document.createElementNS(SVG, 'path');
    this.overlay.append(this.line);
    host.append(this.overlay);
    const capture = { capture: true };
    host.addEventListener('pointerdown', (event) => this.#start(event), capture);
    host.addEventListener('pointermove', (event) => this.#hover(event), capture);
    host.addEventListener('pointerleave', () => chart.onPoint(null));
    for (const type of ['mousedown', 'touchstart']) {
      host.addEventListener(type, (event) => this.#keepFromChart(event), capture);
    }
  }

  /** Forget the line being drawn. */
  cancel() {
    const wasDrawing = this.path !== null;
    this.drag?.abort();
    this.path = null;
    this.line.setAttribute('d', '');
    return wasDrawing;
  }

  get #draws() {
    return this.chart.tool() !== 'move';
  }

  #keepFromChart(event) {
    if (this.#draws && event.button !== 1) event.stopPropagation();
  }

  #pixel(event) {
    const box = this.host.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  /** Pixels per unit of both axes. */
  #scale() {
    const { x, y } = this.chart.ranges();
    const { l, r, t, b } = this.chart.margin;
    return {
      x: (this.host.clientWidth - l - r) / (x[1] - x[0]),
      y: (this.host.clientHeight - t - b) / (y[1] - y[0]),
    };
  }

  #place([px, py], scale) {
    const { x, y } = this.chart.ranges();
    const { l, b } = this.chart.margin;
    return { x: x[0] + (px - l) / scale.x, y: y[0] + (this.host.clientHeight - b - py) / scale.y };
  }

  #start(event) {
    if (event.button !== 0) return;
    this.cancel();
    this.path = [this.#pixel(event)];
    this.chart.onPoint(null);
    if (this.#draws) event.preventDefault();
    // The chart covers the page while it is dragged, so the host itself sees no end of that.
    this.drag = new AbortController();
    const options = { capture: true, signal: this.drag.signal };
    window.addEventListener('pointermove', (moved) => this.#extend(moved), options);
    window.addEventListener('pointerup', (ended) => this.#end(ended), options);
    window.addEventListener('pointercancel', () => this.cancel(), options);
  }

  #hover(event) {
    if (this.path !== null) return;
    const scale = this.#scale();
    this.chart.onPoint(this.#place(this.#pixel(event), scale), scale, event);
  }

  #extend(event) {
    const pixel = this.#pixel(event);
    const [lastX, lastY] = this.path[this.path.length - 1];
    if (Math.hypot(pixel[0] - lastX, pixel[1] - lastY) < STEP) return;
    this.path.push(pixel);
    if (!this.#draws) return;
    const corners = this.#corners(pixel).map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`);
    this.line.setAttribute('d', `M${corners.join('L')}Z`);
  }

  /** Corners of what is being drawn, in pixels. */
  #corners([x1, y1]) {
    if (this.chart.tool() === 'lasso') return this.path;
    const [x0, y0] = this.path[0];
    return [[x0, y0], [x1, y0], [x1, y1], [x0, y1]];
  }

  #end(event) {
    const pixel = this.#pixel(event);
    const [x0, y0] = this.path[0];
    const isClick = this.path.every(([x, y]) => Math.hypot(x - x0, y - y0) < CLICK_DISTANCE);
    const corners = this.#corners(pixel);
    this.cancel();
    const scale = this.#scale();
    if (isClick) {
      this.chart.onClick(this.#place([x0, y0], scale), scale, event.shiftKey);
    } else if (this.#draws) {
      const polygon = corners.map((corner) => {
        const { x, y } = this.#place(corner, scale);
        return [x, y];
      });
      this.chart.onDraw(polygon, event.shiftKey);
    }
  }
}
