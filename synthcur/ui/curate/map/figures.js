// Room for the figures above the map, and what the view needs to know once per page.
export default function ({ data, parentElement }) {
  const shared = (window.synthcurMap ||= {});
  if (!shared.figures || !parentElement.contains(shared.figures)) {
    shared.figures = document.createElement('div');
    parentElement.append(shared.figures);
  }
  shared.known = data;
  shared.attach?.();
}
