// Component of the points. It draws nothing until the control component (link.js) has said how.

/** What the components and the tests share: one map a page. */
const shared = (window.synthcurMap ||= {});
shared.memory ||= {};

const TABLES_AFTER_MS = 200;

shared.attach = () => {
  const { view, link, known } = shared;
  if (!view || !link || !known) return;
  Promise.all([inflated(link.data), unpackedKnown(known)])
    .then(async ([bytes, whole]) => {
      await unpacking(whole.groupings, [view.state.colour, view.state.grouping]);
      const control = JSON.parse(new TextDecoder().decode(bytes));
      const isLatest = shared.link === link && shared.view === view && shared.known === known;
      if (isLatest && control.map === view.points.map) {
        view.receive(whole, control, { figures: shared.figures, tables: link.parentElement });
      }
    })
    .catch((error) => fail(view.stage, error));
};

/** What is known once per page, laid out by `_with_codes` in __init__.py; unpacked once. */
function unpackedKnown(bytes) {
  if (shared.unpacked?.of !== bytes) shared.unpacked = { of: bytes, known: unpackKnown(bytes) };
  return shared.unpacked.known;
}

async function unpackKnown(bytes) {
  let end = 4 + headerLength(bytes);
  const header = JSON.parse(new TextDecoder().decode(await inflated(bytes.subarray(4, end))));
  const groupings = header.groupings.map(async ({ size, ...each }) => {
    end += size;
    const deflated = bytes.subarray(end - size, end);
    const read = async () => {
      const codes = await inflated(deflated);
      return gathered(codes, Uint32Array, codes.length / 4);
    };
    return each.is_column ? { ...each, read } : { ...each, codes: await read() };
  });
  return { ...header, groupings: await Promise.all(groupings) };
}

/** Load what Streamlit draws tables with, for the first selection; before, it would hold up the map. */
function loadTables({ table_script: file }) {
  const frame = document.querySelector('script[type=module][src]');
  if (file && frame) import(new URL(file, frame.src)).catch((error) => console.warn(error));
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
    drawn: () => setTimeout(() => shared.unpacked.known.then(loadTables), TABLES_AFTER_MS),
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
