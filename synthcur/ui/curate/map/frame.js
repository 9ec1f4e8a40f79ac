// The empty frame of the view: the card of the map, and beside it those of the plane and the weights.

/**
 * @param {HTMLElement} tools above the map
 * @returns {object} the nodes that are filled later, by name
 */
export function frameOf(tools) {
  const [root, strip, stage, key] = ['sm', 'sm-strip', 'sm-stage sm-map', 'sm-key'].map(box);
  const [thinning, foot, tip, card, side] =
    ['sm-thinning', 'sm-foot', 'sm-tip', 'sm-card', 'sm-side'].map(box);
  tip.hidden = true;
  card.append(tools, strip, stage, foot);
  const plane = sideCard('plane', 'Quality × diversity', 'log scales');
  const histogram = sideCard('histogram', 'Weights', 'rows per step');
  const [planeNote, histogramNote] = [plane, histogram].map((each) => each.querySelector('.sm-note'));
  side.append(plane, histogram);
  root.append(card, side, tip);
  const axes = svg('svg', { 'class': 'sm-picture', 'aria-hidden': 'true' });
  const bars = svg('svg', { class: 'sm-picture', role: 'img' });
  plane.lastChild.append(axes);
  histogram.lastChild.append(bars);
  return {
    root, strip, stage, key, thinning, foot, tip, planeNote, histogramNote, axes, bars,
    planeStage: plane.lastChild,
  };
}

const box = (className) => element('div', className);
