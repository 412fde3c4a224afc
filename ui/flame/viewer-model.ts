/** First part of the viewer: the document, the embedded profile (embed.ts), what can be shown, and numbers in words. */
export const VIEWER_MODEL = String.raw`
const svg = (document.currentScript && document.currentScript.closest('svg')) || document.documentElement;
const standalone = svg === document.documentElement;
const SVG = 'http://www.w3.org/2000/svg';
const $ = (name) => svg.querySelector('.' + name);
const make = (parent, tag, attributes, text) => {
  const element = document.createElementNS(SVG, tag);
  for (const key in attributes) element.setAttribute(key, attributes[key]);
  if (text !== undefined) element.textContent = text;
  if (parent) parent.appendChild(element);
  return element;
};

// ---- the profile ----
const packed = atob(svg.querySelector('profile').textContent);
const deflated = Uint8Array.from(packed, (c) => c.charCodeAt(0));
const stream = new Blob([deflated]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
let at = 0;
const varint = () => {
  let value = 0, unit = 1, byte;
  do { byte = bytes[at++]; value += (byte & 127) * unit; unit *= 128; } while (byte & 128);
  return value;
};
const jsonLength = varint();
const about = JSON.parse(new TextDecoder().decode(bytes.subarray(at, at + jsonLength)));
at += jsonLength;
const size = about.nodes, names = about.names;
const stretch = (array) => { for (let i = 0; i < size; i++) array[i] = varint(); return array; };
const nameOf = stretch(new Int32Array(size));
const callees = stretch(new Int32Array(size));
// Nodes are in pre-order: what is below node i is i+1 .. endOf[i]-1.
const parentOf = new Int32Array(size), endOf = new Int32Array(size).fill(size);
{
  const open = [0], left = [callees[0]];
  for (let i = 1; i < size; i++) {
    while (left[left.length - 1] === 0) { endOf[open.pop()] = i; left.pop(); }
    left[left.length - 1]--;
    parentOf[i] = open[open.length - 1];
    open.push(i); left.push(callees[i]);
  }
}
const columns = about.columns.map((column) => {
  const self = stretch(new Float64Array(size));
  if (about.fraction !== 1) for (let i = 0; i < size; i++) self[i] /= about.fraction;
  return { ...column, self, counts: about.counts ? stretch(new Float64Array(size)) : null };
});
const inclusive = (self) => {
  const total = self.slice();
  for (let i = size - 1; i > 0; i--) total[parentOf[i]] += total[i];
  return total;
};

// ---- what can be shown ----
const titled = (column) => column.facts ? column.label + ' · ' + column.facts : column.label;
const views = columns.map((column) => ({ key: column.key, label: column.label, facts: titled(column), column }));
const pairView = (a, b) => {
  const base = columns[a], candidate = columns[b];
  const same = base.divide && candidate.divide && base.divide.per === candidate.divide.per;
  return { key: base.key + '..' + candidate.key, label: candidate.label + ' − ' + base.label,
    facts: titled(base) + '\u2003vs\u2003' + titled(candidate), base, candidate, per: same ? base.divide.per : null };
};
if (Array.isArray(about.view)) views.push(pairView(about.view[0], about.view[1]));
const first = Array.isArray(about.view) ? views.length - 1 : about.view;
function weigh(view) {
  if (view.width) return view;
  if (view.column) {
    view.width = inclusive(view.column.self);
    view.counts = view.column.counts && inclusive(view.column.counts);
    return view;
  }
  const scaled = (column) => {
    const total = column.self.reduce((sum, weight) => sum + weight, 0) || 1;
    const factor = view.per === null ? 1 / total : 1 / column.divide.by;
    return column.self.map((weight) => weight * factor);
  };
  const a = scaled(view.base), b = scaled(view.candidate);
  view.width = inclusive(a.map((weight, i) => Math.max(weight, b[i])));
  view.a = inclusive(a); view.b = inclusive(b);
  return view;
}

// ---- words ----
const isUnknown = (name) => name === '' || name.startsWith('[unknown]') || /^0x[0-9a-f]+(_\[.\])?$/.test(name);
const label = (i) => { const name = names[nameOf[i]]; return /_\[[kj]\]$/.test(name) ? name.slice(0, -4) : name; };
const tint = (name) => {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return ((hash >>> 8) & 0xffff) % 3;
};
const classOfName = names.map((name) => isUnknown(name) ? 'x' : (/_\[k\]$/.test(name) ? 'k' : /_\[j\]$/.test(name) ? 'j' : 'u') + tint(name));
const changeClass = (a, b) => {
  if (a === b) return 'eq';
  if (a === 0) return 'nw';
  if (b === 0) return 'go';
  const ratio = b / a, times = ratio > 1 ? ratio : 1 / ratio;
  const step = FIXED.steps.filter((limit) => times >= limit).length;
  return step === 0 ? 'eq' : (ratio > 1 ? 'g' : 's') + step;
};
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
const weight = (value) => about.unit === 'ns' ? time(value) : amount(value);
function describe(i) {
  const view = current;
  if (!view.column) {
    const a = view.a[i], b = view.b[i];
    const print = (value) => view.per === null ? percent(value) : weight(value) + '/' + view.per;
    const change = a === b ? 'same' : a === 0 ? 'new' : b === 0 ? 'gone' : times(b / a);
    return [label(i), view.base.label + ' ' + print(a) + ' → ' + view.candidate.label + ' ' + print(b) + ' (' + change + ')'];
  }
  const divide = view.column.divide, total = view.width[0], value = view.width[i];
  let text = divide ? weight(value / divide.by) + '/' + divide.per : weight(value) + (about.unit === 'samples' ? ' samples' : '');
  if (total > 0) text += ' · ' + percent(value / total) + ' of ' + view.label;
  if (state.node > 0 && view.width[state.node] > 0 && i >= state.node && i < endOf[state.node])
    text += ' · ' + percent(value / view.width[state.node]) + ' of the zoom';
  if (view.counts && view.counts[i]) text += ' · ' + amount(view.counts[i]) + ' events';
  return [label(i), text];
}
`
