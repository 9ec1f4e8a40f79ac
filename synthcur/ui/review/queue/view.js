// The page around the record: progress line, notices, panel, actions, key sheet.

const KEY_SHEET = [
  ['j →', 'next row'],
  ['k ←', 'back'],
  ['a', 'keep as it is'],
  ['x', 'discard; then 1–6 gives the reason, Enter or x none'],
  ['1–9', 'relabel; the present label keeps'],
  ['s', 'unsure'],
  ['e', 'edit the text; the earlier one is kept'],
  ['n', 'note'],
  ['f', 'look-alikes: one decision for all of them'],
  ['h', 'history of the row: who, when, what'],
  ['g', 'guidelines of every label, or of this row only'],
  ['u', 'undo your latest decision, as often as you like'],
  ['U', 'redo what you have undone (Shift u)'],
  ['m', 'show the row on the map'],
  ['?', 'this sheet'],
];

/** Elements that stay while records come and go, so that the focus stays on them. */
export class View {
  /** @param {object} on what the person can do, by name */
  constructor(parent, on) {
    this.on = on;
    this.root = make('div', { className: 'review' });
    this.top = make('div', { className: 'top' });
    this.alerts = make('div', { className: 'alerts', role: 'alert' });
    this.head = make('div', { className: 'header' });
    this.saved = make('span', { className: 'saved muted', role: 'status' });
    this.why = make('div', { className: 'why' });
    this.text = make('div', { className: 'text' });
    this.panel = make('div', { className: 'panel' });
    this.card = make('div', { className: 'card' });
    this.card.append(this.head, this.why, this.text, this.panel, ...this.buildActions());
    this.side = make('div', { className: 'side' });
    this.help = buildHelp(() => rename(this.root));
    this.root.append(this.top, this.alerts, this.card, this.side, this.help);
    parent.append(this.root);
  }

  buildActions() {
    const { on } = this;
    this.ofRecord = [];
    const button = (look, symbol, words, name, act) => {
      const made = make('button', { type: 'button', className: look, title: words });
      made.append(icon(symbol), make('span', {}, words), key(name));
      made.onclick = act;
      return made;
    };
    const ofRecord = (...parts) => {
      this.ofRecord.push(button(...parts));
      return this.ofRecord.at(-1);
    };
    const gap = () => make('span', { className: 'gap' });
    this.undo = button('move', 'undo', 'Undo', 'u', on.undo);
    this.redo = button('move', 'redo', 'Redo', 'U', on.redo);
    this.alike = button('', 'content_copy', 'Look-alikes', 'f', on.alike);
    this.history = button('', 'history', 'History', 'h', on.history);
    const decisions = make('div', { className: 'actions' });
    decisions.append(
      ofRecord('keep', 'check', 'Keep', 'a', on.keep),
      ofRecord('discard', 'block', 'Discard', 'x', on.discard),
      ofRecord('', 'question_mark', 'Unsure', 's', on.unsure),
      gap(),
      button('move', 'arrow_back', 'Back', 'k', on.back),
      button('move', 'arrow_forward', 'Next', 'j', on.next),
      this.undo,
    );
    const tools = make('div', { className: 'actions tools' });
    tools.append(
      ofRecord('', 'edit', 'Edit', 'e', on.edit),
      ofRecord('', 'sticky_note_2', 'Note', 'n', on.note),
      this.alike,
      this.history,
      ofRecord('', 'location_on', 'On the map', 'm', on.map),
      gap(),
      this.redo,
      button('move', 'keyboard', 'Keys', '?', () => this.help.showModal()),
    );
    return [decisions, tools];
  }

  setColors(colors) {
    for (const name of ['muted', 'keep', 'discard']) {
      this.root.style.setProperty(`--${name}`, colors[name]);
    }
  }

  /** Fill the window from where the card begins, so that the actions stay in view. */
  fit() {
    const begins = this.card.getBoundingClientRect().top + window.scrollY;
    this.root.style.setProperty('--begins', `${Math.min(Math.max(begins, 0), 260)}px`);
  }

