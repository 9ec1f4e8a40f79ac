// The map, the plane and the histogram as one view: what a person has set, and redrawing it.

const REACH = 10;
const ISO_WEIGHTS = [0.2, 1, 5];
const FEW = 12;
const FIGURES_MS = 60;
const MOST_RINGS = 60;

export class MapView {
  /**
   * @param {HTMLElement} parent its own; goes with it
   * @param {object} points what `unpack` returns
   * @param {object} state what `newState` returns, changed in place
   * @param {object} send {selection(rows), action(name)} to the server, {address(shown)} to the
   *   browser, {drawn()} once the map stands
   */
  constructor(parent, points, state, send) {
    this.host = parent;
    this.points = { ...points, logP: logsOf(points.p), logQ: logsOf(points.q) };
    Object.assign(this, { state, send, control: null, drawings: 0, divided: null });
    this.memo = new Memo();
    this.lead = new Lead();
    this.weighing = new Weighing(this.points);
    this.home = { x: padded(points.x, 0.03, 0.03), y: padded(points.y, 0.05, 0.05) };
    this.plane = planePoints(this.points);
    this.#build(parent);
    this.#setTool(state.tool);
    this.selectors = [this.#mapSelector(), this.#planeSelector()];
    this.resizing = new ResizeObserver(() => this.#resize());
    this.resizing.observe(this.root);
  }

  #build(parent) {
    Object.assign(this, frameOf(this.#toolbar()));
    parent.append(this.root);
    this.charts = {
      map: new PointChart(this.stage, {
        places: this.points,
        ranges: this.state.ranges ?? this.home,
        words: 'Map of all rows; rows near each other are alike.',
        isShaded: true,
        onPainted: (painted) => {
          this.#noteThinning(painted);
          this.names.place(this.charts.map.view, this.key);
        },
      }),
      plane: new PointChart(this.planeStage, {
        ...planeChart(this.plane),
        onPainted: (painted) => setText(this.planeNote, planeNote(painted)),
      }),
    };
    this.names = new Names(this.stage);
    this.stage.append(this.key, this.thinning);
    this.quarters = new Quarters(this.planeStage, this.points, (rows) =>
      this.select(rows.filter((row) => this.inPlane[row])));
  }

  #toolbar() {
    return toolbar(this.points, this.state, {
      colour: (colour) => this.#choose(colour, { colour, only: null }),
      show: (show) => this.#set({ show }),
      tool: (tool) => this.#setTool(tool),
      home: () => this.#goHome(),
      outline: () => {
        this.#set({ outlinesThin: !this.state.outlinesThin });
        return this.state.outlinesThin;
      },
      name: () => {
        this.#set({ namesClusters: !this.state.namesClusters });
        return this.state.namesClusters;
      },
    });
  }

  #mapSelector() {
    const { x, y } = this.points;
    return new Selector(this.charts.map, {
      tool: () => this.state.tool,
      move: () => {
        this.state.ranges = this.ranges;
        this.#noteAddress();
      },
      draw: (polygon, adds) =>
        this.select(rowsInside(x, y, this.visible, polygon), { adds, polygon }),
      click: (place, scale, adds) => this.#click(this.#find(this.points, place, scale), adds),
      point: (place, scale, event) => this.#point(this.#find(this.points, place, scale), event),
    });
  }

  #planeSelector() {
    const { x, y } = this.plane;
    return new Selector(this.charts.plane, {
      tool: () => (this.state.tool === 'box' ? 'box' : 'lasso'),
      draw: (polygon, adds) => this.select(rowsInside(x, y, this.inPlane, polygon), { adds }),
      click: (place, scale, adds) => this.#click(this.#find(this.plane, place, scale), adds),
      point: (place, scale, event) => this.#point(this.#find(this.plane, place, scale), event),
    });
  }

