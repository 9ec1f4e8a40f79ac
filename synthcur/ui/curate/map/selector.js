// What the pointer does on a chart: drawing around points with lasso or box, clicking one, pointing
// at one, moving the chart and zooming.

const CLICK_DISTANCE = 4;
const STEP = 2;
const WHEEL_STEP = 0.002;

/**
 * @param {PointChart} chart
 * @param {object} on
 * @param {() => 'lasso'|'box'|'move'} on.tool what a drag does
 * @param {(polygon: number[][], adds: boolean) => void} on.draw polygon in axis units
 * @param {(place: object, scale: object, adds: boolean) => void} on.click
 * @param {(place: object|null, scale: object, event: object) => void} on.point null: left
 * @param {() => void} [on.move] the chart was moved or zoomed; without it, it cannot be
 */
export class Selector {
  constructor(chart, on) {
    Object.assign(this, { chart, on, host: chart.host, path: null });
    this.overlay = svg('svg', { class: 'sm-draw' });
    this.line = svg('path');
    this.overlay.append(this.line);
    this.host.append(this.overlay);
    this.host.addEventListener('pointerdown', (event) => this.#start(event));
    this.host.addEventListener('pointermove', (event) => this.#hover(event));
    this.host.addEventListener('pointerleave', () => on.point(null));
    if (on.move) {
      this.host.addEventListener('wheel', (event) => this.#zoom(event), { passive: false });
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
    return this.on.tool() !== 'move';
  }

  #pixel(event) {
    const box = this.host.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  #place([px, py]) {
    const { x0, y0, sx, sy, height } = this.chart.view;
    return { x: x0 + px / sx, y: y0 + (height - py) / sy };
  }

  /** Pixels per unit of both axes. */
  get #scale() {
    const { sx: x, sy: y } = this.chart.view;
    return { x, y };
  }

  #zoom(event) {
    event.preventDefault();
    const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1);
    this.on.point(null);
    this.chart.zoom(this.#place(this.#pixel(event)), Math.exp(-WHEEL_STEP * pixels));
    this.on.move();
  }

  #start(event) {
    if (event.button !== 0) return;
    this.cancel();
    this.path = [this.#pixel(event)];
    this.on.point(null);
    event.preventDefault();
    // What is drawn may leave the host, which then sees no end of it.
    this.drag = new AbortController();
    const options = { capture: true, signal: this.drag.signal };
    window.addEventListener('pointermove', (moved) => this.#extend(moved), options);
    window.addEventListener('pointerup', (ended) => this.#end(ended), options);
    window.addEventListener('pointercancel', () => this.cancel(), options);
  }

  #hover(event) {
    if (this.path !== null) return;
    this.on.point(this.#place(this.#pixel(event)), this.#scale, event);
  }

  #extend(event) {
    const pixel = this.#pixel(event);
    const [lastX, lastY] = this.path[this.path.length - 1];
    if (Math.hypot(pixel[0] - lastX, pixel[1] - lastY) < STEP) return;
    this.path.push(pixel);
    if (!this.#draws) {
      this.chart.pan(pixel[0] - lastX, pixel[1] - lastY);
      this.on.move?.();
      return;
    }
    const corners = this.#corners(pixel).map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`);
    this.line.setAttribute('d', `M${corners.join('L')}Z`);
  }

  /** Corners of what is being drawn, in pixels. */
  #corners([x1, y1]) {
    if (this.on.tool() === 'lasso') return this.path;
    const [x0, y0] = this.path[0];
    return [[x0, y0], [x1, y0], [x1, y1], [x0, y1]];
  }

  #end(event) {
    const pixel = this.#pixel(event);
    const [x0, y0] = this.path[0];
    const isClick = this.path.every(([x, y]) => Math.hypot(x - x0, y - y0) < CLICK_DISTANCE);
    const corners = this.#corners(pixel);
    this.cancel();
    if (isClick) {
      this.on.click(this.#place([x0, y0]), this.#scale, event.shiftKey);
    } else if (this.#draws) {
      const polygon = corners.map((corner) => {
        const { x, y } = this.#place(corner);
        return [x, y];
      });
      this.on.draw(polygon, event.shiftKey);
    }
  }
}
