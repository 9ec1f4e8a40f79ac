// Component of the points. It draws nothing until the control component (link.js) has said how.

/** What both components and the tests share: one map a page. */
const shared = (window.synthcurMap ||= { memory: {}, view: null, link: null });

shared.attach = () => {
  const { view, link } = shared;
  if (!view || !link || link.control.map !== view.points.map) return;
  view.receive(link.control).catch((error) => {
    view.stage.replaceChildren(element('p', 'sm-error',
      'The map could not be drawn. Reload the page; if it stays away, run make setup again.'));
    console.error(error);
  });
};

function onKey(event) {
  const target = event.composedPath()[0];
  const isTyping = target.isContentEditable || ['INPUT', 'TEXTAREA'].includes(target.tagName);
  if (event.key === 'Escape' && !isTyping) shared.view?.escape();
}

export default function ({ data, parentElement }) {
  const points = unpack(data);
  if (shared.view?.points.version === points.version && parentElement.contains(shared.view.root)) {
    return undefined;
  }
  if (shared.view) shared.view.remove();
  const state = (shared.memory[points.map] ||= newState());
  const send = {
    selection: (rows) => shared.link?.select({ map: points.map, rows: encodeRows(rows) }),
    action: (name) => shared.link?.act(name),
  };
  const view = new MapView(parentElement, points, state, send);
  shared.view = view;
  // The module may run again for new data; a page must not collect handlers.
  document.removeEventListener('keydown', shared.onKey);
  shared.onKey = onKey;
  document.addEventListener('keydown', onKey);
  shared.attach();
  return () => {
    if (shared.view !== view) return;
    document.removeEventListener('keydown', shared.onKey);
    view.remove();
    shared.view = null;
  };
}
