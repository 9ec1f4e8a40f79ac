// The record under review and what stands beside it. Sample text is set with textContent only.

/** Make an element: `make('b', {className: 'name'}, 'text', child)`. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes('-') || name === 'role') element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children);
  return element;
}

export const icon = (name) => make('i', { className: 'icon', 'aria-hidden': 'true' }, name);
/** The key to press, whichever a person has put in the place of the usual one. */
export function key(usual) {
  const mark = make('kbd', { 'aria-hidden': 'true' }, keys.shown(usual));
  mark.dataset.usual = usual;
  return mark;
}

const DECIDED = { keep: 'kept', discard: 'discarded', relabel: 'relabelled', unsure: 'unsure' };
const count = (number) => number.toLocaleString('en-US');

/** Row, source, label, weight and what has been decided. */
export function header(card, state, data) {
  const parts = [
    make('span', { className: 'id' }, `row ${count(card.row)}`),
    make('span', { className: 'tag' }, '◇ synthetic'),
    make('span', { className: 'muted wide' }, 'label'),
    make('span', { className: 'tag name', title: data.labels[state.label] }, data.labels[state.label]),
  ];
  const entry = card.options.find((option) => option.label === state.label);
  if (entry?.weight) {
    parts.push(
      make('span', { className: 'muted' }, 'weight'),
      make('b', {}, entry.weight),
      make('span', { className: 'muted wide' }, 'of 1 = plain'),
    );
  }
  if (state.action) parts.push(verdict(card, state, data));
  return parts;
}

function verdict(card, state, data) {
  const mark = { keep: 'check', discard: 'block', relabel: 'sell', unsure: 'question_mark' };
  let words = DECIDED[state.action];
  if (state.action === 'relabel') words += ` from ${data.labels[card.fileLabel]}`;
  if (state.action === 'discard' && state.reason) words += `: ${state.reason}`;
  const look = state.action === 'keep' ? 'keep' : state.action === 'unsure' ? '' : 'discard';
  const span = make('span', { className: `verdict ${look}`, title: words });
  span.append(icon(mark[state.action]), make('span', {}, words));
  return span;
}

/** The why-sentence: every second part is emphasised; a number stays with its percent sign. */
export function why(card) {
  const parts = card.why.map((part) => part.replaceAll(' %', '\u00a0%'));
  return parts.map((part, i) => (i % 2 ? make('b', {}, part) : part));
}

/** The sample's text or pair of texts, its note, and how long it is if it was cut. */
export function text(card, state) {
  const blocks = [state.text, card.pair].filter((block) => block !== null);
  const parts = blocks.map((block) => make('p', { className: 'sample', dir: 'auto' }, block));
  if (blocks.length === 2) {
    parts.splice(0, 0, make('h2', {}, 'First text'));
    parts.splice(2, 0, make('h2', {}, 'Second text'));
  }
  if (card.length) {
    const words = `Cut for display: ${count(card.length)} characters in all.`;
    parts.push(make('p', { className: 'muted small' }, words));
  }
  if (state.earlier !== null) {
    const words = 'Edited; the checkers and the weight know the earlier text: ';
    parts.push(make('p', { className: 'muted small' }, words, make('span', { dir: 'auto' }, state.earlier)));
  }
  if (state.note) {
    parts.push(make('p', { className: 'noted' }, icon('sticky_note_2'), make('span', {}, state.note)));
  }
  return parts;
}

const QUALITY = ['P′', 'quality: the checker trained on real rows'];
const DIVERSITY = ['Q', 'diversity: the checker trained on other synthetic rows'];
const columnOf = (words, title) => make('span', { title }, words);

/** One row per label with the weight under it; `choose(label)` relabels. */
export function labelRows(card, state, data, choose) {
  const hints = card.options.some((option) => option.weight);
  const words = hints ? 'Weight under each label; a number key relabels' : 'A number key relabels';
  const title = make('span', { className: 'title' }, words);
  if (card.options.length < data.labels.length) title.append(otherLabels(card, data, choose));
  const head = make('div', { className: `label head${hints ? '' : ' blind'}` }, title);
  if (hints) head.append(make('span', {}, 'weight'), columnOf(...QUALITY), columnOf(...DIVERSITY));
  const rows = card.options.map((option, i) => labelRow(option, i, card, state, data, choose));
  return [head, ...rows];
}

function labelRow(option, i, card, state, data, choose) {
  const name = data.labels[option.label];
  const isNow = option.label === state.label;
  const looks = ['label', isNow && 'now', option.label === card.best && 'best'];
  if (!option.weight) looks.push('blind');
  const look = looks.filter(Boolean).join(' ');
  const row = make('button', { className: look, type: 'button', title: name });
  row.append(key(String(i + 1)), make('span', { className: 'name' }, name));
  if (isNow) row.children[1].append(make('span', { className: 'mark' }, 'now'));
  if (option.weight) {
    row.append(bar(option, data.colors.bins), make('span', {}, option.weight));
    row.append(make('span', { className: 'muted' }, option.share));
    row.append(make('span', { className: 'muted' }, option.own));
  }
  const weighs = option.weight ? `, weight ${option.weight}, P′ ${option.share}, Q ${option.own}` : '';
  row.setAttribute('aria-label', `${isNow ? 'Keep' : 'Relabel to'} ${name}${weighs}`);
  row.onclick = () => choose(option.label);
  return row;
}