  /** While the key sheet is open, keys only close it. */
  pressInHelp(event) {
    const takes = this.help.querySelector('.takes');
    const isClosing = event.key === 'Escape' || event.key === keys.shown('?');
    if (!takes && !isClosing) return;
    if (takes && ['Tab', 'Shift', 'Enter'].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    if (takes) takes.replace(event.key);
    else this.help.close();
  }

  /** Draw a record; what is drawn already stays, with the focus and the selection in it. */
  showRecord(card, state, data, mode, writing) {
    const drawn = JSON.stringify([
      ...[card, state, mode, writing?.mode, data.colors, data.guidelines, this.allGuides],
    ]);
    if (drawn === this.drawn) return;
    const isOther = this.shown !== card.id;
    this.shown = card.id;
    this.drawn = drawn;
    this.card.classList.remove('over');
    this.head.replaceChildren(...header(card, state, data), this.saved);
    this.why.replaceChildren(...why(card));
    this.text.replaceChildren(...text(card, state));
    if (isOther) this.text.scrollTop = 0;
    this.side.replaceChildren(...aside(card, data, this.allGuides, this.on.guides));
    if (mode === 'reasons') this.showReasons(data.reasons);
    else if (writing) this.showField(writing, isOther);
    else if (mode === 'edit') this.showNoField(card, data.editLength);
    else if (mode === 'history') this.panel.replaceChildren(...historyRows(card, this.on));
    else if (mode === 'alike') this.panel.replaceChildren(...alikeRows(card, this.on));
    else this.panel.replaceChildren(...labelRows(card, state, data, this.on.relabel));
    this.setEnabled(true);
    const { length } = card.alike;
    this.alike.disabled = !length;
    this.alike.children[1].textContent = length
      ? `${length} look-alike${length === 1 ? '' : 's'}`
      : 'Look-alikes';
    this.history.disabled = !card.history.length;
    requestAnimationFrame(() => {
      this.text.classList.toggle('scrolls', this.text.scrollHeight > this.text.clientHeight + 1);
    });
  }

  /** Show the guidelines of every label, or again those of the row alone. */
  turnGuides() {
    this.allGuides = !this.allGuides;
  }

  showEnd(data, counts) {
    this.shown = this.drawn = '';
    this.card.classList.add('over');
    this.head.replaceChildren(this.saved);
    this.why.replaceChildren();
    this.text.replaceChildren(summary(data, counts, this.on));
    this.panel.replaceChildren();
    this.side.replaceChildren();
    this.setEnabled(false);
  }

  showWaiting() {
    this.shown = this.drawn = '';
    this.card.classList.remove('over');
    this.head.replaceChildren(make('span', { className: 'muted' }, 'Loading the row'), this.saved);
    this.why.replaceChildren();
    this.text.replaceChildren(make('div', { className: 'skeleton' }));
    this.panel.replaceChildren();
    this.setEnabled(false);
  }

  setEnabled(hasRecord) {
    for (const button of this.ofRecord) button.disabled = !hasRecord;
    if (!hasRecord) this.alike.disabled = this.history.disabled = true;
  }

  showReasons(reasons) {
    const chips = reasons.map((reason, i) =>
      chip(String(i + 1), reason, () => this.on.reason(reason)),
    );
    chips.push(chip('Enter', 'no reason', () => this.on.reason('')));
    chips.push(chip('Esc', 'cancel', this.on.cancel, 'quiet'));
    const title = make('h2', {}, 'Discard: why?');
    this.panel.replaceChildren(title, make('div', { className: 'chips' }, ...chips));
  }

  /** In place of the field for a text that is on its way here, or too long to be edited. */
  showNoField(card, limit) {
    const isTooLong = card.size > limit;
    const title = isTooLong ? 'This text is too long to be edited here' : 'Loading the whole text';
    const words = `It has ${count(card.size)} characters, and up to ${count(limit)} can be edited. `;
    const way = 'Change it in its file and import that, or discard the row.';
    const chips = make('div', { className: 'chips' }, chip('Esc', 'close', this.on.cancel, 'quiet'));
    const said = make('p', { className: 'muted', role: 'status' }, isTooLong ? words + way : '');
    this.panel.replaceChildren(make('h2', {}, title), said, chips);
  }

  /** One text field in the panel: Enter saves, Shift and Enter begins a line, Esc cancels. */
  showField(writing, isOther) {
    const isNote = writing.mode === 'note';
    const title = isNote ? 'Note' : 'New text; empty goes back to the text of the file';
    if (!isOther && this.panel.querySelector('textarea')?.title === title) return;
    // No maxLength: it would cut what is pasted without a word.
    const field = make('textarea', { rows: 4, value: writing.typed, title, 'aria-label': title });
    const save = () => this.on.saveField(field.value);
    field.onkeydown = (event) => {
      if (event.key === 'Escape') this.on.cancel();
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      save();
    };
    const chips = make('div', { className: 'chips' });
    const words = isNote ? 'save the note' : 'save the text';
    chips.append(chip('Enter', words, save), chip('Esc', 'cancel', this.on.cancel, 'quiet'));
    // Beside the title: below the field it would be out of view where the text is long.
    this.fault = make('span', { className: 'fault', role: 'alert' });
    this.panel.replaceChildren(make('h2', {}, title, this.fault), field, chips);
    field.focus();
  }

  /** Say why what is in the field is not saved; it stays there. */
  showFault(words) {
    this.fault.textContent = `Not saved. ${words}`;
  }

  showTop(data, counts, at) {
    const size = counts.letters.length;
    const place = size ? `${count(Math.min(at + 1, size))} of ${count(size)}` : '';
    const changed = counts.discard + counts.relabel;
    const words = [`${count(counts.keep)} keep`, `${count(changed)} discard or relabel`];
    if (counts.unsure) words.push(`${count(counts.unsure)} unsure`);
    if (counts.others) words.push(`${count(counts.others)} with others`);
    if (data.pace) words.push(`${span(data.pace)} a row`);
    if (data.pace && counts.undecided) words.push(`${span(data.pace * counts.undecided)} left`);
    this.top.replaceChildren(
      make('h1', {}, data.title),
      make('span', { className: 'muted' }, place),
      progressBar(data.colors, counts),
      make('span', { className: 'muted' }, words.join(' · ')),
    );
  }

  showNotices(refused, trouble) {
    const lines = refused.slice(-3).map((operation) => {
      const line = notice('sync_problem', `Not saved: ${operation.action}. ${operation.what}`);
      const show = make('button', { type: 'button' }, 'Show the row');
      show.onclick = () => this.on.showRefused(operation);
      const close = make('button', { className: 'close', 'aria-label': 'Dismiss' }, icon('close'));
      close.onclick = () => this.on.dismiss(operation);
      line.append(show, close);
      return line;
    });
    if (trouble) {
      lines.push(notice('error', `${trouble} Your decisions wait here and are sent again.`));
    }
    const hasMoved = lines.length !== this.alerts.childElementCount;
    this.alerts.replaceChildren(...lines);
    if (hasMoved) this.fit();
  }

  showSaved(unsaved) {
    this.saved.textContent = unsaved ? `${unsaved} unsaved` : 'saved';
    this.saved.classList.toggle('waits', unsaved > 0);
  }
}

/** The key sheet; pressing a key of it and then another puts the other in its place. */
function buildHelp(onChange) {
  const table = make('table');
  const hint = 'To replace a key, choose it here and press another.';
  const said = make('p', { className: 'muted small', role: 'status' }, hint);
  for (const [names, words] of KEY_SHEET) {
    const cell = make('td', {}, ...names.split(' ').map((name) => keyOf(name, words, said, onChange)));
    table.append(make('tr', {}, cell, make('td', {}, words)));
  }
  const close = make('button', { type: 'button' }, 'Close', key('Esc'));
  const usual = make('button', { type: 'button', className: 'quiet' }, 'Usual keys');
  const foot = make('div', { className: 'foot' }, close, usual);
  const sheet = make('dialog', { 'aria-label': 'Keys' }, make('h2', {}, 'Keys'), table, said, foot);
  usual.onclick = () => {
    keys.reset();
    said.textContent = 'The usual keys hold again.';
    onChange();
  };
  close.onclick = () => sheet.close();
  sheet.onclose = () => {
    said.textContent = hint;
    for (const waiting of sheet.querySelectorAll('.takes')) waiting.classList.remove('takes');
  };
  return sheet;
}

function keyOf(name, words, said, onChange) {
  const mark = key(name);
  if (!REPLACEABLE.includes(name)) return mark;
  const button = make('button', { type: 'button', className: 'key', title: `Replace: ${words}` });
  button.setAttribute('aria-label', `Replace the key of: ${words}`);
  button.append(mark);
  button.onclick = () => {
    const isOn = button.classList.contains('takes');
    const sheet = button.closest('dialog');
    for (const other of sheet.querySelectorAll('.takes')) other.classList.remove('takes');
    button.classList.toggle('takes', !isOn);
    if (!isOn) said.textContent = `Press the new key for: ${words}. Esc leaves it.`;
  };
  button.replace = (pressed) => {
    const against = pressed === 'Escape' ? 'Nothing was replaced.' : keys.choose(name, pressed);
    button.classList.remove('takes');
    said.textContent = against || `${pressed} does it now. Kept in this browser.`;
    onChange();
  };
  return button;
}

/** What happened to a record, the latest first; what no longer stands is struck out. */
function historyRows(card, on) {
  const rows = card.history.toReversed().map(({ who, what, at, stands }) => {
    const when = new Date(1000 * at).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
    const said = make(stands ? 'span' : 's', { dir: 'auto' }, what);
    return make('p', { className: 'past' }, make('span', { className: 'muted' }, when), make('b', {}, who), said);
  });
  const title = make('h2', {}, 'History, the latest first; struck out what was taken back');
  const chips = make('div', { className: 'chips' }, chip('Esc', 'close', on.cancel, 'quiet'));
  return [title, ...rows, chips];
}

/** The look-alikes of a record and what can be decided about all of them at once. */
function alikeRows(card, on) {
  const all = card.alike.length + 1;
  const chips = make('div', { className: 'chips' });
  chips.append(
    chip('a', `keep all ${all}`, () => on.decideAlike('keep')),
    chip('x', `discard all ${all}`, () => on.decideAlike('discard')),
    chip('o', 'keep this one, discard the others', () => on.decideAlike('first')),
    chip('Esc', 'cancel', on.cancel, 'quiet'),
  );
  const rows = card.alike.map(({ label, text }) =>
    make('p', { className: 'alike', dir: 'auto' }, make('b', {}, label), ` ${text}`),
  );
  return [make('h2', {}, 'Nearly the same: one decision for all'), chips, ...rows];
}

function chip(name, words, act, look = '') {
  const made = make('button', { type: 'button', className: `chip ${look}` }, key(name), words);
  made.onclick = act;
  return made;
}

function notice(symbol, words) {
  return make('div', { className: 'notice' }, icon(symbol), make('span', {}, words));
}

function progressBar(colors, counts) {
  const bar = make('div', { className: 'progress', 'aria-hidden': 'true' });
  const pieces = [
    [counts.keep, colors.keep],
    [counts.discard + counts.relabel, colors.discard],
    [counts.unsure, colors.reference],
  ];
  for (const [number, color] of pieces) {
    const piece = make('i');
    piece.style.width = `${(100 * number) / Math.max(1, counts.letters.length)}%`;
    piece.style.background = color;
    bar.append(piece);
  }
  return bar;
}

function span(seconds) {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
