/** Cards above the picture: the keys, and what can be done with one box. */
export const VIEWER_CARDS = String.raw`
let card = null, cardNode = -1, cardOpener = null;
function closeCards() {
  if (!card) return false;
  card.remove();
  card = null; cardNode = -1;
  if (cardOpener && cardOpener.isConnected) cardOpener.focus();
  return true;
}
function openCard(x, y, width, height, title) {
  closeCards();
  cardOpener = document.activeElement;
  card = make(svg, 'g', { class: 'card', role: 'dialog', 'aria-label': title });
  const top = standalone ? scrollY : 0, bottom = standalone ? top + innerHeight : Number(svg.getAttribute('height'));
  place1(card, Math.max(4, Math.min(x, pictureWidth - width - 8)), Math.max(top + 4, Math.min(y, bottom - height - 8)));
  make(card, 'rect', { class: 'sheet', width, height, rx: 8 });
  card.addEventListener('click', (event) => event.stopPropagation());
  return card;
}
function showHelp() {
  if (card && cardNode < 0) { closeCards(); return; }
  const half = Math.ceil(FIXED.keys.length / 2), isNarrow = pictureWidth < 700, rows = isNarrow ? FIXED.keys.length : half, width = isNarrow ? 340 : 720;
  openCard((pictureWidth - width) / 2, (standalone ? scrollY : 0) + 60, width, rows * 20 + 76, 'keys');
  make(card, 'text', { class: 'title', x: 18, y: 28 }, 'Keys');
  FIXED.keys.forEach(([keys, meaning], i) => {
    const x = 18 + (isNarrow || i < half ? 0 : 356), y = 54 + (isNarrow || i < half ? i : i - half) * 20;
    make(card, 'text', { class: 'mono strong', x, y }, keys);
    make(card, 'text', { class: 'quiet', x: x + 92, y }, meaning);
  });
  make(card, 'text', { class: 'quiet small', x: 18, y: rows * 20 + 62 }, FIXED.pointing);
  focusCard();
}
/** The card takes the focus, so that Esc and a screen reader are there. */
const focusCard = () => { card.setAttribute('tabindex', '-1'); card.focus(); };
/** A box in full, and what can be done with it. */
function showBox(rect, x, y) {
  const [name, numbers] = describeRect(rect), width = Math.min(460, pictureWidth - 16), room = Math.floor((width - 32) / 6.7);
  const glyphs = [...name], lines = [];
  for (let i = 0; i < glyphs.length && lines.length < 4; i += room) lines.push(glyphs.slice(i, i + room).join(''));
  const facts = numbers.split(' · '), isRoot = rect.i === 0 && !state.of;
  const doing = [['zoom', 'Enter', () => { closeCards(); go({ node: rect.i }); }], ...(isRoot ? [] : [
    ['sandwich: its callers and callees', 's', sandwich], ['focus: only stacks through it', 'f', focus],
    ['drop the stacks through it', 'x', drop], ['hide the frame alone', 'h', hide], ['search for it', '#', searchTarget]])];
  openCard(x, y, width, 26 + lines.length * 16 + facts.length * 16 + doing.length * 22 + 8, name);
  cardNode = rect.i;
  let at = 26;
  for (const line of lines) { make(card, 'text', { class: 'mono strong', x: 16, y: at }, line); at += 16; }
  for (const fact of facts) { make(card, 'text', { class: 'quiet', x: 16, y: at }, fact); at += 16; }
  for (const [text, key, action] of doing) {
    const row = button(card, { class: 'link', role: 'menuitem', transform: 'translate(8 ' + (at - 10) + ')' }, action);
    make(row, 'rect', { class: 'hover', width: width - 16, height: 21, rx: 4 });
    make(row, 'text', { x: 8, y: 15 }, text);
    make(row, 'text', { class: 'quiet end', x: width - 24, y: 15 }, key);
    at += 22;
  }
  focusCard();
}
const searchTarget = () => {
  const node = target();
  if (node < 0 || (node === 0 && !state.of)) return;
  closeCards();
  input.value = '^' + names[tree.nameOf[node]].replace(/[.*+?^\x24{}()|[\]\\]/g, '\\\x24&') + '\x24';
  go({ search: input.value });
};
`
