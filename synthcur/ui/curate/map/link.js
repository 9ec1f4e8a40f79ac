// Of every change only this is sent: settings and figures down, selection and actions up.
export default function (link) {
  const shared = (window.synthcurMap ||= {});
  shared.link = link;
  shared.attach?.();
}
