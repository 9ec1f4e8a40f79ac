// The annotator's bench: shows the next record at once and sends decisions behind the display.

// Without an answer for so long, everything is sent again. It restarts the answer that a busy server
// is at, so each time more patience is needed.
const RETRY_MS = 3000;
const MOST_RETRY_MS = 20000;
const PATIENCE = 1.5;
const MARGIN = 8; // records moved before the next ones are asked for

/** What a window has once, whatever Streamlit mounts again: a second key handler would double. */
const registry = (window.synthcurReview ??= {});

export default function mount(component) {
  if (!registry.log) {
    registry.log = new OperationLog();
    window.addEventListener('beforeunload', (event) => {
      if (registry.log.pending.length) event.preventDefault();
    });
  }
  if (registry.bench?.parent !== component.parentElement) {
    registry.bench?.stop();
    registry.bench = new Bench(component.parentElement, registry.log);
  }
  const { bench } = registry;
  bench.take(component);
  return () => {
    bench.stop();
    if (registry.bench === bench) registry.bench = undefined;
  };
}

class Bench {
  constructor(parent, log) {
    this.parent = parent;
    this.log = log;
    this.cards = new Map(); // by sample
    this.refused = [];
    this.retryMs = RETRY_MS;
    this.mode = 'labels'; // or 'reasons', 'note', 'edit', 'alike', 'history'
    this.view = new View(parent, this.handlers());
    this.onKey = (event) => this.press(event);
    this.onResize = () => this.view.fit();
    document.addEventListener('keydown', this.onKey, true);
    window.addEventListener('resize', this.onResize);
  }

  stop() {
    document.removeEventListener('keydown', this.onKey, true);
    window.removeEventListener('resize', this.onResize);
    clearTimeout(this.retry);
    this.view.root.remove();
  }

  handlers() {
    return {
      keep: () => this.decide('keep'),
      discard: () => this.switchTo('reasons'),
      unsure: () => this.decide('unsure'),
      relabel: (label) => this.relabel(label),
      back: () => this.back(),
      next: () => this.next(),
      undo: () => this.undo(),
      redo: () => this.redo(),
      edit: () => this.write('edit'),
      saveField: (typed) => this.saveField(typed),
      alike: () => this.openAlike(),
      history: () => this.openHistory(),
      decideAlike: (way) => this.decideAlike(way),
      note: () => this.write('note'),
      map: () => this.showOnMap(),
      reason: (reason) => this.decide('discard', { reason }),
      cancel: () => this.switchTo('labels'),
      openAgain: () => this.openAgain(),
      ask: () => this.send(),
      guides: () => this.showAllGuides(),
      toMap: () => this.setTrigger('map', ''),
      dismiss: (operation) => this.dismiss(operation),
      showRefused: (operation) => this.showRefused(operation),
    };
  }

  /** Take in what the server says; called at every change of it. */
  take({ data, setStateValue, setTriggerValue }) {
    const isNew = data.opening !== this.data?.opening;
    this.data = data;
    this.setState = setStateValue;
    this.setTrigger = setTriggerValue;
    const { stored, refused } = this.log.settle(data.acknowledged, data.refused);
    for (const card of this.cards.values()) absorb(card, stored);
    for (const { sample } of refused) this.cards.delete(sample);
    if (isNew) this.cards.clear();
    else this.dropAhead();
    for (const card of data.cards) this.cards.set(card.id, card);
    this.refused.push(...refused);
    this.view.setColors(data.colors);
    remember(data.annotator);
    this.answered(data.answered);
    if (isNew) this.open();
    else if (!this.detour && this.isOver(this.at)) this.next();
    else this.draw();
    if (isNew) requestAnimationFrame(() => this.view.fit());
  }

  /** Forget records ahead: what the server does not send again may be another's soon. */
  dropAhead() {
    for (const [id, { at }] of this.cards) {
      if (at > this.at && !this.seen.has(at)) this.cards.delete(id);
    }
  }