  #find(places, place, scale) {
    const visible = places === this.plane ? this.inPlane : this.visible;
    return place && visible ? nearestRow(places.x, places.y, visible, place, scale, REACH) : -1;
  }

  /**
   * Take what the server says.
   * @param {object} known colours, scales, settings that go unsaid: the same while a page lives
   * @param {object} control settings, what is told of the weights, a selection made elsewhere
   * @param {{figures: HTMLElement, tables: HTMLElement}} rooms for what is told
   */
  receive(known, control, rooms) {
    const whole = (changed) => changed && { ...known.settings, ...changed, n_labels: this.points.labels.length };
    const { settings, baseline, ...told } = control;
    this.control = { ...known, ...told, settings: whole(settings), baseline: whole(baseline) };
    this.plain = known.settings;
    this.rooms = rooms;
    for (const node of [this.root, ...Object.values(rooms)]) {
      node.classList.add('sm-font');
      for (const name of ['muted', 'discard', 'keep', 'reference']) {
        node.style.setProperty(`--sm-${name}`, known.colours[name]);
      }
    }
    const given = control.selection;
    const isGiven = given && given.stamp !== this.state.stamp;
    if (isGiven) {
      const selected = decodeRows(given.rows).filter((row) => row < this.points.rows);
      if (selected.join() !== this.state.selected.join()) this.state.outlines = [];
      Object.assign(this.state, { selected, stamp: given.stamp });
    }
    const isDivided = this.divided !== known.groupings;
    this.#divide(known.groupings);
    this.control.settings = this.lead.over(this.control.settings);
    const looks = JSON.stringify([this.control.settings, known.colours]);
    const isDrawn = looks === this.looks && !isGiven && !isDivided;
    this.looks = looks;
    this.#weigh();
    if (isDrawn) this.#answer();
    else this.draw();
  }

  /** Draw what a slider that is being moved stands at; the server's answer tells the rest. */
  preview() {
    const { control, lead } = this;
    if (!control || !lead.take(control.sliders, control.settings)) return;
    control.settings = lead.over(control.settings);
    this.looks = JSON.stringify([control.settings, control.colours]);
    this.#weigh();
    this.draw({ tells: false });
    // The figures follow once the map is seen, also while the slider goes on moving.
    this.figures ||= setTimeout(() => this.#tellFigures(), FIGURES_MS);
  }

  /** Show what the server alone knows of weights that are on the map already. */
  #answer() {
    fillKey(this.key, this.#keyContent());
    this.charts.map.outline(this.#contours());
    this.#drawPictures();
    this.#tellLater();
  }

  /** Take the groups that were sent; the same ones are not gone through again. */
  #divide(groupings) {
    if (this.divided !== groupings) this.divisions = divisionsOf(this.points, groupings);
    this.divided = groupings;
    Object.assign(this.state, settled(this.state, this.divisions));
    const choice = this.root.querySelector('[aria-label="Colour"]');
    fillChoice(choice, colourModes(this.divisions), this.state.colour);
  }

  #weigh() {
    Object.assign(this, this.weighing.under(this.control));
  }

  /** Select rows: instead of those selected, or with them. */
  select(rows, { adds = false, polygon = null } = {}) {
    const selected = adds ? united(this.state.selected, rows) : rows;
    const outlines = [...(adds ? this.state.outlines : []), ...(polygon ? [polygon] : [])];
    Object.assign(this.state, { selected, outlines: selected.length ? outlines : [], stamp: null });
    this.send.selection(selected);
    this.draw();
  }

  /** Let the address bar open the map as it is, once it stands still. */
  #noteAddress() {
    clearTimeout(this.address);
    const { state, control } = this;
    this.address = setTimeout(() => {
      this.send.address({ colour: state.colour, ranges: state.ranges, scheme: control?.scheme });
    }, 250);
  }

  #click(row, adds) {
    if (row < 0) return;
    const { selected } = this.state;
    if (adds && selected.includes(row)) this.select(selected.filter((each) => each !== row));
    else this.select(Uint32Array.of(row), { adds });
  }

  /** Esc: give up the line being drawn, else clear the selection. */
  escape() {
    const wasDrawing = this.selectors.map((selector) => selector.cancel()).some(Boolean);
    if (!wasDrawing && this.state.selected.length) this.select(new Uint32Array());
  }

  #set(change) {
    Object.assign(this.state, change);
    this.draw();
  }

  /** Set what divides the rows, once its groups are unpacked. */
  async #choose(key, change) {
    const { groupings } = this.control;
    const waiting = unpacking(groupings, [key]);
    if (waiting) {
      await waiting;
      if (this.control.groupings !== groupings) return;
      this.divisions = divisionsOf(this.points, groupings);
    }
    this.#set(change);
  }

  #setTool(tool) {
    this.state.tool = tool;
    this.stage.dataset.tool = tool;
  }

  /** Ranges of both axes of the map. */
  get ranges() {
    return this.charts.map.ranges;
  }

  #goHome() {
    this.charts.map.ranges = this.home;
    this.state.ranges = null;
    this.charts.map.schedule();
    this.#noteAddress();
  }

  /** Redraw all that depends on state and control, and what is told of it unless not yet known. */
  draw({ tells = true } = {}) {
    const { points, state, control } = this;
    const division = divisionIn(this.divisions, state.colour);
    const scale = colourScale(points, state, control.colours, this.steps, division);
    Object.assign(this, { scheme: scale, division });
    this.#show();
    fillStrip(this.strip, this.#stripContent(), (only) => this.#set({ only }));
    fillKey(this.key, this.#keyContent());
    this.#fillFooter();
    if (!this.stage.dataset.drawn) this.#placeKey();
    this.#drawMap();
    this.#drawSide();
    this.#noteAddress();
    this.stage.dataset.drawn = 'true';
    if (tells) this.#tellLater();
    else this.#count();
  }

  /** Find which rows are shown and which are selected; the same arrays where nothing has changed. */
  #show() {
    const { points, state, division, memo } = this;
    const { show, only, selected } = state;
    this.visible = memo.of('visible', [show, only, division], () =>
      visibleRows(points, state, division));
    this.inPlane = memo.of('in the plane', [this.visible], () =>
      this.visible.slice(0, points.n).map((shown, row) => shown & points.kept[row]));
    this.mask = memo.of('mask', [selected], () => {
      const mask = new Uint8Array(points.rows);
      for (const row of selected) mask[row] = 1;
      return mask;
    });
  }

  #stripContent() {
    const { points, state, control, mask, scheme, division } = this;
    const inputs = [state.show, state.only, state.colour, control.colours, mask, division];
    return this.memo.of('strip', inputs, () => stripContent(points, state, mask, scheme, division));
  }

  #fillFooter() {
    const { points, state, weights, control } = this;
    const content = this.memo.of('footer', [state.selected, weights, control.most_discarded], () =>
      footerContent(points, state, weights, control.most_discarded));
    fillFooter(this.foot, content, {
      review: () => this.send.action('review'),
      discard: () => this.send.action('discard'),
    });
  }

  /** What is drawn is seen before what is told of it is worked on. */
  #tellLater() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => {
      this.#tell();
      this.#count();
    });
  }

  #count() {
    this.drawings += 1;
    this.root.dataset.drawn = String(this.drawings);
    if (this.drawings === 1) this.send.drawn();
  }

  #keyContent() {
    return keyContent(this.points, this.state, this.control, this.scheme, this.division);
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

  #contours() {
    const { points, state, control } = this;
    const isOutlined = state.outlinesThin && state.show !== 'synthetic' && control.gaps;
    let row = 0;
    const thin = isOutlined ? control.gaps.thin.map((step) => { row += step; return row; }) : [];
    const { clientWidth: width, clientHeight: height } = this.stage;
    return this.memo.of('contours', [thin.join(), height / width], () =>
      thinOutlines(points, thin, this.home, height / width));
  }

  #drawMap() {
    this.names.show(namesShown(this));
    const { points, state, control, scheme, mask, visible } = this;
    const { selected } = state;
    const seen = selected.length <= FEW ? selected.filter((row) => visible[row]) : [];
    this.charts.map.show({
      looks: mapLooks(points, scheme, mask),
      styles: (size) => markLooks(scheme.ramp, control.colours, size, selected.length > 0),
      mask,
      visible,
      outlines: state.outlines,
      contours: this.#contours(),
      ringed: seen,
      ink: control.colours.text,
    });
  }

  #noteThinning(painted) {
    const words = thinningWords(painted, this.charts.map.isFlat);
    setText(this.thinning, words);
    this.thinning.hidden = !words;
  }

  #drawSide() {
    const { control, state, mask } = this;
    const { colours } = control;
    const selected = this.memo.of('rings', [state.selected, this.inPlane], () =>
      state.selected.filter((row) => this.inPlane[row]));
    this.charts.plane.show({
      looks: planeLooks(this.steps, colours.weight_bins, mask),
      styles: (size) => dotLooks(colours.weight_bins, size * 0.66, state.selected.length > 0),
      mask,
      visible: this.inPlane,
      outlines: [],
      ringed: selected.length <= MOST_RINGS ? selected : [],
      ink: colours.text,
    });
    this.#drawPictures();
    setText(this.histogramNote, this.before ? 'rows per step, dots: as saved' : 'rows per step');
  }

  #tellFigures() {
    clearTimeout(this.figures);
    this.figures = 0;
    const { rooms, control, points, weights } = this;
    const { settings, least, trust } = control;
    const outlook = this.memo.of('outlook', [weights], () =>
      outlookOf(weights, points.label, least));
    const figures = outlookFigures(outlook, isAsPublished(settings, this.plain));
    fillFigures(rooms.figures, [...figures, ...trust],
      outlookWarnings(outlook, points.labels, least));
  }

  #tell() {
    const { rooms, control, points, weights, state } = this;
    this.#tellFigures();
    fillTables(rooms.tables, {
      points,
      weights,
      control,
      state,
      groupings: control.groupings,
      regroup: (grouping) => this.#choose(grouping, { grouping }),
      select: (row) => this.select(Uint32Array.of(row)),
    }, this.memo);
    this.quarters.name(control.quadrants);
  }

  /** Draw what depends on the sizes of the side charts: axes of the plane, bars. */
  #drawPictures() {
    const { control, scale, plane } = this;
    const { colours, settings, edges } = control;
    const lines = ISO_WEIGHTS.map((weight) => ({
      isMiddle: weight === 1,
      ends: isoLine(logRatioOf(weight, settings, scale), settings, plane.low),
    })).filter((line) => line.ends);
    const cut = -Math.log(this.points.labels.length);
    fillPlane(this.axes, { low: plane.low, cut, lines }, colours, sizeOf(this.axes));
    const ticks = weightTicks(edges);
    fillHistogram(this.bars, this.counts, this.before, ticks, colours, sizeOf(this.bars));
    this.bars.setAttribute('aria-label', histogramWords(this.counts, edges));
  }

  #point(row, event) {
    if (row < 0) {
      this.tip.hidden = true;
      return;
    }
    const box = this.root.getBoundingClientRect();
    const pixel = [event.clientX - box.left, event.clientY - box.top];
    const { colour } = this.state;
    const isSent = Object.hasOwn(GROUPED, colour) || colour.startsWith(OF_COLUMN);
    const division = isSent && this.divisions[colour];
    const group = division && division.names[groupOf(division, row)];
    showTip(this.tip, tipContent(this.points, this.weights, row, group), pixel, box.width);
  }

  #resize() {
    if (!this.root.dataset.drawn) return;
    for (const chart of Object.values(this.charts)) chart.schedule();
    this.#drawPictures();
  }

  /** Take the view off the page. */
  remove() {
    this.resizing.disconnect();
    clearTimeout(this.address);
    cancelAnimationFrame(this.frame);
    clearTimeout(this.figures);
    for (const chart of Object.values(this.charts)) chart.remove();
    this.host.remove();
  }
}

const sizeOf = (node) => ({ width: node.clientWidth, height: node.clientHeight });
