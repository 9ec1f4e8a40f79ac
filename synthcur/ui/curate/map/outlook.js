// What a weighting leaves of a pool, in a few figures and warnings: the figures of `outlook` in
// synthcur/what_if.py, which a test compares with this file. Pure: no page.

const MOST_NAMED = 5;
const NAME_LENGTH = 40;

/**
 * @param {Float64Array} weights NaN where a row is left out
 * @param {ArrayLike<number>} label
 * @param {{share: number, rows: number}} least share of the pool and rows of a label that should be
 *   in effect
 * @returns {object} rows, effective (Kish), mean, topShare; isThin: whether the pool has too few
 *   effective rows; thin: labels that have too few, as {code, effective}, the thinnest first
 */
export function outlookOf(weights, label, least) {
  const labels = massByGroup(weights, label);
  const sum = (name) => labels.reduce((total, group) => total + group[name], 0);
  const [rows, mass, squares] = ['rows', 'sum', 'squares'].map(sum);
  const effective = squares > 0 ? (mass * mass) / squares : 0;
  const thin = labels.filter((group) => group.effective < least.rows)
    .sort((one, other) => one.effective - other.effective || one.code - other.code);
  const mean = rows ? mass / rows : 0;
  const isThin = effective < least.share * rows;
  return { rows, effective, mean, topShare: topShare(weights), isThin, thin };
}

/** Effective rows, share of the heaviest rows and mean weight: label, value, of what. */
export function outlookFigures({ rows, effective, mean, topShare: share }, isPublished) {
  const ofAll = `${whole(effective / Math.max(rows, 1))} of ${count(rows)}`;
  const heaviest = Math.max(1, Math.ceil(0.01 * rows));
  return [
    ['Effective rows', count(Math.round(effective)), ofAll],
    ['Loss share of top 1 %', whole(share), `${count(heaviest)} rows of ${count(rows)}`],
    ['Mean weight', rows ? mean.toFixed(2) : 'none',
      isPublished ? '1.00 if Q is calibrated' : `of ${count(rows)} rows`],
  ];
}

const whole = (share) => `${Math.round(100 * share)} %`;

/** Whether settings are a rule as published, whatever P' and Q it reads. */
export function isAsPublished(settings, plain) {
  return Object.entries(plain).every(([name, value]) =>
    name === 'quality' || name === 'diversity' || settings[name] === value);
}

/** What a training with these weights would suffer from, a sentence each. */
export function outlookWarnings({ rows, effective, isThin, thin }, names, least) {
  const found = isThin
    ? [`Only ${count(Math.round(effective))} effective rows, under ${whole(least.share)} of `
      + `${count(rows)}: few rows decide the training. Clip the weights or lower an exponent.`]
    : [];
  if (!thin.length) return found;
  const named = thin.slice(0, MOST_NAMED)
    .map((group) => `${cut(names[group.code])} ${count(Math.round(group.effective))}`);
  const more = thin.length - MOST_NAMED;
  const others = more > 0 ? ` and ${count(more)} more` : '';
  return [...found, `Under ${least.rows} effective rows: ${named.join(', ')}${others}.`];
}

function cut(name) {
  const letters = [...name];
  return letters.length <= NAME_LENGTH ? name : `${letters.slice(0, NAME_LENGTH - 1).join('')}…`;
}
