// The map, the plane and the histogram as one view: what a person has set, and redrawing it.

const REACH = 10;
const ISO_WEIGHTS = [0.2, 1, 5];
const FEW = 12;

/** What is set on a map; kept while the page lives, so that it survives other pages. */
export function newState() {
  return {
    colour: 'weight',
    show: 'all',
    tool: 'lasso',
    only: null,
    selected: [],
    outlines: [],
    ranges: null,
    stamp: null,
  };
}

export class MapView {
  /**
   * @param {HTMLElement} parent
   * @param {object} points what `unpack` returns
   * @param {object} state what `newState` returns, changed in place
   * @param {object} send {selection(rows), action(name)}: to the server
   */
  constructor(parent, points, state, send) {
    Object.assign(this, { points, state, send, control: null, drawings: 0 });
    this.home = { x: padded(points.x, 0.03, 0.03), y: padded(points.y, 0.05, 0.05) };
    this.plane = planePoints(points);
    this.ranks = labelRanks(points);
    this.#build(parent);
    this.#setTool(state.tool);
    this.selectors = [this.#mapSelector(), this.#planeSelector()];
    this.resizing = new ResizeObserver(() => this.#resize());
    this.resizing.observe(this.root);
  }

  #build(parent) {
    this.root = element('div', 'sm');
    this.strip = element('div', 'sm-strip');
    this.stage = element('div', 'sm-stage sm-map');
    this.key = element('div', 'sm-key');
    this.foot = element('div', 'sm-foot');
    this.tip = element('div', 'sm-tip');
    this.tip.hidden = true;
    this.charts = { map: chartNode('Map of all rows; rows near each other are alike.') };
    this.stage.append(this.charts.map, this.key);
    const card = element('div', 'sm-card');
    card.append(this.#toolbar(), this.strip, this.stage, this.foot);
    const side = element('div', 'sm-side');
    const histogram = this.#sideCard('histogram', 'Weights', 'rows per step');
    this.histogramNote = histogram.querySelector('.sm-note');
    side.append(this.#sideCard('plane', 'Quality × diversity', 'log scales'), histogram);
    this.root.append(card, side, this.tip);
    parent.append(this.root);
  }

  #toolbar() {
    return toolbar(this.points, this.state, {
      colour: (colour) => this.#set({ colour, only: null }),
      show: (show) => this.#set({ show }),
      tool: (tool) => this.#setTool(tool),
      home: () => this.#goHome(),
    });
  }

  #sideCard(name, title, note) {
    const card = element('div', 'sm-card');
    const head = element('div', 'sm-head');
    head.append(element('b', '', title), element('span', 'sm-note', note));
    const stage = element('div', `sm-stage sm-${name}`);
    this.charts[name] = chartNode(`${title}, ${note}`);
    stage.append(this.charts[name]);
    card.append(head, stage);
    return card;
  }

  #mapSelector() {
    const { x, y } = this.points;
    return new Selector(this.stage, {
      tool: () => this.state.tool,
      ranges: () => this.ranges,
      margin: NO_MARGIN,
      onDraw: (polygon, adds) =>
        this.select(rowsInside(x, y, this.visible, polygon), { adds, polygon }),
      onClick: (place, scale, adds) => this.#click(this.#find(x, y, place, scale), adds),
      onPoint: (place, scale, event) => this.#point(this.#find(x, y, place, scale), event),
    });
  }

