// From P' and Q to weights: the same order of operations as synthcur/weighting.py, which a test
// compares with this file. Pure: no page, no chart.

export const SMALLEST_PROBABILITY = 1e-12;

const logOf = (probability) => Math.log(Math.max(probability, SMALLEST_PROBABILITY));

/** Logarithms of probabilities, as both checkers' are read. */
export const logsOf = (probabilities) => Float64Array.from(probabilities, logOf);

/** Logarithm of the P' from which the rule quality_filter keeps a row; chance unless told. */
export const leastLogP = ({ least_quality: least, n_labels: labels }) => Math.log(least ?? 1 / labels);

/** Logarithm of the rule's ratio, before clip, floor and normalisation. */
export function logRatio(logP, logQ, settings) {
  if (settings.rule === 'ce') return 0;
  if (settings.rule === 'quality_filter') return logP >= leastLogP(settings) ? 0 : -Infinity;
  const value = settings.quality_exponent * logP;
  if (settings.rule === 'imp') return value - settings.diversity_exponent * logQ;
  if (settings.rule === 'dimp') {
    return value + settings.diversity_exponent * Math.log(settings.n_labels);
  }
  return value;
}

/** Weight of a log ratio after clip and floor. */
export function finish(logWeight, settings) {
  const low = settings.clip_low ?? -Infinity;
  const high = settings.clip_high ?? Infinity;
  const clipped = Math.min(Math.max(logWeight, low), high);
  return settings.floor + (1 - settings.floor) * Math.exp(clipped);
}

/**
 * Weights of n rows.
 * @param {object} rows
 * @param {Float64Array} rows.logP logarithm of the quality of each row's own label, P'
 * @param {Float64Array} rows.logQ the same of the diversity checker's Q
 * @param {Uint16Array} rows.label
 * @param {Uint8Array} rows.kept 0 where decisions left a row out: it weighs NaN, counts nowhere
 * @param {Uint32Array} rows.copies near-duplicates that share a row's weight, itself counted
 * @param {number[]|null} rows.realShares share of each label among the real rows
 * @param {object} settings fields of WeightingSettings and n_labels
 * @returns {{weights: Float64Array, scale: Float64Array}} scale: what the last steps, balance and
 *   mean, have multiplied each label by
 */
export function sampleWeights({ logP, logQ, label, kept, copies, realShares }, settings) {
  const prior = logPrior(label, kept, realShares, settings);
  const weights = new Float64Array(kept.length).fill(NaN);
  for (let i = 0; i < weights.length; i++) {
    if (!kept[i]) continue;
    weights[i] = finish(logRatio(logP[i], logQ[i], settings) + prior[label[i]], settings);
    if (settings.collapse_duplicates) weights[i] /= copies[i];
  }
  const scale = labelScale(weights, label, settings);
  for (let i = 0; i < weights.length; i++) weights[i] *= scale[label[i]];
  return { weights, scale };
}

/** What the prior correction adds to the logarithm of a weight under each label. */
function logPrior(label, kept, realShares, settings) {
  const prior = new Float64Array(settings.n_labels);
  if (!settings.prior_correction || ['ce', 'quality_filter'].includes(settings.rule)) return prior;
  // Every label is counted once more than it occurs, as in `label_shares`.
  const counts = prior.map(() => 1);
  for (let i = 0; i < kept.length; i++) if (kept[i]) counts[label[i]] += 1;
  const total = counts.reduce((sum, each) => sum + each, 0);
  return counts.map((each, code) => Math.log(each / total) - Math.log(realShares[code]));
}

/** What balance and mean multiply each label by. */
function labelScale(weights, label, settings) {
  const totals = new Float64Array(settings.n_labels);
  let rows = 0;
  for (let i = 0; i < weights.length; i++) {
    if (Number.isNaN(weights[i])) continue;
    totals[label[i]] += weights[i];
    rows += 1;
  }
  const total = totals.reduce((sum, each) => sum + each, 0);
  const weighty = totals.filter((each) => each > 0).length;
  const mean = settings.normalise && weighty ? rows / total : 1;
  return totals.map((each) =>
    mean * (settings.balance_classes && each > 0 ? total / weighty / each : 1));
}

/** Step of each weight: how many of the nine inner edges (logarithms) are at or below it. */
export function weightSteps(weights, edges) {
  const steps = new Uint8Array(weights.length);
  for (let i = 0; i < steps.length; i++) {
    const logWeight = logOf(weights[i]);
    while (steps[i] < edges.length && logWeight >= edges[steps[i]]) steps[i] += 1;
  }
  return steps;
}

/** Rows in each of `steps` steps; rows that are left out are not counted. */
export function stepCounts(weights, steps, edges) {
  const counts = new Array(edges.length + 1).fill(0);
  for (let i = 0; i < steps.length; i++) if (!Number.isNaN(weights[i])) counts[steps[i]] += 1;
  return counts;
}

/**
 * Log ratio at which a row weighs `weight` when all is applied, or null where clip or floor allow
 * no such row, or where it differs from row to row.
 */
export function logRatioOf(weight, settings, scale) {
  const { prior_correction: prior, collapse_duplicates: collapse, balance_classes: balance } = settings;
  if (prior || collapse || balance) return null;
  const beforeFloor = (weight / scale[0] - settings.floor) / (1 - settings.floor);
  if (!(beforeFloor > 0) || !Number.isFinite(beforeFloor)) return null;
  const value = Math.log(beforeFloor);
  const low = settings.clip_low ?? -Infinity;
  const high = settings.clip_high ?? Infinity;
  return value >= low && value <= high ? value : null;
}

/** Middle value of some numbers, NaN of none. */
export function median(values) {
  if (!values.length) return NaN;
  const sorted = Float64Array.from(values).sort();
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
