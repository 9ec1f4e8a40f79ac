// The parts around the charts: toolbar, count strip, key, footer, note at the pointer. Built of
// elements and textContent only: labels and texts are a stranger's words.

export const COLOUR_MODES = {
  weight: 'Weight',
  quality: 'P′ quality',
  diversity: 'Q diversity',
  label: 'Label',
  predicted: 'Predicted',
  ...GROUPED,
};
export const SHOW_MODES = { all: 'All rows', synthetic: 'Synthetic', real: 'Real' };
const TOOLS = {
  lasso: ['lasso_select', 'Lasso: draw around points'],
  box: ['select', 'Box: drag over points'],
  move: ['pan_tool', 'Move the map; the wheel zooms with every tool'],
};

export const count = (value) => value.toLocaleString('en-US');

/** A weight with two significant digits. */
export function weightText(value) {
  if (Number.isNaN(value)) return 'none';
  if (value >= 10) return count(Math.round(value));
  const rounded = Number(value.toPrecision(2));
  return rounded >= 1 ? rounded.toFixed(1) : rounded.toFixed(Math.max(2, decimals(rounded)));
}

const decimals = (value) => Math.min(5, value > 0 ? 1 - Math.floor(Math.log10(value)) : 2);

/** A probability with two decimals; never a 0 or a 1 that it is not. */
export function probabilityText(value) {
  if (Number.isNaN(value)) return 'none';
  if (value < 0.01) return '< 0.01';
  return value > 0.99 && value < 1 ? '> 0.99' : value.toFixed(2);
}

/** New element with a class, a text and attributes. */
export function element(tag, className = '', text, attributes = {}) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

function iconButton(icon, words, onClick) {
  const button = element('button', '', undefined, { type: 'button' });
  button.append(element('i', '', icon, { 'aria-hidden': 'true' }), words);
  button.addEventListener('click', onClick);
  return button;
}

function choice(name, options, value, onChange) {
  const label = element('label', '', name);
  const select = element('select', '', undefined, { 'aria-label': name });
  fillChoice(select, options, value);
  select.addEventListener('change', () => onChange(select.value));
  label.append(select);
  return label;
}

/** Offer what can be chosen; a list that is offered already stays, as it may be open. */
export function fillChoice(select, options, value) {
  const offered = Object.entries(options);
  const isSame = offered.map(([key]) => key).join() === Array.from(select, (each) => each.value).join();
  if (!isSame) {
    const option = ([key, words]) => element('option', '', words, { value: key });
    const isColumn = ([key]) => key.startsWith(OF_COLUMN);
    const columns = element('optgroup', '', undefined, { label: 'Columns of the files' });
    columns.append(...offered.filter(isColumn).map(option));
    const others = offered.filter((each) => !isColumn(each)).map(option);
    select.replaceChildren(...others, ...(columns.childElementCount ? [columns] : []));
  }
  select.value = value;
}

/** Toolbar: what colours the points, which are shown, what a drag does. */
export function toolbar(points, state, on) {
  const bar = element('div', 'sm-bar');
  const sizes = { all: points.rows, synthetic: points.n, real: points.m };
  const shown = Object.entries(SHOW_MODES).map(([key, word]) => [key, `${word}, ${count(sizes[key])}`]);
  bar.append(
    choice('Colour', COLOUR_MODES, state.colour, on.colour),
    choice('Show', Object.fromEntries(shown), state.show, on.show),
    element('span', 'sm-space'),
  );
  const tools = element('div', 'sm-tools', undefined, { role: 'group', 'aria-label': 'Tool' });
  for (const [tool, [icon, words]] of Object.entries(TOOLS)) {
    const button = toolButton(icon, words, () => {
      on.tool(tool);
      for (const each of tools.children) {
        if (each.dataset.tool) each.setAttribute('aria-pressed', String(each === button));
      }
    });
    button.dataset.tool = tool;
    button.setAttribute('aria-pressed', String(tool === state.tool));
    tools.append(button);
  }
  tools.append(toolButton('fit_screen', 'Show the whole map', on.home));
  const layers = element('div', 'sm-tools');
  layers.append(
    layerButton('Names', 'Write the names of clusters on the map', state.namesClusters, on.name),
    layerButton('Gaps', 'Outline real rows that the weights leave thin', state.outlinesThin, on.outline),
  );
  bar.append(layers, tools);
  return bar;
}

/** Button of something that lies over the marks; a press says whether it is there now. */
function layerButton(name, words, isOn, onPress) {
  const button = element('button', 'sm-layer', name, { type: 'button', title: words });
  button.addEventListener('click', () => button.setAttribute('aria-pressed', String(onPress())));
  button.setAttribute('aria-pressed', String(isOn));
  return button;
}