  #planeSelector() {
    const { x, y } = this.plane;
    return new Selector(this.charts.plane.parentElement, {
      tool: () => (this.state.tool === 'box' ? 'box' : 'lasso'),
      ranges: () => ({ x: this.planeRange, y: this.planeRange }),
      margin: PLANE_MARGIN,
      onDraw: (polygon, adds) => this.select(rowsInside(x, y, this.inPlane, polygon), { adds }),
      onClick: (place, scale, adds) => this.#click(this.#find(x, y, place, scale), adds),
      onPoint: (place, scale, event) => this.#point(this.#find(x, y, place, scale), event),
    });
  }

  #find(xs, ys, place, scale) {
    const visible = xs === this.plane.x ? this.inPlane : this.visible;
    return place && visible ? nearestRow(xs, ys, visible, place, scale, REACH) : -1;
  }

  /** Take what the server says: settings, colours, and a selection made elsewhere. */
  receive(control) {
    const isFirst = this.control === null;
    this.control = control;
    this.root.style.setProperty('--sm-muted', control.colours.muted);
    this.root.style.setProperty('--sm-discard', control.colours.discard);
    const given = control.selection;
    if (given && given.stamp !== this.state.stamp) {
      const rows = decodeRows(given.rows).filter((row) => row < this.points.rows);
      if (rows.join() !== this.state.selected.join()) this.state.outlines = [];
      Object.assign(this.state, { selected: rows, stamp: given.stamp });
    }
    this.#weigh();
    return this.draw(isFirst);
  }

  #weigh() {
    const { p, q, n } = this.points;
    const { settings, baseline, edges } = this.control;
    const kept = this.points.kept.subarray(0, n);
    const { weights, mean } = sampleWeights(p, q, kept, settings);
    Object.assign(this, { weights, mean, steps: weightSteps(weights, edges) });
    this.counts = stepCounts(weights, edges);
    this.before = baseline && stepCounts(sampleWeights(p, q, kept, baseline).weights, edges);
  }

  /** Select rows: instead of those selected, or with them. */
  select(rows, { adds = false, polygon = null } = {}) {
    const before = adds ? this.state.selected : [];
    const selected = [...new Set([...before, ...rows])].sort((a, b) => a - b);
    const outlines = [...(adds ? this.state.outlines : []), ...(polygon ? [polygon] : [])];
    Object.assign(this.state, { selected, outlines: selected.length ? outlines : [], stamp: null });
    this.send.selection(selected);
    return this.draw();
  }

  #click(row, adds) {
    if (row < 0) return;
    const { selected } = this.state;
    if (adds && selected.includes(row)) this.select(selected.filter((each) => each !== row));
    else this.select([row], { adds });
  }

  /** Esc: give up the line being drawn, else clear the selection. */
  escape() {
    const wasDrawing = this.selectors.map((selector) => selector.cancel()).some(Boolean);
    if (!wasDrawing && this.state.selected.length) this.select([]);
  }

  #set(change) {
    Object.assign(this.state, change);
    return this.draw();
  }

  #setTool(tool) {
    this.state.tool = tool;
    this.stage.dataset.tool = tool;
  }

  /** Ranges of both axes of the map. */
  get ranges() {
    const { layout } = this.charts.map;
    if (!layout) return this.state.ranges ?? this.home;
    return { x: [...layout.xaxis.range], y: [...layout.yaxis.range] };
  }

  #goHome() {
    const ranges = { 'xaxis.range': [...this.home.x], 'yaxis.range': [...this.home.y] };
    return window.Plotly.relayout(this.charts.map, ranges);
  }

  /** Redraw all that depends on state and control. */
  async draw(isFirst = false) {
    const { points, state, control } = this;
    const scale = colourScale(points, state, control.colours, this.steps, this.ranks);
    this.visible = visibleRows(points, state);
    this.inPlane = this.visible.slice(0, points.n).map((shown, row) => shown & points.kept[row]);
    const mask = new Uint8Array(points.rows);
    for (const row of state.selected) mask[row] = 1;
    fillStrip(this.strip, stripContent(points, state, mask, scale, this.ranks),
      (only) => this.#set({ only }));
    fillKey(this.key, keyContent(points, state, control, scale));
    fillFooter(this.foot, footerContent(points, state, this.weights, control.most_discarded), {
      review: () => this.send.action('review'),
      discard: () => this.send.action('discard'),
    });
    const Plotly = await loadPlotly();
    if (!this.root.isConnected || this.control !== control) return;
    if (isFirst) this.#placeKey();
    await this.#drawMap(Plotly, scale, mask);
    if (isFirst) this.charts.map.on('plotly_relayout', () => { this.state.ranges = this.ranges; });
    this.stage.dataset.drawn = 'true';
    // The map is seen before the charts beside it are worked on.
    await new Promise(requestAnimationFrame);
    if (!this.root.isConnected) return;
    await this.#drawSide(Plotly, mask);
    this.drawings += 1;
    this.root.dataset.drawn = String(this.drawings);
  }

  /** Put the key where it hides fewest points of the whole map. */
  #placeKey() {
    const { x, y } = this.points;
    const share = {
      x: (this.key.offsetWidth + 20) / this.stage.clientWidth,
      y: (this.key.offsetHeight + 20) / this.stage.clientHeight,
    };
    this.key.classList.add(...emptiestCorner(x, y, this.home, share));
  }

  #drawMap(Plotly, scale, mask) {
    const { points, state, control } = this;
    const { selected } = state;
    const styles = markStyles(scale.ramp, control.colours, points.rows);
    const styleOf = (row) => styleName(points, scale, row);
    const traces = mapTraces(points, styles, styleOf, this.visible, mask, selected.length);
    const seen = selected.filter((row) => this.visible[row]);
    if (seen.length && selected.length <= FEW) {
      traces.push(ringTrace(points.x, points.y, seen, control.colours.text, 15));
    }
    const ranges = this.charts.map.layout ? this.ranges : (state.ranges ?? this.home);
    const layout = mapLayout(ranges, state.outlines, control.colours);
    return Plotly.react(this.charts.map, traces, layout, MAP_CONFIG);
  }

  async #drawSide(Plotly, mask) {
    const { control, plane } = this;
    const { colours, settings } = control;
    const lines = ISO_WEIGHTS.map((weight) => ({
      isMiddle: weight === 1,
      ends: isoLine(logRatioOf(weight, settings, this.mean), settings, plane.low),
    })).filter((line) => line.ends);
    const layout = planeLayout(plane.low, lines, colours);
    this.planeRange = [...layout.xaxis.range];
    const traces = planeTraces(plane, this.steps, this.inPlane, mask, colours);
    await Plotly.react(this.charts.plane, traces, layout, CHART_CONFIG);
    const highest = Math.max(...this.counts, ...(this.before ?? []));
    const bars = histogramTraces(this.counts, this.before, colours);
    const barLayout = histogramLayout(weightTicks(control.edges), highest, colours);
    await Plotly.react(this.charts.histogram, bars, barLayout, CHART_CONFIG);
    this.histogramNote.textContent = this.before ? 'rows per step, dots: as saved' : 'rows per step';
  }

  #point(row, event) {
    if (row < 0) {
      this.tip.hidden = true;
      return;
    }
    const box = this.root.getBoundingClientRect();
    const pixel = [event.clientX - box.left, event.clientY - box.top];
    showTip(this.tip, tipContent(this.points, this.weights, row), pixel, box.width);
  }

  #resize() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => {
      for (const chart of Object.values(this.charts)) {
        if (chart.layout && chart.isConnected) window.Plotly.Plots.resize(chart);
      }
    });
  }

  /** Take the view off the page. */
  remove() {
    this.resizing.disconnect();
    cancelAnimationFrame(this.frame);
    for (const chart of Object.values(this.charts)) if (chart.layout) window.Plotly.purge(chart);
    this.root.remove();
  }
}

function chartNode(words) {
  return element('div', 'sm-chart', undefined, { 'role': 'img', 'aria-label': words });
}
