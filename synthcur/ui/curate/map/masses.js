// Where the weight goes: the same figures as `mass_by_group`, `effective_sample_size` and
// `top_share` of synthcur/weighting.py, which a test compares with this file. Pure: no page.

/** Kish's effective sample size; rows that are left out (NaN) do not count. */
export function effectiveRows(weights) {
  const [pool] = massByGroup(weights, new Uint8Array(weights.length));
  return pool ? pool.effective : 0;
}

/** Share of the weight that the heaviest hundredth of the rows, at least one, holds. */
export function topShare(weights) {
  const sorted = Float64Array.from(weights).filter((weight) => !Number.isNaN(weight)).sort();
  const most = Math.max(1, Math.ceil(0.01 * sorted.length));
  const total = (values) => values.reduce((sum, weight) => sum + weight, 0);
  const all = total(sorted);
  return all > 0 ? total(sorted.subarray(sorted.length - most)) / all : 0;
}

/**
 * Rows, share of the rows, share of the weight and effective rows of every group that has rows.
 * @param {Float64Array} weights NaN where a row is left out
 * @param {ArrayLike<number>} codes group of every row, >= 0
 * @returns {{code, first, rows, before, mass, effective}[]} the heaviest first; `first` is a row
 */
export function massByGroup(weights, codes) {
  const groups = new Map();
  let [kept, total] = [0, 0];
  weights.forEach((weight, row) => {
    if (Number.isNaN(weight)) return;
    kept += 1;
    total += weight;
    const code = codes[row];
    if (!groups.has(code)) groups.set(code, { code, first: row, rows: 0, sum: 0, squares: 0 });
    const group = groups.get(code);
    group.rows += 1;
    group.sum += weight;
    group.squares += weight * weight;
  });
  return [...groups.values()]
    .map((group) => ({
      ...group,
      before: group.rows / kept,
      mass: total > 0 ? group.sum / total : 0,
      effective: worth(group),
    }))
    .sort((a, b) => b.mass - a.mass || a.code - b.code);
}

const worth = ({ sum, squares }) => (squares > 0 ? (sum * sum) / squares : 0);

/** The first groups, and all others as one with `groups`, their number, and no code. */
export function listed(table, most) {
  if (table.length <= most) return table;
  const rest = table.slice(most - 1);
  const sum = (name) => rest.reduce((total, group) => total + group[name], 0);
  const others = { code: null, groups: rest.length };
  for (const name of ['rows', 'sum', 'squares', 'before', 'mass']) others[name] = sum(name);
  return [...table.slice(0, most - 1), { ...others, effective: worth(others) }];
}

/**
 * Quarter of the plane in which a row lies, with the lines at 1/K: 0 typical, 1 rare, 2 against the
 * real data, 3 doubted by both; see `quadrants` in synthcur/what_if.py.
 */
export function quadrantOf(p, q, labels) {
  return 2 * (p < Math.fround(1 / labels)) + (q < Math.fround(1 / labels));
}
