// What is told of the weights around the map: figures and warnings above it, the lightest rows
// below. Built of elements and textContent only.

/**
 * Fill the row of figures.
 * @param {string[][]} figures label, value, of what
 * @param {string[]} warnings sentences
 */
export function fillFigures(node, figures, warnings) {
  if (!isNews(node, [figures, warnings])) return;
  const card = element('div', 'sm-figures');
  for (const [name, value, ofWhat] of figures) {
    const figure = element('div', 'sm-figure');
    figure.append(element('div', '', name), element('div', 'sm-value', value),
      element('div', 'sm-note', ofWhat));
    card.append(figure);
  }
  const notes = warnings.map((sentence) => {
    const note = element('p', 'sm-warning');
    note.append(element('b', '', 'check'), sentence);
    return note;
  });
  node.replaceChildren(card, ...notes);
}

/** Table whose cells are elements or texts, by columns of name and kind. */
function table(words, columns, rows) {
  const grid = element('table', 'sm-table', undefined, { 'aria-label': words });
  const names = element('tr');
  for (const [name, kind] of columns) names.append(element('th', kind, name, { scope: 'col' }));
  const top = element('thead');
  top.append(names);
  const body = element('tbody');
  for (const cells of rows) {
    const line = element('tr');
    cells.forEach((cell, i) => {
      const place = element('td', columns[i][1]);
      place.append(cell);
      line.append(place);
    });
    body.append(line);
  }
  grid.append(top, body);
  return grid;
}

/**
 * Fill what is told below the map; a card that would say the same stays as it is.
 * @param {object} told points, weights, control, state, groupings, regroup and select of a view
 * @param {Memo} memo of the same view
 */
export function fillTables(node, told, memo) {
  const { points, weights, control, state, groupings, select } = told;
  const { lightest, steps, gaps } = control;
  const card = (name, says, inputs, make) =>
    memo.of(name, [weights, JSON.stringify(says), ...inputs], make);
  const cards = [
    card('lightest', lightest, [], () => lightest && lightestCard(points, weights, control, select)),
    card('sections', steps, [state.grouping, groupings], () => weightSections(told)),
    card('gaps', [gaps, control.pool_in_words], [], () => gapsCard(points, control, select)),
  ].filter(Boolean);
  let all = node.querySelector('.sm-told');
  if (!all) {
    all = element('div', 'sm-told');
    node.append(all);
  }
  const isSame = cards.length === all.children.length && cards.every((each, i) => each === all.children[i]);
  if (isSame) return;
  const scrolled = all.querySelector('.sm-lowest')?.scrollTop;
  all.replaceChildren(...cards);
  if (scrolled) all.querySelector('.sm-lowest')?.scrollTo(0, scrolled);
}

function lightestCard(points, weights, control, select) {
  const lowest = element('div', 'sm-lowest');
  lowest.append(lightestTable(points, weights, control, select));
  return lowest;
}

function lightestTable(points, weights, control, onRow) {
  const rows = control.lightest;
  const columns = [
    ['Row', 'sm-number'], ['Text', 'sm-text'], ['Label', 'sm-word'], ['Read as', 'sm-word'],
    ['Weight', 'sm-number'], ['P′', 'sm-number'], ['Q', 'sm-number'], ['Decision', 'sm-word'],
  ];
  const lines = rows.map(([row, number, text, decision]) => {
    const show = element('button', '', text ?? points.texts[row], {
      type: 'button', title: 'Show this row on the map',
    });
    show.addEventListener('click', () => onRow(row));
    return [
      count(number),
      show,
      points.labels[points.label[row]],
      points.labels[points.predicted[row]],
      weightText(weights[row]),
      probabilityText(points.p[row]),
      probabilityText(points.q[row]),
      decision,
    ];
  });
  const decided = rows.some((row) => row[3]);
  const shown = decided ? columns : columns.slice(0, -1);
  return table('Rows of lowest weight', shown, lines.map((cells) => cells.slice(0, shown.length)));
}
