// What the parts around the charts say, from points, state and control. Pure: no page.

/** Colour modes that show a number; every other shows groups. */
const MEASURED = ['weight', 'quality', 'diversity'];

/** Which rows are shown, 0 or 1 each. */
export function visibleRows(points, state, division) {
  const isIn = (row) => state.only === null || groupOf(division, row) === state.only;
  const visible = new Uint8Array(points.rows);
  for (let row = 0; row < points.rows; row++) {
    visible[row] = isShown(points, state, row) && isIn(row);
  }
  return visible;
}

function isShown(points, state, row) {
  return state.show === 'all' || (state.show === 'synthetic') === row < points.n;
}

/**
 * Colours of the present mode and the step of a row in them, -1 for none.
 * @returns {{ramp: string[], step: (row: number) => number}}
 */
export function colourScale(points, state, colours, steps, division) {
  const tenth = (value) => Math.min(9, Math.floor(value * 10));
  const categories = [...colours.categories.slice(0, CATEGORIES), colours.other];
  const ramp = isStepped(division) ? colours.weight_bins : categories;
  const category = (row) => division.ranks[groupOf(division, row)] ?? -1;
  return {
    weight: { ramp: colours.weight_bins, step: (row) => (row < points.n ? steps[row] : -1) },
    quality: { ramp: colours.ramp, step: (row) => tenth(points.p[row]) },
    diversity: { ramp: colours.ramp, step: (row) => (row < points.n ? tenth(points.q[row]) : -1) },
  }[state.colour] ?? { ramp, step: category };
}

/** Whether the groups of a division are the steps of the weights. */
const isStepped = ({ ranks }) => ranks.length > 10 && ranks[9] === 9;

/** Counts of the shown rows by group, and of those among them that are selected. */
export function stripContent(points, state, mask, scale, division) {
  const of = new Array(division.names.length).fill(0);
  const inside = [...of];
  for (let row = 0; row < points.rows; row++) {
    const group = groupOf(division, row);
    if (group < 0 || !isShown(points, state, row)) continue;
    of[group] += 1;
    inside[group] += mask[row];
  }
  const anySelected = state.selected.length > 0;
  const isColoured = !MEASURED.includes(state.colour);
  const groups = division.names.map((name, code) => ({
    name,
    code,
    of: of[code],
    inside: anySelected ? inside[code] : null,
    colour: isColoured ? scale.ramp[division.ranks[code]] : null,
  }));
  const isOrdered = groups.length <= CATEGORIES || division.is_ordered || isStepped(division);
  if (!isOrdered) groups.sort((a, b) => b.of - a.of || a.code - b.code);
  const { title } = division;
  return { title: anySelected ? 'Selected' : title, of: title, groups, only: state.only };
}

/** Title, colours with ticks, and shapes with counts. */
export function keyContent(points, state, control, scale, division) {
  const leftOut = points.rows - points.kept.reduce((sum, kept) => sum + kept, 0);
  const shapes = [
    ['◇', `synthetic ${count(points.n - leftOut)}`],
    ...(points.m ? [['●', `real ${count(points.m)}`]] : []),
    ...(leftOut ? [['×', `discarded ${count(leftOut)}`]] : []),
    ...(control.gaps && state.outlinesThin ? [['◯', thinWords(control.gaps)]] : []),
  ];
  const title = {
    weight: `Weight ${control.formula}, log scale`,
    quality: 'P′ of the own label',
    diversity: 'Q of the own label, synthetic rows only',
    predicted: 'Label the quality checker reads',
  }[state.colour] ?? groupWords(points, division);
  const isWeight = state.colour === 'weight' || isStepped(division);
  if (!MEASURED.includes(state.colour) && !isWeight) return { title, shapes };
  const ticks = isWeight
    ? weightTicks(control.edges)
    : [0, 0.5, 1].map((value) => ({ position: value, text: String(value) }));
  return { title, ramp: scale.ramp, ticks, shapes };
}