  /** Begin a queue: where this tab left it, else at the first record without a verdict. */
  open() {
    const { opening, start, states } = this.data;
    const left = readPlace();
    this.seen = new Set(); // places shown since, or asked for
    this.at = left?.opening === opening ? Math.min(left.at, states.length) : start;
    this.askedAt = start;
    if (this.counts().letters[this.at] !== '.') this.at = this.following(this.at - 1);
    if (this.log.pending.length) this.sendSoon();
    this.go(this.at);
  }

  counts() {
    return progress(this.data.states, this.data.opening, this.log.pending);
  }

  card() {
    if (this.detour) return this.cards.get(this.detour);
    for (const card of this.cards.values()) if (card.at === this.at) return card;
    return undefined;
  }

  /** The next place whose record waits for a verdict, or was shown before. */
  following(at) {
    const { letters } = this.counts();
    let next = at + 1;
    const isOthers = (place) => letters[place] === 'o';
    while (next < letters.length && (isOthers(next) || this.isOver(next, letters))) next += 1;
    return Math.min(next, letters.length);
  }

  /** Whether a record was decided, or went to somebody else, without having been shown here. */
  isOver(place, letters = this.counts().letters) {
    return place < letters.length && letters[place] !== '.' && !this.seen.has(place);
  }

  /** The last place shown before this one: what lies between is others', or was decided before. */
  preceding() {
    const before = [...this.seen].filter((place) => place < this.at);
    if (before.length) return Math.max(...before);
    const { letters } = this.counts();
    let place = this.at - 1;
    while (place > 0 && letters[place] === 'o') place -= 1;
    return Math.max(0, place);
  }

  go(at, detour = '') {
    this.at = Math.max(0, Math.min(at, this.data.states.length));
    this.detour = detour;
    this.mode = 'labels';
    this.writing = undefined;
    savePlace(this.data.opening, this.at);
    this.draw();
    const isOver = !detour && this.at === this.data.states.length;
    const isMissing = !isOver && !this.card();
    if (isMissing || Math.abs(this.at - this.askedAt) >= MARGIN) this.sendSoon();
  }

  /** Go to a place that was asked for, whatever was decided there. */
  visit(at) {
    this.seen.add(at);
    this.go(at);
  }

  next() {
    this.go(this.detour ? this.at : this.following(this.at));
  }

  back() {
    if (this.detour) this.go(this.at);
    else this.visit(this.preceding());
  }

  openAgain() {
    this.seen.clear();
    this.go(this.following(-1));
  }

  /** Log a verdict about the record shown, and move on. */
  decide(action, extra = {}) {
    const card = this.card();
    if (!card) return;
    this.push(action, { sample: card.id, at: card.at, expected: card.version, ...extra });
    this.next();
  }

  /** Begin to write a note or a new text; a text that is not here as a whole is asked for. */
  write(mode) {
    if (!this.card()) return;
    this.writing = undefined;
    this.switchTo(mode);
    if (this.wanted()) this.sendSoon();
  }

  /** Open the field once there is what it is to hold. */
  openField(card) {
    if (!['note', 'edit'].includes(this.mode) || this.writing?.id === card.id) return;
    const { pending } = this.log;
    const isNote = this.mode === 'note';
    const held = isNote
      ? { text: afterwards(card, pending).note }
      : textItself(card, pending, this.data.whole);
    if (!held || (!isNote && sizeOf(held.text) > this.data.editLength)) return;
    const isOfDraft = this.draft?.sample === card.id && this.draft.action === this.mode;
    const typed = isOfDraft ? this.draft[isNote ? 'note' : 'text'] : undefined;
    this.writing = new Writing(this.mode, card, held, typed);
  }

  /** The record whose text is asked for as a whole, '' for none. */
  wanted() {
    const card = this.mode === 'edit' && !this.writing && this.card();
    return card && card.size <= this.data.editLength ? card.id : '';
  }

  /** Save what was written; a text that is empty, or that of the file, goes back to the file's. */
  saveField(typed) {
    const { writing } = this;
    if (!writing) return;
    const limit = writing.mode === 'note' ? this.data.noteLength : this.data.editLength;
    const { fault, fields } = writing.result(typed, limit);
    if (fault) {
      this.view.showFault(fault);
      return;
    }
    const { id: sample, at, version: expected } = writing;
    if (fields) this.push(writing.mode, { sample, at, expected, ...fields });
    if (this.draft?.sample === sample) this.draft = undefined;
    this.switchTo('labels');
  }

