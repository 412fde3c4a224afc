/** The functions that changed most between the two phases, beside the boxes; below them where the window is narrow. */
export const VIEWER_MOVERS = String.raw`
const panelGroup = $('movers') || make(svg, 'g', { class: 'movers' });
svg.insertBefore(panelGroup, head);
const panelPlace = () => {
  const isOpen = current.base !== null && current.base !== undefined && state.panel !== 'closed';
  return { isOpen, beside: isOpen && pictureWidth >= FIXED.besideFrom ? FIXED.panel + FIXED.panelGap : 0 };
};
const togglePanel = () => { if (current.base) go({ panel: state.panel === 'closed' ? '' : 'closed' }); };

/** Both sides of each function that is seen: its own weight, or all that passes through it (recursion counts once). */
function ofFunctions({ sides, a, b, scales }, isSelf) {
  const size = names.length, until = new Int32Array(size), place = new Int32Array(size), largest = new Float64Array(size).fill(-1);
  const sums = { base: new Float64Array(size), candidate: new Float64Array(size), variance: new Float64Array(size), events: new Float64Array(size) };
  const take = (node, change) => {
    const name = tree.nameOf[node];
    if (change > largest[name]) { largest[name] = change; place[name] = node; }
    return name;
  };
  if (isSelf) {
    const own = new Map();
    leaves.forEach((leaf, k) => {
      const node = tree.sink ? tree.sink[leaf] : leaf;
      if (node <= 0) return;
      own.set(node, (own.get(node) || 0) + sides.byLeaf.candidate(k) * scales.b - sides.byLeaf.base(k) * scales.a);
      for (const key in sums) sums[key][tree.nameOf[node]] += sides.byLeaf[key](k);
    });
    for (const [node, change] of own) take(node, Math.abs(change));
    return { ...sides, ...sums, place };
  }
  for (let i = 1; i < tree.split; i++) {
    if (i < until[tree.nameOf[i]]) continue;
    const name = take(i, Math.abs(b(i) - a(i)));
    until[name] = tree.endOf[i];
    for (const key in sums) sums[key][name] += sides[key][i];
  }
  return { ...sides, ...sums, place };
}
/** Whether one callee's change is nearly all of this node's: then the callee is the one to name. */
function isExplained({ a, b }, node) {
  for (let i = node + 1; i < tree.endOf[node]; i = tree.endOf[i]) {
    const part = (b(i) - a(i)) / (b(node) - a(node));
    if (part >= FIXED.explained && part <= 1 / FIXED.explained) return true;
  }
  return false;
}
/** By how much they changed, those that chance would not change; audit/profile/movers.ts again. */
function moversOf(view) {
  view.movers = view.movers || {};
  if (view.movers[state.rank]) return view.movers[state.rank];
  const isSelf = state.rank === 'self', sides = ofFunctions(view, isSelf), rows = [];
  const judge = judged(sides, view.scales);
  for (let name = 1; name < names.length; name++) {
    const a = judge.a(name), b = judge.b(name), node = sides.place[name];
    if (a === b || judge.isTested && !judge.significant[name] || !isSelf && isExplained(view, node)) continue;
    rows.push({ name, a, b, node, kind: changeKind(a, b), interval: judge.interval(name) });
  }
  rows.sort((x, y) => Math.abs(y.b - y.a) - Math.abs(x.b - x.a) || x.name - y.name);
  return view.movers[state.rank] = rows;
}
/** Returns the height it takes. */
function drawPanel({ isOpen, beside }, top, boxesHeight) {
  panelGroup.replaceChildren();
  if (!isOpen) return 0;
  const x = beside ? pictureWidth - FIXED.margin - FIXED.panel : FIXED.margin, width = beside ? FIXED.panel : pictureWidth - 2 * FIXED.margin;
  place1(panelGroup, x, beside ? top : top + boxesHeight + 6);
  const rows = moversOf(current);
  make(panelGroup, 'rect', { class: 'paper', x: -8, width: width + 16, height: 20 });
  make(panelGroup, 'text', { class: 'strong', y: 13 }, 'Top movers');
  let at = 84;
  for (const [rank, text] of [['self', 'by own weight'], ['total', 'by total']]) {
    const link = button(panelGroup, { class: 'link rank' + (state.rank === rank ? ' on' : ''), 'aria-pressed': state.rank === rank }, () => go({ rank }, true));
    make(link, 'text', { class: 'small' + (state.rank === rank ? '' : ' quiet'), x: at, y: 13 }, text);
    at += textWidth(text, 6) + 12;
  }
  const close = button(panelGroup, { class: 'link', 'aria-label': 'close the list of top movers' }, togglePanel);
  make(close, 'text', { class: 'quiet end', x: width, y: 13 }, '×');
  const room = Math.floor((width - 150) / FIXED.character);
  const shown = rows.slice(0, beside ? Math.max(FIXED.movers, Math.floor((boxesHeight - 40) / 18)) : FIXED.movers);
  shown.forEach(({ name, a, b, node, kind, interval }, i) => {
    const title = labels[name] + '\n' + current.base.label + ' ' + sideText(current, a) + ' → ' + current.column.label + ' ' + sideText(current, b) + ' (' + changeText(a, b) + ')' + (interval ? '\n' + intervalText(interval) : '');
    const row = button(panelGroup, { class: 'mover link', transform: 'translate(0 ' + (22 + i * 18) + ')', 'aria-label': title.replaceAll('\n', ', ') }, () => { go({ node }); mark(node, false); });
    row.addEventListener('mouseenter', () => tellText(...title.split('\n').map((line, n, all) => n === 1 ? all.slice(1).join(' · ') : line)));
    make(row, 'title', {}, title);
    make(row, 'rect', { class: 'hover', x: -4, width: width + 8, height: 18, rx: 3 });
    make(row, 'rect', { class: kind, y: 3, width: 10, height: 12 });
    const text = labels[name], short = [...text].length > room ? [...text].slice(0, room - 1).join('') + '…' : text;
    make(row, 'text', { class: 'mono', x: 16, y: 13 }, short);
    make(row, 'text', { class: 'end', x: width - 46, y: 13 }, deltaText(current, a, b));
    make(row, 'text', { class: 'quiet end', x: width, y: 13 }, changeText(a, b));
  });
  const rest = rows.length - shown.length, y = 22 + shown.length * 18 + 14;
  const beyond = current.isTested ? ' by more than chance would' : '';
  const last = rows.length === 0 ? 'no function changed' + beyond : rest > 0 ? rest + ' more changed' + beyond : '';
  if (last) make(panelGroup, 'text', { class: 'quiet small', y }, last);
  return y + 12;
}
`
