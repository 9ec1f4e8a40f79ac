// The three charts as plotly traces and layouts, and the loader of plotly itself.

const FONT = 'IBM Plex Sans, sans-serif';
const QUIETEST_FIRST = [4, 5, 3, 6, 2, 7, 1, 8, 0, 9];
const MOST_RINGS = 60;
const CLEAR = 'rgba(0,0,0,0)';

export const PLANE_MARGIN = { l: 48, r: 8, t: 6, b: 40 };
export const NO_MARGIN = { l: 0, r: 0, t: 0, b: 0 };
export const CHART_CONFIG = { displayModeBar: false, scrollZoom: false, doubleClick: false };
export const MAP_CONFIG = { ...CHART_CONFIG, scrollZoom: true };

/** Plotly of this page if there is one, else the copy beside the app, loaded once. */
export function loadPlotly() {
  if (window.Plotly?.newPlot) return Promise.resolve(window.Plotly);
  // Streamlit serves scripts of the static folder as plain text, which browsers do not run.
  window.synthcurPlotly ||= fetch('app/static/plotly.min.js')
    .then((response) => {
      if (!response.ok) throw new Error(`plotly.min.js: ${response.status}`);
      return response.blob();
    })
    .then((source) => new Promise((resolve, reject) => {
      const script = document.createElement('script');
      script.src = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
      script.onload = () => resolve(window.Plotly);
      script.onerror = () => reject(new Error('plotly.min.js did not run'));
      document.head.append(script);
    }))
    .catch((error) => {
      window.synthcurPlotly = undefined;
      throw error;
    });
  return window.synthcurPlotly;
}

/** Looks of the marks, in the order in which they are drawn. */
export function markStyles(ramp, colours, nRows) {
  const size = nRows > 20000 ? 3 : nRows > 5000 ? 4.5 : 6;
  const order = ramp.length === 10 ? QUIETEST_FIRST : ramp.map((_, i) => i);
  const diamond = (colour) => ({ symbol: 'diamond-open', size, colour, opacity: 0.9, width: 1.3 });
  const circle = (colour, opacity) => ({ symbol: 'circle', size: size - 1, colour, opacity, width: 0 });
  return {
    'real': circle(colours.text, 0.55),
    'left-out': { symbol: 'x-thin', size, colour: colours.muted, opacity: 0.6, width: 1 },
    'synthetic': diamond(colours.reference),
    ...Object.fromEntries(order.map((step) => [`real ${step}`, circle(ramp[step], 0.9)])),
    ...Object.fromEntries(order.map((step) => [`synthetic ${step}`, diamond(ramp[step])])),
  };
}

/**
 * Traces of the map: one for every look that occurs, the rest before the selected.
 * @param {object} points what `unpack` returns
 * @param {object} styles what `markStyles` returns
 * @param {(row: number) => string} styleOf key in `styles` of a row
 */
export function mapTraces(points, styles, styleOf, visible, selected, nSelected) {
  const groups = new Map();
  for (const emphasis of [false, true]) {
    for (const style of Object.keys(styles)) groups.set(`${emphasis} ${style}`, []);
  }
  for (let i = 0; i < points.rows; i++) {
    if (visible[i]) groups.get(`${Boolean(selected[i])} ${styleOf(i)}`).push(i);
  }
  const traces = [];
  for (const emphasis of [false, true]) {
    for (const [name, style] of Object.entries(styles)) {
      const rows = groups.get(`${emphasis} ${name}`);
      if (!rows.length) continue;
      traces.push(markTrace(points.x, points.y, rows, {
        ...style,
        size: style.size + (emphasis ? 0.5 : 0),
        opacity: emphasis ? 1 : nSelected ? Math.min(style.opacity, 0.5) : style.opacity,
      }));
    }
  }
  return traces;
}

function markTrace(xs, ys, rows, style) {
  return {
    type: 'scattergl',
    mode: 'markers',
    x: Float32Array.from(rows, (row) => xs[row]),
    y: Float32Array.from(rows, (row) => ys[row]),
    hoverinfo: 'skip',
    marker: {
      symbol: style.symbol,
      size: style.size,
      color: style.colour,
      opacity: style.opacity,
      line: { width: style.width, color: style.colour },
    },
  };
}

/** Thin rings that make few selected rows easy to find. */
export function ringTrace(xs, ys, rows, colour, size) {
  return markTrace(xs, ys, rows, { symbol: 'circle-open', size, colour, opacity: 1, width: 1 });
}

export function mapLayout(ranges, outlines, colours) {
  const hidden = { visible: false, fixedrange: false };
  return {
    ...ground(colours),
    margin: NO_MARGIN,
    dragmode: 'pan',
    xaxis: { ...hidden, range: ranges.x },
    yaxis: { ...hidden, range: ranges.y },
    shapes: outlines.map((outline) => outlineShape(outline, colours)),
  };
}

function outlineShape(outline, colours) {
  const path = outline.map(([x, y], i) => `${i ? 'L' : 'M'}${x},${y}`).join('');
  const line = { color: colours.text, width: 1.5, dash: 'dot' };
  return { type: 'path', path: `${path}Z`, line, fillcolor: CLEAR };
}