function toolButton(icon, words, onClick) {
  const button = element('button', '', icon, { type: 'button', title: words, 'aria-label': words });
  button.addEventListener('click', onClick);
  return button;
}

/**
 * Fill the strip of counts; a click on a group shows only that one.
 * @param {{title, of, groups: {name, code, inside, of, colour}[], only: number|null}} strip `of`
 *   tells what the groups are
 */
export function fillStrip(node, strip, onIsolate) {
  if (!isNews(node, strip)) return;
  const buttons = strip.groups.map((group) => {
    const isOff = strip.only !== null && strip.only !== group.code;
    const words = strip.only === group.code ? 'Show all again' : `Show only these: ${group.name}`;
    const button = element('button', '', undefined, {
      'type': 'button', 'title': words, 'aria-pressed': String(strip.only === group.code),
    });
    if (isOff) button.classList.add('off');
    if (group.colour) {
      const swatch = element('span', 'sm-swatch');
      swatch.style.background = group.colour;
      button.append(swatch);
    }
    const inside = group.inside === null ? '' : `${count(group.inside)} / `;
    button.append(element('span', 'sm-name', group.name));
    button.append(element('span', 'sm-count', `${inside}${count(group.of)}`));
    button.addEventListener('click', () => onIsolate(strip.only === group.code ? null : group.code));
    return button;
  });
  node.replaceChildren(element('div', 'sm-note', strip.title), ...buttons);
  // For the same groups it stays as high as it was once, so that the map does not move to and fro.
  if (node.dataset.of !== strip.of) node.classList.remove('sm-wrapped', 'sm-high');
  node.dataset.of = strip.of;
  if (node.scrollWidth > node.clientWidth) node.classList.add('sm-wrapped');
  if (node.scrollHeight > node.clientHeight) node.classList.add('sm-high');
}

/**
 * Fill the key of the colours and shapes.
 * @param {{title: string, ramp: string[], ticks: {position, text}[], shapes: string[][]}} key
 */
export function fillKey(node, key) {
  if (!isNews(node, key)) return;
  const parts = [element('div', '', key.title)];
  if (key.ramp) {
    const ramp = element('div', 'sm-ramp');
    for (const colour of key.ramp) {
      const step = element('span');
      step.style.background = colour;
      ramp.append(step);
    }
    const ticks = element('div', 'sm-ticks');
    for (const tick of key.ticks) {
      const mark = element('span', '', tick.text);
      mark.style.left = `${100 * tick.position}%`;
      ticks.append(mark);
    }
    parts.push(ramp, ticks);
  }
  const shapes = element('div', 'sm-shapes');
  for (const [shape, words] of key.shapes) {
    const entry = element('span');
    entry.append(element('b', '', shape), ` ${words}`);
    shapes.append(entry);
  }
  node.replaceChildren(...parts, shapes);
}

const rowsOf = (number) => `${count(number)} ${number === 1 ? 'row' : 'rows'}`;

function discardButton(number, onClick) {
  const button = iconButton('block', `Discard ${rowsOf(number)}`, onClick);
  button.classList.add('sm-away');
  return button;
}

/** Fill the footer: how many rows are selected, what they weigh, what can be done with them. */
export function fillFooter(node, selection, on) {
  if (!isNews(node, selection)) return;
  if (!selection.rows) {
    const words = 'Draw around points to select rows. Shift adds, a click selects one.';
    node.replaceChildren(element('span', 'sm-note', words));
    return;
  }
  node.replaceChildren(
    element('b', '', `${rowsOf(selection.rows)} selected`),
    element('span', 'sm-note', selection.note),
    element('span', 'sm-space'),
    ...(selection.toReview ? [iconButton('rule', `Review ${rowsOf(selection.toReview)}`, on.review)] : []),
    ...(selection.toDiscard ? [discardButton(selection.toDiscard, on.discard)] : []),
    element('kbd', 'sm-hint', 'Esc'),
    element('span', 'sm-note sm-hint', 'clears'),
  );
}

/** Show a note near a place of the view. */
export function showTip(node, tip, [x, y], width) {
  node.hidden = false;
  node.replaceChildren(
    ...(tip.text ? [element('div', 'sm-tip-text', tip.text)] : []),
    element('div', 'sm-note', tip.note),
  );
  const isRight = x > width / 2;
  node.style.left = isRight ? '' : `${x + 14}px`;
  node.style.right = isRight ? `${width - x + 14}px` : '';
  node.style.top = `${y + 12}px`;
}

/** A card beside the map, with an empty stage. */
export function sideCard(name, title, note) {
  const card = element('div', 'sm-card');
  const head = element('div', 'sm-head');
  head.append(element('b', '', title), element('span', 'sm-note', note));
  card.append(head, element('div', `sm-stage sm-${name}`));
  return card;
}
