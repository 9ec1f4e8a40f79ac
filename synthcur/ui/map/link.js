// Component of the control message: settings and colours down, selection and actions up. It is
// small because its source travels with every message.
export default function ({ data, setStateValue, setTriggerValue }) {
  const shared = (window.synthcurMap ||= { memory: {}, view: null, link: null });
  shared.link = {
    control: data,
    select: (value) => setStateValue('selection', value),
    act: (name) => setTriggerValue('action', name),
  };
  shared.attach?.();
}