function ground(colours) {
  return {
    showlegend: false,
    hovermode: false,
    paper_bgcolor: CLEAR,
    plot_bgcolor: CLEAR,
    font: { family: FONT, size: 12, color: colours.muted },
    autosize: true,
  };
}

const quietAxis = (colours) => ({
  zeroline: false,
  showline: false,
  ticks: '',
  fixedrange: true,
  gridcolor: colours.grid,
  ticklabelstandoff: 6,
});

/** Traces of the quality x diversity plane; the axes are natural logarithms. */
export function planeTraces(plane, steps, visible, mask, colours) {
  const rest = QUIETEST_FIRST.map(() => []);
  const picked = QUIETEST_FIRST.map(() => []);
  visible.forEach((isVisible, i) => {
    if (isVisible) (mask[i] ? picked : rest)[steps[i]].push(i);
  });
  const selected = picked.flat();
  const size = plane.x.length > 20000 ? 2 : plane.x.length > 5000 ? 3 : 4;
  const layer = (groups, opacity) => QUIETEST_FIRST.filter((step) => groups[step].length).map(
    (step) => markTrace(plane.x, plane.y, groups[step], {
      symbol: 'circle', size, opacity, width: 0, colour: colours.weight_bins[step],
    }));
  const traces = [...layer(rest, selected.length ? 0.25 : 0.75), ...layer(picked, 1)];
  if (selected.length && selected.length <= MOST_RINGS) {
    traces.push(ringTrace(plane.x, plane.y, selected, colours.text, size + 3));
  }
  return traces;
}

export function planeLayout(low, lines, colours) {
  const decades = [0.0001, 0.001, 0.01, 0.1, 1].filter((tick) => Math.log(tick) >= low);
  const axis = {
    ...quietAxis(colours),
    range: [low - 0.1, 0.16],
    tickvals: decades.map(Math.log),
    ticktext: decades.map(String),
  };
  const title = (text) => ({ text, standoff: 4, font: { size: 12, color: colours.muted } });
  return {
    ...ground(colours),
    margin: PLANE_MARGIN,
    dragmode: false,
    xaxis: { ...axis, title: title('Q, seen by generator') },
    yaxis: { ...axis, title: title('P′, fits real data') },
    shapes: lines.map((line) => isoShape(line, low, colours)),
    annotations: quadrantNames(low, colours),
  };
}

function isoShape(line, low, colours) {
  const [[x0, y0], [x1, y1]] = line.ends;
  const dash = line.isMiddle ? 'solid' : 'dot';
  const stroke = { color: line.isMiddle ? colours.text : colours.reference, width: 1, dash };
  return { type: 'line', layer: 'below', x0, y0, x1, y1, line: stroke };
}

function quadrantNames(low, colours) {
  const name = (text, x, y) => ({
    text,
    x: x === 'left' ? low : 0.08,
    y: y === 'bottom' ? low : 0.08,
    xanchor: x,
    yanchor: y,
    showarrow: false,
    borderpad: 1,
    bgcolor: colours.panel,
    font: { size: 12, color: colours.muted },
  });
  return [
    name('right and rare', 'left', 'top'),
    name('both doubt', 'left', 'bottom'),
    name('artefact', 'right', 'bottom'),
  ];
}

/**
 * Ends of the line on which every row has the same log ratio, over Q from `low` to 0; null where
 * the rule does not depend on P' and Q.
 */
export function isoLine(logRatio, settings, low) {
  const { rule, quality_exponent: a, diversity_exponent: b, n_labels: labels } = settings;
  if (rule === 'ce' || logRatio === null) return null;
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

/** Bars of the weights as they are, and the outline of those they are compared with. */
export function histogramTraces(counts, before, colours) {
  const x = counts.map((_, step) => step);
  const marker = { color: colours.weight_bins };
  const bars = { type: 'bar', x, y: counts, width: 0.86, marker, hoverinfo: 'skip' };
  if (!before) return [bars];
  const edges = before.flatMap((rows, step) => [[step - 0.5, rows], [step + 0.5, rows]]);
  const outline = {
    type: 'scatter',
    mode: 'lines',
    x: edges.map((edge) => edge[0]),
    y: edges.map((edge) => edge[1]),
    line: { color: colours.text, width: 1, dash: 'dot' },
    hoverinfo: 'skip',
  };
  return [bars, outline];
}

export function histogramLayout(ticks, highest, colours) {
  const axis = quietAxis(colours);
  return {
    ...ground(colours),
    margin: { l: highest >= 10000 ? 54 : 48, r: 8, t: 6, b: 22 },
    dragmode: false,
    xaxis: {
      ...axis,
      showgrid: false,
      range: [-0.6, 9.6],
      tickvals: ticks.map((tick) => tick.position * 10 - 0.5),
      ticktext: ticks.map((tick) => tick.text),
    },
    yaxis: { ...axis, nticks: 4, range: [0, highest * 1.06 || 1], tickformat: ',d' },
  };
}