/** Which real rows are outlined. */
function thinWords({ thin, of }) {
  return thin.length < of ? `${count(thin.length)} thinnest` : `thin ${count(of)}`;
}

/** What the colours of a division stand for. */
function groupWords(points, division) {
  const { title, names, codes, note } = division;
  const isCut = names.length > CATEGORIES && !isStepped(division);
  return [
    note ? `${title}: ${note}` : title,
    ...(isCut ? [`the ${division.is_ordered ? 'first seven' : 'seven largest'}; others grey`] : []),
    ...(codes.length < points.rows && !note ? ['synthetic rows only'] : []),
  ].join(', ');
}

/** Marks of the weight scale at every second edge; both ends are open. */
export function weightTicks(edges) {
  const text = (edge) => {
    const weight = Math.exp(edge);
    return weight >= 10 ? String(Math.round(weight)) : String(Number(weight.toPrecision(1)));
  };
  return edges.flatMap((edge, i) => {
    if (i % 2) return [];
    const sign = i === 0 ? '≤ ' : i === edges.length - 1 ? '≥ ' : '';
    return [{ position: (i + 1) / (edges.length + 1), text: sign + text(edge) }];
  });
}

/** The histogram as a sentence, for who cannot see it. */
export function histogramWords(counts, edges) {
  const weight = (i) => weightText(Math.exp(edges[i]));
  const step = (i) => {
    if (i === 0) return `below ${weight(0)}`;
    return i === edges.length ? `from ${weight(i - 1)}` : `${weight(i - 1)} to ${weight(i)}`;
  };
  return `Rows per step of weight: ${counts.map((rows, i) => `${step(i)}: ${count(rows)}`).join('; ')}`;
}

/** How the marks stand for the rows in view where they cannot all be drawn; empty where they are. */
export function thinningWords({ inView, drawn }, isFlat) {
  const browser = isFlat ? 'This browser has no WebGL 2, so marks are few. ' : '';
  if (drawn === inView) return browser && 'Drawn without WebGL 2.';
  return `${browser}Marks: ${count(drawn)} of ${count(inView)} rows in view, evenly thinned; `
    + 'shading: all. Zoom in for every row; lasso and counts take all.';
}

/** How many rows are selected, what they are and weigh, and how many a button would act on. */
export function footerContent(points, state, weights, mostDiscarded) {
  const { selected } = state;
  const synthetic = selected.filter((row) => row < points.n);
  const kept = synthetic.filter((row) => points.kept[row]);
  const real = selected.length - synthetic.length;
  const middle = weightText(median(Float64Array.from(kept, (row) => weights[row])));
  const note = [
    real ? `${count(synthetic.length)} synthetic, ${count(real)} real` : `of ${count(points.n)}`,
    ...(kept.length ? [`${kept.length > 1 ? 'median weight' : 'weight'} ${middle}`] : []),
  ].join(' · ');
  return {
    rows: selected.length,
    note,
    toReview: synthetic.length,
    toDiscard: kept.length <= mostDiscarded ? kept.length : 0,
  };
}

/** What is said of a row at the pointer; `group` names the one that colours it, if any. */
export function tipContent(points, weights, row, group) {
  const isSynthetic = row < points.n;
  const isKept = points.kept[row];
  const label = points.labels[points.label[row]];
  const isWeighed = isSynthetic && isKept;
  const words = [
    isSynthetic ? label : `real · ${label}`,
    `reads as ${points.labels[points.predicted[row]]}`,
    ...(group ? [group] : []),
    ...(isKept ? [] : ['discarded']),
    ...(isWeighed ? [`weight\u00a0${weightText(weights[row])}`] : []),
    `P′\u00a0${probabilityText(points.p[row])}`,
    ...(isSynthetic ? [`Q\u00a0${probabilityText(points.q[row])}`] : []),
  ];
  return { text: points.texts?.[row], note: words.join(' · ') };
}