  openAlike() {
    if (this.card()?.alike.length) this.switchTo('alike');
  }

  showAllGuides() {
    this.view.turnGuides();
    this.draw();
  }

  openHistory() {
    if (this.card()?.history.length) this.switchTo('history');
  }

  /** One decision about a record and its look-alikes, undone as one; or keep it and drop them. */
  decideAlike(way) {
    const card = this.card();
    if (!card) return;
    const places = new Map([...this.cards.values()].map(({ id, at }) => [id, at]));
    const listed = card.alike.map(({ sample, expected }) => ({
      sample,
      expected,
      at: places.get(sample) ?? -1,
    }));
    const reason = way === 'keep' ? '' : 'duplicate';
    if (way === 'first') {
      const [first, ...alike] = listed;
      this.push('discard', { ...first, reason, ...(alike.length ? { alike } : {}) });
      this.decide('keep');
    } else this.decide(way, { reason, alike: listed });
  }

  relabel(label) {
    const card = this.card();
    if (!card) return;
    if (label === afterwards(card, this.log.pending).label) this.decide('keep');
    else this.decide('relabel', { label: this.data.labels[label], labelId: label });
  }

  undo() {
    const latest = this.latest();
    if (!latest) return;
    const { sample, at, action } = latest;
    this.push('undo', { sample, at, undoes: action });
    const isHere = at >= 0 && (latest.opening ?? this.data.opening) === this.data.opening;
    if (isHere) this.visit(at);
    else this.go(this.at, sample);
  }

  redo() {
    const sample = this.undone();
    if (!sample) return;
    const at = [...this.cards.values()].find(({ id }) => id === sample)?.at ?? -1;
    this.push('redo', { sample, at });
  }

  latest() {
    return latestOwn(this.data.history, this.ownPending());
  }

  undone() {
    return latestUndone(this.data.undone, this.ownPending());
  }

  ownPending() {
    const { collection, annotator } = this.data;
    const isOwn = (each) => each.collection === collection && each.annotator === annotator;
    return this.log.pending.filter(isOwn);
  }

  push(action, fields) {
    const { collection, annotator, queue, opening } = this.data;
    this.log.push({ collection, annotator, queue, opening, action, ...fields });
    this.sendSoon();
  }

  showOnMap() {
    const card = this.card();
    if (!card) return;
    this.send();
    this.setTrigger('map', card.id);
  }

  dismiss(operation) {
    this.refused = this.refused.filter((other) => other !== operation);
    this.draw();
  }

  /** Show the row of a refused operation; a note or text that was refused is in its field again. */
  showRefused(operation) {
    this.dismiss(operation);
    const isHere = operation.opening === this.data.opening && operation.at >= 0;
    if (isHere) this.visit(operation.at);
    else this.go(this.at, operation.sample);
    if (!['note', 'edit'].includes(operation.action)) return;
    this.draft = operation;
    this.write(operation.action);
  }

