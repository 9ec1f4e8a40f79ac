// Component of the points. It draws nothing until the control component (link.js) has said how.

/** What the components and the tests share: one map a page. */
const shared = (window.synthcurMap ||= {});
shared.memory ||= {};

shared.attach = () => {
  const { view, link, known } = shared;
  if (!view || !link || !known) return;
  Promise.all([inflated(link.data), groupingsOf(known)])
    .then(([bytes, groupings]) => {
      const control = JSON.parse(new TextDecoder().decode(bytes));
      const isLatest = shared.link === link && shared.view === view && shared.known === known;
      if (isLatest && control.map === view.points.map) {
        view.receive({ ...known, groupings }, control, { figures: shared.figures, tables: link.parentElement });
      }
    })
    .catch((error) => fail(view.stage, error));
};

/** Groups of rows as they were sent, their codes unpacked once. */
function groupingsOf(known) {
  const codesOf = async ({ codes, ...each }) => {
    const bytes = await inflated(Uint8Array.from(atob(codes), (letter) => letter.charCodeAt(0)));
    return { ...each, codes: new Uint32Array(bytes.buffer) };
  };
  if (shared.unpacked?.of !== known) {
    shared.unpacked = { of: known, groupings: Promise.all(known.groupings.map(codesOf)) };
  }
  return shared.unpacked.groupings;
}

function fail(node, error) {
  node.replaceChildren(element('p', 'sm-error',
    'The map could not be drawn. Reload the page; if it stays away, try another browser.'));
  console.error(error);
}

function onKey(event) {
  const target = event.composedPath()[0];
  const isTyping = target.isContentEditable || ['INPUT', 'TEXTAREA'].includes(target.tagName);
  if (event.key === 'Escape' && !isTyping) shared.view?.escape();
}

function open(host, points) {
  // What the points were drawn by until now stays seen until they can be drawn anew.
  shared.view?.remove();
  const state = (shared.memory[points.map] ||= { ...newState(), ...fromAddress(location.search) });
  const send = {
    selection: (rows) =>
      shared.link?.setStateValue('selection', { map: points.map, rows: encodeRows(rows) }),
    action: (name) => shared.link?.setTriggerValue('action', name),
    address: (shown) => {
      const search = toAddress(location.search, shown);
      // Other parts of the state belong to the frame and stay.
      if (search !== location.search) history.replaceState(history.state, '', search + location.hash);
    },
  };
  shared.view = new MapView(host, points, state, send);
  // The module may run again for new data; a page must not collect handlers.
  document.removeEventListener('keydown', shared.onKey);
  shared.onKey = onKey;
  document.addEventListener('keydown', onKey);
  shared.unwatch?.();
  shared.unwatch = watchSliders(() => shared.view?.preview());
  shared.attach();
}

export default function ({ data, parentElement }) {
  const { version } = readHeader(data);
  if (shared.host?.dataset.version === version && parentElement.contains(shared.host)) {
    return undefined;
  }
  const host = element('div');
  host.dataset.version = version;
  parentElement.append(host);
  shared.host = host;
  unpack(data)
    .then((points) => { if (shared.host === host) open(host, points); })
    .catch((error) => fail(host, error));
  return () => {
    if (shared.host !== host) return;
    document.removeEventListener('keydown', shared.onKey);
    shared.unwatch?.();
    shared.view?.remove();
    Object.assign(shared, { view: null, host: null });
  };
}
