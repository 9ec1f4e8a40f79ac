// Below the map: where the weight goes, what each step of the weighting does to it, and which real
// rows are left thin. Built of elements and textContent only.

const MOST_GROUPS = 8;
const BY_LABEL = 'Label';

/** Fill the two cards of the weight: by group, and step by step. */
export function weightSections({ points, weights, control, state, groupings, regroup }) {
  const pair = element('div', 'sm-pair');
  pair.append(massCard(points, weights, state, groupings, regroup), stepsCard(control, weights));
  return pair;
}

function titled(title, note) {
  const card = element('section', 'sm-card');
  const head = element('div', 'sm-head');
  head.append(element('b', '', title), element('span', 'sm-note', note));
  card.append(head);
  return card;
}

function massCard(points, weights, state, groupings, regroup) {
  const byLabel = { title: BY_LABEL, key: BY_LABEL, names: points.labels, codes: points.label };
  const known = [byLabel, ...groupings.filter((each) => each.is_of_weights)];
  const chosen = known.find(({ key, codes }) => codes && key === state.grouping) ?? byLabel;
  const card = titled('Where the weight goes', 'effective rows, not accuracy');
  const titles = Object.fromEntries(known.map(({ key, title, is_column: isColumn }) =>
    [key, isColumn ? title : title.toLowerCase()]));
  card.firstChild.append(element('span', 'sm-space'), choice('By', titles, chosen.key, regroup));
  const rows = listed(massByGroup(weights, chosen.codes), MOST_GROUPS);
  const columns = [
    [chosen.title, 'sm-text'], ['Rows', 'sm-number'], ['of rows', 'sm-number'],
    ['of weight', 'sm-number'], ['Points', 'sm-number'], ['Effective', 'sm-number'],
  ];
  card.append(table(`Weight by ${chosen.title}`, columns, rows.map((group) => [
    groupName(points, chosen, group),
    count(group.rows),
    percent(group.before),
    percent(group.mass),
    signed(group.mass - group.before),
    count(Math.round(group.effective)),
  ])));
  return card;
}

function groupName(points, { title, names }, { code, first, groups }) {
  if (code === null) return `${count(groups)} others`;
  if (code < names.length) return names[code];
  return points.texts?.[first] ?? `${title}, group ${code}`;
}

const percent = (share) => `${(100 * share).toFixed(1)} %`;
const signed = (change) => {
  const text = (100 * change).toFixed(1);
  return `${change >= 0 ? '+' : '−'}${text.replace('-', '')}`;
};

/** From plain training, where every row weighs 1, to the weights: what each step gives and takes. */
function stepsCard({ steps }, weights) {
  const card = titled('Step by step', 'in rows of weight 1, from plain training');
  const start = weights.reduce((rows, weight) => rows + !Number.isNaN(weight), 0);
  const far = Math.max(1, start, ...steps.map(([, given, , mass]) => Math.max(mass, mass + given)));
  const list = element('div', 'sm-steps');
  const line = (name, words, bars) => {
    const track = element('div', 'sm-track');
    for (const [from, to, kind] of bars) {
      const bar = element('span', kind);
      bar.style.left = `${(100 * Math.min(from, to)) / far}%`;
      bar.style.width = `${(100 * Math.abs(to - from)) / far}%`;
      track.append(bar);
    }
    list.append(element('div', '', name), track, element('div', 'sm-number', words));
  };
  line('Plain training', count(start), [[0, start, 'sm-rows']]);
  let left = start;
  for (const [name, given, taken, mass] of steps) {
    const words = [given >= 0.5 ? `+${count(Math.round(given))}` : '',
      taken >= 0.5 ? `−${count(Math.round(taken))}` : ''].filter(Boolean).join(' ');
    line(name, words || '0', [[left, left - taken, 'sm-taken'], [left - taken, mass, 'sm-given']]);
    left = mass;
  }
  line('Weight left', count(Math.round(left)), [[0, left, 'sm-rows']]);
  const effective = steps.at(-1)?.[4] ?? start;
  line('Effective rows', count(effective), [[0, effective, 'sm-rows']]);
  card.append(list);
  return card;
}

/** Fill the card of thin real regions; null where nothing is known of them. */
export function gapsCard(points, { gaps, pool_in_words: poolInWords }, onRow) {
  if (!gaps) return null;
  const outlined = gaps.thin.length < gaps.of ? `the ${count(gaps.thin.length)} thinnest` : 'all';
  const note = `${count(gaps.of)} of ${count(points.m)} real rows; ${outlined} outlined on the map`;
  const card = titled('Real rows left thin', note);
  const cover = (before, after) => `${before.toFixed(2)} → ${after.toFixed(2)}`;
  const examples = table('Real rows with the least weight around them',
    [['Example', 'sm-text'], ['Label', 'sm-word'], ['Cover', 'sm-wide']],
    gaps.rows.map(([row, before, after, text]) => [
      rowButton(text ?? points.texts[row], () => onRow(row)),
      points.labels[points.label[row]],
      cover(before, after),
    ]));
  const labels = table('Thin real rows by label',
    [['Label', 'sm-text'], ['Thin', 'sm-wide'], ['Cover', 'sm-wide']],
    gaps.labels.map(([label, rows, thin, before, after]) => [
      points.labels[label], `${count(thin)} of ${count(rows)}`, cover(before, after),
    ]));
  const both = element('div', 'sm-pair');
  both.append(examples, labels);
  const words = 'Cover: synthetic rows around a real one in the space of the embeddings, without '
    + `and with the weights; 1 is the average. ${poolInWords}`;
  card.append(both, element('div', 'sm-note sm-words', words));
  return card;
}

function rowButton(text, onClick) {
  const button = element('button', '', text, { type: 'button', title: 'Show this row on the map' });
  button.addEventListener('click', onClick);
  return button;
}