// The bar starts at w = 1, the middle; `reach` is the share of the half that it fills, with sign.
function bar(option, bins) {
  const length = Math.max(Math.abs(option.reach) * 50, 0.6);
  const mark = make('i');
  mark.style.left = `${option.reach < 0 ? 50 - length : 50}%`;
  mark.style.width = `${length}%`;
  mark.style.background = bins[option.bin];
  return make('span', { className: 'bar' }, mark, make('u'));
}

function otherLabels(card, data, choose) {
  const select = make('select', { 'aria-label': 'Relabel to another label' });
  select.append(make('option', { value: '' }, 'Another label …'));
  const shown = new Set(card.options.map((option) => option.label));
  data.labels.forEach((name, label) => {
    if (!shown.has(label)) select.append(make('option', { value: String(label) }, name));
  });
  select.onchange = () => select.value && choose(Number(select.value));
  return select;
}

/** Guidelines and neighbours of a record. */
export function aside(card, data, allGuides, turn) {
  const boxes = [guidelines(card, data, allGuides, turn)];
  if (card.real.length) boxes.push(neighbours('Nearest real', card.real, data.rows.real, '●'));
  if (card.synthetic.length) {
    boxes.push(neighbours('Nearest synthetic', card.synthetic, data.rows.synthetic, '◇'));
  }
  return boxes;
}

function box(title, note, ...children) {
  const head = make('h2', {}, title, make('span', { className: 'muted' }, note));
  return make('section', { className: 'box' }, head, ...children);
}

function guidelines(card, data, showsAll, turn) {
  const all = data.guidelines;
  const written = Object.keys(all).length;
  if (!written) {
    const none = make('p', { className: 'guide muted' }, 'None came with this collection.');
    return box('Guidelines', '', none);
  }
  const own = card.guides.filter((label) => label in all);
  const labels = showsAll ? Object.keys(all).map(Number) : own;
  const rows = labels.map((label) => {
    const look = `guide${label === card.best && labels.length > 1 ? ' best' : ''}`;
    return make('p', { className: look }, make('b', {}, data.labels[label]), ` ${all[label]}`);
  });
  const size = `${labels.length} of ${written}`;
  if (own.length === written) return box('Guidelines', size, ...rows);
  const words = showsAll ? 'Those of this row only' : 'Those of every label';
  const button = make('button', { type: 'button', className: 'turn', title: words }, size, key('g'));
  button.setAttribute('aria-label', `${size} guidelines. ${words}`);
  button.onclick = turn;
  return box('Guidelines', button, ...rows);
}

function neighbours(title, rows, of, mark) {
  const entries = rows.map(({ label, cosine, text }) => {
    const about = make('span', { className: 'muted' }, ` cosine ${cosine}`);
    return make(
      'div',
      { className: 'near' },
      make('span', { className: 'muted', 'aria-hidden': 'true' }, mark),
      make('span', {}, make('b', {}, label), about),
      make('p', { dir: 'auto', title: text }, text),
    );
  });
  return box(title, `${rows.length} of ${count(of)}`, ...entries);
}

/** What a queue came to, shown behind its last record. */
export function summary(data, counts, on) {
  const decided = counts.letters.length - counts.undecided - counts.others;
  const lines = [
    ['Kept', counts.keep],
    ['Discarded', counts.discard],
    ['Relabelled', counts.relabel],
    ['Unsure', counts.unsure],
    ['Left undecided', counts.undecided],
    ...(counts.others ? [['With others', counts.others]] : []),
  ];
  const table = make('table');
  for (const [words, number] of lines) {
    table.append(make('tr', {}, make('td', {}, words), make('td', {}, count(number))));
  }
  const size = counts.letters.length;
  const title = size
    ? `End of the queue: ${count(decided)} of ${count(size)} decided`
    : data.isOfMap
      ? 'No row is selected on the map'
      : 'No row is in this queue';
  const parts = [make('h2', {}, title), make('p', { className: 'muted' }, data.rule)];
  if (size) parts.push(table);
  if (counts.undecided) {
    const words = `Go through the ${count(counts.undecided)} undecided`;
    parts.push(goButton('arrow_forward', words, on.openAgain));
  } else if (counts.others) {
    parts.push(goButton('refresh', 'Ask whether rows of others are free now', on.ask));
  } else if (size) {
    parts.push(make('p', {}, 'The next run uses these decisions. Choose another queue at the left.'));
  } else if (data.isOfMap) {
    parts.push(goButton('scatter_plot', 'Select rows on the map', on.toMap));
  }
  return make('div', { className: 'summary' }, ...parts);
}

function goButton(symbol, words, act) {
  const button = make('button', { type: 'button', className: 'go' }, icon(symbol), words);
  button.onclick = act;
  return button;
}