  /** Keys of the page; none acts while a text field has the focus, a key is held or with Ctrl. */
  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (document.querySelector('[data-testid="stDialog"]')) return;
    if (this.view.help.open) return this.view.pressInHelp(event);
    const target = event.composedPath()[0];
    if (isTypedInto(target) || (isPressed(target) && ['Enter', ' '].includes(event.key))) return;
    if (isMovedIn(target) && event.key.startsWith('Arrow')) return;
    const name = keys.meaning(event.key);
    if (!name) return;
    const inMode = {
      ...{ reasons: this.reasonKey, alike: this.alikeKey, history: this.historyKey },
      ...{ note: this.fieldKey, edit: this.fieldKey },
    };
    const act = (inMode[this.mode] ?? this.plainKey).call(this, name);
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    // A link that was clicked to get here must not take the Enter that follows this key.
    if (isPressed(target) && !this.view.root.contains(target)) target.blur();
    act();
  }

  plainKey(name) {
    const anywhere = {
      j: () => this.next(),
      k: () => this.back(),
      ArrowRight: () => this.next(),
      ArrowLeft: () => this.back(),
      u: () => this.undo(),
      U: () => this.redo(),
      '?': () => this.view.help.showModal(),
    };
    const card = this.card();
    if (anywhere[name] || !card) return anywhere[name];
    const option = /^[1-9]$/.test(name) ? card.options[Number(name) - 1] : undefined;
    if (option) return () => this.relabel(option.label);
    const onRecord = {
      a: () => this.decide('keep'),
      x: () => this.switchTo('reasons'),
      s: () => this.decide('unsure'),
      n: () => this.write('note'),
      e: () => this.write('edit'),
      f: () => this.openAlike(),
      h: () => this.openHistory(),
      g: () => this.showAllGuides(),
      m: () => this.showOnMap(),
    };
    return onRecord[name];
  }

  reasonKey(name) {
    if (name === 'Enter' || name === 'x') return () => this.decide('discard');
    if (name === 'Escape') return () => this.switchTo('labels');
    const reason = this.data.reasons[Number(name) - 1];
    return reason ? () => this.decide('discard', { reason }) : undefined;
  }

  alikeKey(name) {
    const ways = { a: 'keep', x: 'discard', o: 'first' };
    if (ways[name]) return () => this.decideAlike(ways[name]);
    return name === 'Escape' || name === 'f' ? () => this.switchTo('labels') : undefined;
  }

  /** While the history is open every other key acts as it does without it. */
  historyKey(name) {
    if (name === 'Escape' || name === 'h') return () => this.switchTo('labels');
    return this.plainKey(name);
  }

  /** Outside of the field: what is written there is not lost to a key; without it all keys act. */
  fieldKey(name) {
    if (name === 'Escape') return () => this.switchTo('labels');
    return this.writing ? undefined : this.plainKey(name);
  }

  switchTo(mode) {
    this.mode = mode;
    if (!['note', 'edit'].includes(mode)) this.writing = undefined;
    this.draw();
  }

  draw() {
    const counts = this.counts();
    const card = this.card();
    this.view.showTop(this.data, counts, this.at);
    this.view.showNotices(this.refused, this.data.trouble);
    this.view.undo.disabled = !this.latest();
    this.view.redo.disabled = !this.undone();
    this.view.showSaved(this.log.pending.length);
    if (card && !this.detour) this.seen.add(this.at);
    if (card) {
      this.openField(card);
      const state = afterwards(card, this.log.pending);
      this.view.showRecord(card, state, this.data, this.mode, this.writing);
    } else if (this.detour || this.at < this.data.states.length) this.view.showWaiting();
    else this.view.showEnd(this.data, counts);
  }

  /** Send as soon as the last message is answered: a message in between would restart the answer. */
  sendSoon() {
    this.view.showSaved(this.log.pending.length);
    if (this.awaited) this.hasMore = true;
    else this.send();
  }

  /** Send everything unconfirmed, and where the annotator is; the server stores each once. */
  send() {
    this.hasMore = false;
    this.awaited = `${this.log.client}:${performance.now()}`;
    this.askedAt = this.at;
    clearTimeout(this.retry);
    this.retry = setTimeout(() => this.send(), this.retryMs);
    this.retryMs = Math.min(PATIENCE * this.retryMs, MOST_RETRY_MS);
    const place = { opening: this.data.opening, at: this.at, detour: this.detour, edits: this.wanted() };
    this.setState('log', { number: this.awaited, place, operations: [...this.log.pending] });
  }

  /** Note that the last message was answered; what came up since goes out now. */
  answered(number) {
    if (number !== this.awaited) return;
    this.awaited = undefined;
    this.retryMs = RETRY_MS;
    clearTimeout(this.retry);
    if (this.hasMore) this.send();
    else if (this.log.pending.length) this.retry = setTimeout(() => this.send(), RETRY_MS);
  }
}

/** Keep the annotator's name for the next visit; the server reads and checks it. */
function remember(annotator) {
  const value = encodeURIComponent(annotator);
  document.cookie = `synthcur-annotator=${value}; path=/; max-age=31536000; SameSite=Strict`;
}
