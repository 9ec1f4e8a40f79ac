// What divides the rows of a map into named groups that have colours and can be shown alone: their
// labels, and groups that were sent. Pure: no page.

export const CATEGORIES = 7;

/** Groups that can colour the map where they were sent, by the name of the colour mode. */
export const GROUPED = {
  cluster: 'Cluster',
  generator: 'Generator',
  decision: 'Decision',
  signal: 'Flaw signal',
  run: 'Run-time weight',
};

/** What the colour modes of further columns begin with; the name of the column follows. */
export const OF_COLUMN = 'column:';

/** More groups than this, as where every row names a generator of its own, are no legend. */
const MOST_GROUPS_SHOWN = 100;

/** Category of each code: 0 to 6 for the seven most frequent, 7 for every other. */
export function categoryRanks(codes, groups) {
  const sizes = new Array(groups).fill(0);
  for (const code of codes) sizes[code] += 1;
  const order = sizes.map((_, code) => code);
  if (order.length > CATEGORIES) order.sort((a, b) => sizes[b] - sizes[a] || a - b);
  const ranks = [];
  order.forEach((code, position) => { ranks[code] = Math.min(position, CATEGORIES); });
  return ranks;
}

/**
 * Every way to divide the rows, by the name of the colour mode that shows it.
 * @param {object} points what `unpack` returns
 * @param {{title, names, codes, ranks, note, key, is_column}[]} groupings codes of the synthetic
 *   rows, or of all; ranks where the groups have colours of their own. A column that nobody has
 *   chosen yet has no codes
 * @returns {Object<string, {title, names: string[], codes: ArrayLike<number>, ranks: number[]}>}
 */
export function divisionsOf(points, groupings) {
  const ranks = categoryRanks(points.label, points.labels.length);
  const label = { title: 'Label', names: points.labels, codes: points.label, ranks };
  const found = { label, predicted: { ...label, title: 'Read as', codes: points.predicted } };
  for (const [mode, title] of Object.entries(GROUPED)) {
    const grouping = groupings.find((each) => each.title === title && !each.is_column);
    const groups = grouping?.names.length ?? 0;
    if (!groups || groups > MOST_GROUPS_SHOWN) continue;
    found[mode] = { ...grouping, ranks: grouping.ranks ?? categoryRanks(grouping.codes, groups) };
  }
  for (const grouping of groupings) {
    if (grouping.is_column) found[grouping.key] = { ...grouping, codes: grouping.codes ?? [] };
  }
  return found;
}

/** Unpack the groups by further columns that are to be seen now; null where all of them are. */
export function unpacking(groupings, chosen) {
  const waiting = groupings.filter(({ key, codes }) => !codes && chosen.includes(key));
  if (!waiting.length) return null;
  return Promise.all(waiting.map(async (each) => { each.codes = await each.read(); }));
}

/** By what rows are counted and shown alone: by what colours them, else by label. */
export const divisionIn = (divisions, colour) => divisions[colour] ?? divisions.label;

/** Group of a row in a division, -1 where it has none. */
export const groupOf = ({ codes }, row) => codes[row] ?? -1;

/** Colour modes that can be chosen where these divisions are known, by name. */
export function colourModes(divisions) {
  const isKnown = ([mode]) => !Object.hasOwn(GROUPED, mode) || Object.hasOwn(divisions, mode);
  const columns = Object.entries(divisions).filter(([mode]) => mode.startsWith(OF_COLUMN));
  return Object.fromEntries([
    ...Object.entries(COLOUR_MODES).filter(isKnown),
    ...columns.map(([mode, { title }]) => [mode, title]),
  ]);
}

/** What of a state cannot be shown with these divisions, put right. */
export function settled({ colour, only }, divisions) {
  if (!Object.hasOwn(colourModes(divisions), colour)) return { colour: 'weight', only: null };
  const isThere = only === null || only < divisionIn(divisions, colour).names.length;
  return { colour, only: isThere ? only : null };
}
