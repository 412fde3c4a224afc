/** Numbers and boxes in words: the same as ../weight.ts and ../describe.ts print (test/browser holds both to it). */
export const VIEWER_WORDS = String.raw`
const isUnknown = (name) => name === '' || name.startsWith('[unknown]') || name === '[caller not seen]' || /^0x[0-9a-f]+(_\[.\])?$/.test(name);
const labels = names.map((name) => /_\[[kj]\]$/.test(name) ? name.slice(0, -4) : name);
const label = (i) => labels[tree.nameOf[i]];
const tint = (name) => {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return ((hash >>> 8) & 0xffff) % 3;
};
const classOfName = names.map((name) => isUnknown(name) ? 'x' : (FIXED.states[name] || (/_\[k\]$/.test(name) ? 'k' : /_\[j\]$/.test(name) ? 'j' : 'u')) + tint(name));
const three = (value) => {
  const rounded = Math.abs(Number(value.toPrecision(3)));
  if (rounded >= 100) return String(Math.round(value));
  if (rounded >= 10) return value.toFixed(1);
  if (rounded >= 1) return value.toFixed(2);
  return rounded < 0.001 ? '<0.001' : value.toFixed(rounded < 0.0995 ? 3 : 2);
};
const time = (ns) => {
  if (ns === 0) return '0';
  const size = Number(ns.toPrecision(3));
  const [unit, name] = size >= 6e12 ? [3.6e12, 'h'] : size >= 1e12 ? [6e10, 'min'] : size >= 1e9 ? [1e9, 's'] : size >= 1e6 ? [1e6, 'ms'] : [1e3, 'µs'];
  return three(size / unit) + ' ' + name;
};
const amount = (count) => {
  if (Number.isInteger(count) && count < 1000) return String(count);
  let unit = 0, rest = count;
  while (Number(rest.toPrecision(3)) >= 1000 && unit < 4) { rest /= 1000; unit++; }
  return three(rest) + ['', ' k', ' M', ' G', ' T'][unit];
};
const percent = (share) => {
  const value = share * 100;
  return value === 0 ? '0 %' : value < 0.01 ? '<0.01 %' : value.toFixed(value < 10 ? 2 : value < 99.95 ? 1 : 0) + ' %';
};
const times = (ratio) => ratio > 999 ? '>×999' : '×' + (ratio >= 10 ? Math.round(ratio) : ratio.toFixed(ratio >= 1 ? 1 : 2));
const plural = (count, noun) => amount(count) + ' ' + noun + (count === 1 ? '' : 's');
const weight = (value) => about.unit === 'ns' ? time(value) : amount(value);
const withUnit = (value) => about.unit === 'samples' ? weight(value) + ' samples' : weight(value);

/** A weight of a column in the units there are, the chosen one first. */
function inUnits(column, value) {
  const texts = { total: withUnit(value), share: percent(column.total > 0 ? value / column.total : 0) + ' of ' + (about.whole || column.label) };
  if (column.divide) texts.request = weight(value / column.divide.by) + '/' + column.divide.per;
  const chosen = texts[state.unit] ? state.unit : column.divide ? 'request' : 'total';
  return [chosen, ...['request', 'total', 'share'].filter((unit) => unit !== chosen && texts[unit])].map((unit) => texts[unit]).join(' · ');
}
/** A side of a difference: a share of 1, or a weight per unit of the load. */
const sideText = (view, value) => view.per === null ? percent(value) : weight(value) + '/' + view.per;
const changeText = (a, b) => a === b ? 'same' : a === 0 ? 'new' : b === 0 ? 'gone' : times(b / a);
const intervalText = ({ low, high }) => '95 %: ' + times(low) + ' to ' + (high < Infinity ? times(high) : 'any');
const deltaText = (view, a, b) => (b > a ? '+' : b < a ? '−' : '±') + sideText(view, Math.abs(b - a));
/** A box: its name, then its numbers. */
function describe(i) {
  const view = current;
  if (view.base) {
    const a = view.a(i), b = view.b(i), interval = view.interval(i);
    let text = view.base.label + ' ' + sideText(view, a) + ' → ' + view.column.label + ' ' + sideText(view, b) + ' · ' + deltaText(view, a, b) + ' (' + changeText(a, b) + ')';
    if (interval) text += ' · ' + intervalText(interval);
    const note = view.note(i);
    return [label(i), note ? text + ' · ' + note : text];
  }
  const value = view.width[i];
  let text = inUnits(view.column, value);
  if (tree !== whole && i > 0 && view.width[0] > 0) text += ' · ' + percent(value / view.width[0]) + ' of ' + (state.of ? labels[tree.nameOf[0]] : 'what is shown');
  if (state.node > 0 && view.width[state.node] > 0 && i >= state.node && i < tree.endOf[state.node])
    text += ' · ' + percent(value / view.width[state.node]) + ' of the zoom';
  if (about.unit === 'ns' && view.counts[i] > 0) text += ' · ' + plural(view.counts[i], 'event');
  return [label(i), text];
}
const describeRect = (rect) => rect.folded ? [label(rect.i), rect.folded + ' narrower ' + (rect.folded === 1 ? 'frame' : 'frames') + (rect.above ? ' calling it' : ' called from here')] : describe(rect.i);
`
