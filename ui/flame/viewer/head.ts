/** Above the boxes: what is shown and the controls, laid out anew for each width. Controls are made once, to keep the focus. */
export const VIEWER_HEAD = String.raw`
const head = $('head');
head.replaceChildren();
const textWidth = (text, character) => Math.round([...text].length * character);
const place1 = (element, x, y) => element.setAttribute('transform', 'translate(' + x + ' ' + y + ')');
/** A text in as many lines as its width needs (at most so many), broken between facts or words; returns their number. */
function wrapped(element, text, width, most) {
  const room = Math.floor(width / 6.6), lines = [];
  for (let rest = text; rest && lines.length < most;) {
    let cut = rest.length;
    if (cut > room) {
      const fact = rest.lastIndexOf(' · ', room), space = rest.lastIndexOf(' ', room);
      cut = lines.length === most - 1 ? room : fact > room / 2 ? fact + 2 : space > room / 2 ? space : room;
    }
    lines.push(rest.slice(0, cut).trim() + (cut < rest.length && lines.length === most - 1 ? '…' : ''));
    rest = rest.slice(cut).trim();
  }
  if (lines.length < 2) element.textContent = lines.join('');
  else element.replaceChildren(...lines.map((line, i) => make(null, 'tspan', { x: FIXED.margin, dy: i > 0 ? FIXED.line : 0 }, line)));
  return Math.max(1, lines.length);
}
const headback = make(head, 'rect', { class: 'paper headback' });
const texts = [make(head, 'text', { class: 'title', x: FIXED.margin, y: FIXED.titleY }, about.title),
  ...about.lines.map((line) => make(head, 'text', { class: 'quiet', x: FIXED.margin }, line))];
const facts = make(head, 'text', { class: 'facts', x: FIXED.margin });
const meaning = make(head, 'text', { class: 'quiet meaning', x: FIXED.margin });
const controls = make(head, 'g', { class: 'controls' });
const field = make(controls, 'foreignObject', { width: 250, height: 28 });
const input = document.createElementNS('http://www.w3.org/1999/xhtml', 'input');
for (const [key, value] of Object.entries({ class: 'field', type: 'search', placeholder: 'search: name or regex   /', 'aria-label': 'search frames' })) input.setAttribute(key, value);
field.appendChild(input);

/** Something to press, by mouse, finger, Enter or space. */
function button(parent, attributes, action) {
  const element = make(parent, 'g', { role: 'button', tabindex: 0, ...attributes });
  element.addEventListener('click', (event) => { event.stopPropagation(); action(); });
  element.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault(); event.stopPropagation();
    action();
  });
  return element;
}
/** A row of things with widths from x, wrapped before right; returns where the next would stand. */
function flow(items, x, y, left, right, gap, rowHeight) {
  for (const { element, width } of items) {
    if (x > left && x + width > right) { x = left; y += rowHeight; }
    place1(element, x, y);
    x += width + gap;
  }
  return { x, y };
}
const pill = (parent, text, action, key) => {
  const width = textWidth(text, 7) + 24;
  const element = button(parent, { class: 'link' }, action);
  make(element, 'rect', { class: 'pill', width, height: 22, rx: 11, 'pointer-events': 'all' });
  make(element, 'text', { class: 'mid', x: width / 2, y: 15 }, text);
  if (key) make(element, 'title', {}, key);
  return { element, width };
};
const caption = (parent, text) => {
  const element = make(parent, 'g', {});
  make(element, 'text', { class: 'quiet small', y: 15 }, text);
  return { element, width: textWidth(text, 6.5) + 2 };
};

const reset = pill(controls, 'reset', () => { input.value = ''; go({ ...start, theme: state.theme }); }, 'back to the first picture');
reset.element.classList.add('reset');
// Which phase, and which one it is compared with.
const tabs = make(controls, 'g', { class: 'tabs' });
const showPills = columns.map((column, i) => ({ key: column.key, ...pill(tabs, column.label, () => go({ view: column.key, base: state.base === column.key ? '' : state.base }), i < 9 ? String(i + 1) : '') }));
const minusPills = columns.length > 1 ? [{ key: '', label: 'nothing' }, ...columns].map((column) => ({ key: column.key, ...pill(tabs, column.label, () => compareWith(column.key), 'b') })) : [];
for (const { element, key } of minusPills) element.classList.add('minus', key === '' ? 'none' : 'base');
const showCaption = columns.length > 1 ? [caption(tabs, 'show')] : [], minusCaption = columns.length > 1 ? [caption(tabs, 'compared with')] : [];
const compareWith = (key) => key === state.view
  ? go({ base: key, view: state.base || columns[(columns.findIndex((column) => column.key === key) + 1) % columns.length].key })
  : go({ base: key });

const tool = (text, key, action, isOn) => {
  const width = textWidth(text, 6.7) + textWidth(key, 7) + 22;
  const element = button(controls, { class: 'tool link' }, action);
  make(element, 'rect', { width, height: 20, rx: 4, 'pointer-events': 'all' });
  make(element, 'text', { class: 'small', x: 7, y: 14 }, text);
  make(element, 'text', { class: 'small key end', x: width - 7, y: 14 }, key);
  return { element, width, isOn };
};
const toggle = (key, on, off) => () => go({ [key]: state[key] === on ? off : on });
/** A wish for the function of the chosen box. */
const forTarget = (change) => () => {
  const node = target();
  if (node < 0 || (node === 0 && !state.of)) { tellText('choose a box first', 'point at it, click it, or walk to it with the arrow keys'); return; }
  closeCards();
  go(change(names[tree.nameOf[node]]));
};
const added = (list, name) => [...new Set([...(list ? list.split('\n') : []), name])].join('\n');
const sandwich = forTarget((name) => ({ of: name, form: '' }));
const focus = forTarget((name) => ({ focus: name }));
const drop = forTarget((name) => ({ drop: added(state.drop, name) }));
const hide = forTarget((name) => ({ hide: added(state.hide, name) }));
const reverse = () => go({ form: state.form || state.of ? '' : 'callers', of: '' });
const nextUnit = () => {
  const column = current.column;
  const known = current.base ? (current.base.divide && column.divide ? ['request', 'share'] : ['share']) : [...(column.divide ? ['request'] : []), 'total', 'share'];
  go({ unit: known[(Math.max(0, known.indexOf(state.unit)) + 1) % known.length] });
};
const tools = [
  tool('reverse', 'r', reverse, () => state.form === 'callers'),
  tool('sandwich', 's', () => state.of ? go({ of: '' }) : sandwich(), () => state.of !== ''),
  tool('focus', 'f', () => focus(), () => state.focus !== ''),
  tool('drop', 'x', () => drop(), () => state.drop !== ''),
  tool('hide', 'h', () => hide(), () => state.hide !== ''),
  tool('recursion', 'c', toggle('recursion', 'collapsed', ''), () => state.recursion !== ''),
  tool('flame', 'i', toggle('order', 'flame', 'icicle'), () => state.order === 'flame'),
  tool('unit', 'u', nextUnit, () => state.unit !== ''),
];
const panelTool = tool('movers', 'm', () => togglePanel(), () => panelPlace().isOpen);
const themeTool = tool('dark', 't', () => go({ theme: isDark() ? 'light' : 'dark' }), () => isDark());
const helpTool = tool('keys', '?', () => showHelp(), () => false);
const chips = make(controls, 'g', { class: 'chips' }), found = make(controls, 'text', { class: 'found quiet small' });
const legend = make(head, 'g', { class: 'legend' });
const detail = make(head, 'g', { class: 'detail', role: 'status', 'aria-live': 'polite' });
const detailName = make(detail, 'text', { class: 'strong', x: FIXED.margin }), detailNumbers = make(detail, 'text', { x: FIXED.margin });
const rule = make(head, 'path', { class: 'rule' });

/** What is taken out or looked at, each with a cross. */
function drawChips() {
  const listed = (key, verb) => state[key] ? state[key].split('\n').map((name) => [verb + ' ' + labels[names.indexOf(name, 1)], { [key]: state[key].split('\n').filter((one) => one !== name).join('\n') }]) : [];
  const wishes = [
    ...(state.of ? [['around ' + labels[names.indexOf(state.of, 1)], { of: '' }]] : []),
    ...listed('focus', 'through'), ...listed('drop', 'without'), ...listed('hide', 'hidden'),
  ];
  chips.replaceChildren();
  return wishes.map(([text, change]) => {
    const short = [...text].length > 48 ? [...text].slice(0, 47).join('') + '…' : text, width = textWidth(short, 6.4) + 30;
    const element = button(chips, { class: 'chip link', 'aria-label': text + ': take back' }, () => go(change));
    make(element, 'rect', { width, height: 20, rx: 10, 'pointer-events': 'all' });
    make(element, 'text', { class: 'small', x: 10, y: 14 }, short);
    make(element, 'text', { class: 'small quiet end', x: width - 9, y: 14 }, '×');
    return { element, width };
  });
}
function drawHead() {
  const left = FIXED.margin, right = pictureWidth - FIXED.margin;
  const isWide = textWidth(about.title, 9) + left + 340 < right;
  let y = FIXED.titleY + 6;
  field.setAttribute('x', isWide ? right - 250 : left);
  field.setAttribute('y', isWide ? 10 : y + 4);
  place1(reset.element, isWide ? right - 250 - reset.width - 10 : left + 260, isWide ? 13 : y + 7);
  reset.element.style.display = hashOf({ ...state, theme: '' }) === '' ? 'none' : '';
  if (!isWide) y += 34;
  for (const [element, text] of [...texts.slice(1).map((element, i) => [element, about.lines[i]]), [facts, factsText()], [meaning, meaningText()]]) {
    element.setAttribute('y', y += FIXED.line);
    y += (wrapped(element, text, right - left, 4) - 1) * FIXED.line;
  }
  y += 11;
  const byKey = (pills, key) => { for (const one of pills) { one.element.setAttribute('aria-pressed', one.key === key); one.element.classList.toggle('on', one.key === key); } };
  byKey(showPills, state.view);
  byKey(minusPills, current.base ? state.base : '');
  let spot = flow([...showCaption, ...showPills], left, y, left, right, 6, 28);
  // A caption stays with its first pill.
  if (minusPills.length > 0 && spot.x + 22 + minusCaption[0].width + minusPills[0].width > right) spot = { x: left - 16, y: spot.y + 28 };
  if (minusPills.length > 0) spot = flow([...minusCaption, ...minusPills], spot.x + 16, spot.y, left, right, 6, 28);
  const legendWidth = drawLegend();
  const legendFits = spot.x + legendWidth + 12 < right;
  y = spot.y + 32;
  for (const one of [...tools, panelTool, themeTool]) { one.element.classList.toggle('on', one.isOn()); one.element.setAttribute('aria-pressed', one.isOn()); }
  panelTool.element.style.display = current.base ? '' : 'none';
  themeTool.element.style.display = standalone ? '' : 'none';
  const shownTools = [...tools, ...(current.base ? [panelTool] : []), ...(standalone ? [themeTool] : []), helpTool];
  spot = flow(shownTools, left, y, left, right, 4, 25);
  spot = flow(drawChips(), spot.x + 8, spot.y, left, right, 4, 25);
  if (!legendFits) spot = { x: left, y: spot.y + 26 };
  const shrink = Math.min(1, (right - left) / legendWidth);
  legend.setAttribute('transform', 'translate(' + (legendFits ? right : left + legendWidth * shrink) + ' ' + (legendFits ? y - 32 : spot.y) + ')' + (shrink < 1 ? ' scale(' + number(shrink) + ')' : ''));
  const text = foundText(), foundWidth = textWidth(text, 6);
  found.textContent = text;
  found.setAttribute('class', 'found quiet small end');
  found.setAttribute('x', right);
  if (text && spot.x + foundWidth > right && legendFits) spot.y += 20;
  found.setAttribute('y', text && !legendFits ? (spot.y += 24) + 14 : spot.y + 14);
  y = spot.y + 40;
  detailName.setAttribute('y', y);
  detailNumbers.setAttribute('y', y + 16);
  detailLines = pictureWidth < 560 ? 4 : pictureWidth < 1000 ? 2 : 1;
  y += 28 + (detailLines - 1) * FIXED.line;
  rule.setAttribute('d', 'M' + left + ' ' + (y - 5.5) + 'H' + right);
  headback.setAttribute('width', pictureWidth);
  headback.setAttribute('height', y - 3);
  return y;
}
let detailLines = 1;
const tellText = (name, numbers) => {
  wrapped(detailName, name, pictureWidth - 2 * FIXED.margin, 1);
  wrapped(detailNumbers, numbers, pictureWidth - 2 * FIXED.margin, detailLines);
};
/** The details of a box; without one, of the node that fills the width. */
const tell = (rect) => tellText(...(rect ? describeRect(rect) : describe(state.node)));
const titled = (column) => column.facts ? column.label + ' · ' + column.facts : column.label;
const factsText = () => current.base ? titled(current.base) + '\u2003vs\u2003' + titled(current.column) : titled(current.column);
/** What a width means and what is missing from it. */
function meaningText() {
  let width = 0, until = 0;
  for (let i = 1; i < tree.split; i++) if (i >= until && classOfName[tree.nameOf[i]][0] === 'x') { width += current.width[i]; until = tree.endOf[i]; }
  return meaningOf(current.base ? current : null, current.width[0] > 0 ? width / current.width[0] : 0);
}
function meaningOf(view, unknown) {
  const { one, pair, share, tested, untested, missing } = FIXED.meaning;
  const width = view ? pair.replace('%', view.per === null ? share : FIXED.weights[about.unit] + ' per ' + view.per) + (view.isTested ? tested : untested) : one.replace('%', FIXED.widths[about.unit]);
  return width + missing.replace('%', percent(unknown));
}
/** Hangs from its right end; returns its width. */
function drawLegend() {
  legend.replaceChildren();
  let right = 0;
  if (current.base) {
    for (const [name, text] of [...FIXED.changes].reverse()) {
      const width = Math.max(40, textWidth(text, 6) + 12);
      right -= width;
      make(legend, 'rect', { class: name, x: right + 1, y: 3, width: width - 2, height: 16 });
      make(legend, 'text', { class: 'small mid', x: right + width / 2, y: 15 }, text);
    }
    return -right;
  }
  const present = new Set(classOfName.slice(1).map((name) => name[0]));
  for (const [name, text] of [...FIXED.classes].reverse()) {
    if (!present.has(name)) continue;
    const left = right - text.length * 7 - 16;
    make(legend, 'rect', { class: name === 'x' ? name : name + '0', x: number(left), y: 5, width: 11, height: 11, rx: 2 });
    make(legend, 'text', { class: 'small quiet', x: number(left + 16), y: 15 }, text);
    right = left - 18;
  }
  return -right;
}
`
