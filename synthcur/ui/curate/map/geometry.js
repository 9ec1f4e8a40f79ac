// Which points a drawn line encloses and which one is nearest. Pure: no page, no chart.

/** Whether a point lies inside a polygon by the even-odd rule. */
export function isInside(x, y, polygon) {
  let inside = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [xi, yi] = polygon[i];
    const [xj, yj] = polygon[j];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
  }
  return inside;
}

/** Rows among those visible that lie inside a polygon, ascending. */
export function rowsInside(xs, ys, visible, polygon) {
  const [left, right] = extent(polygon.map((point) => point[0]));
  const [bottom, top] = extent(polygon.map((point) => point[1]));
  const rows = [];
  for (let i = 0; i < xs.length; i++) {
    if (!visible[i] || xs[i] < left || xs[i] > right || ys[i] < bottom || ys[i] > top) continue;
    if (isInside(xs[i], ys[i], polygon)) rows.push(i);
  }
  return Uint32Array.from(rows);
}

/** Rows that are in either of two ascending lists, ascending. */
export function united(one, other) {
  const rows = Uint32Array.from([...one, ...other]).sort();
  return rows.filter((row, i) => i === 0 || rows[i - 1] !== row);
}

/**
 * Visible row nearest to a place, or -1.
 * @param {{x: number, y: number}} place in the unit of the axes
 * @param {{x: number, y: number}} scale pixels per unit of each axis
 * @param {number} reach farthest distance in pixels
 */
export function nearestRow(xs, ys, visible, place, scale, reach) {
  let best = -1;
  let shortest = reach * reach;
  for (let i = 0; i < xs.length; i++) {
    if (!visible[i]) continue;
    const dx = (xs[i] - place.x) * scale.x;
    const dy = (ys[i] - place.y) * scale.y;
    const distance = dx * dx + dy * dy;
    if (distance < shortest) {
      shortest = distance;
      best = i;
    }
  }
  return best;
}

/** Smallest and largest of some numbers. */
export function extent(values) {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** Range of an axis with room at both ends, each as a share of the width. */
export function padded(values, before, after) {
  const [low, high] = extent(values);
  const width = high - low || 1;
  return [low - before * width, high + after * width];
}

/**
 * Corner of a stage under which fewest points lie; of equal ones the first, bottom left.
 * @param {{x: number[], y: number[]}} ranges of the axes, which fill the stage
 * @param {{x: number, y: number}} share of the stage's width and height that the corner covers
 * @returns {[string, string]} 'left' or 'right', 'bottom' or 'top'
 */
export function emptiestCorner(xs, ys, ranges, share) {
  const { x, y } = ranges;
  const [width, height] = [share.x * (x[1] - x[0]), share.y * (y[1] - y[0])];
  let best = ['left', 'bottom'];
  let fewest = Infinity;
  for (const corner of [['left', 'bottom'], ['left', 'top'], ['right', 'bottom'], ['right', 'top']]) {
    const isNearX = corner[0] === 'left' ? (v) => v < x[0] + width : (v) => v > x[1] - width;
    const isNearY = corner[1] === 'bottom' ? (v) => v < y[0] + height : (v) => v > y[1] - height;
    let under = 0;
    for (let i = 0; i < xs.length; i++) if (isNearX(xs[i]) && isNearY(ys[i])) under += 1;
    if (under < fewest) {
      fewest = under;
      best = corner;
    }
  }
  return best;
}
