/**
 * The search patterns of ../pattern.ts, in short: read there what it does and why. A link may bring any pattern, and a tab that
 * goes back and forth in one cannot be closed.
 */
export const VIEWER_PATTERN = String.raw`
const isDigit = (c) => c > 47 && c < 58, isWord = (c) => isDigit(c) || c === 95 || c > 64 && c < 91 || c > 96 && c < 123, isSpace = (c) => c === 32 || c > 8 && c < 14 || c === 160, isSign = (sign) => sign === '*' || sign === '+' || sign === '?';
const kinds = new Map([['d', isDigit], ['w', isWord], ['s', isSpace], ['D', (c) => !isDigit(c)], ['W', (c) => !isWord(c)], ['S', (c) => !isSpace(c)]]);
/** Nodes: [fits, next] of a character, [, next, or] of a choice, [, next, , stands] of a place; -1 is the end. */
function compiled(text) {
  const nodes = [];
  let at = 0;
  const bad = () => { throw 0; };
  const node = (...made) => nodes.push(made) > 500 ? bad() : nodes.length - 1;
  const one = (fits) => (next) => node(fits, next);
  const place = (stands) => (next) => node(0, next, 0, stands);
  const choice = () => {
    let all = sequence();
    while (text[at] === '|') {
      at++;
      const before = all, after = sequence();
      all = (next) => node(0, before(next), after(next));
    }
    return all;
  };
  const sequence = () => {
    const items = [];
    while (at < text.length && text[at] !== '|' && text[at] !== ')') items.push(repeated(atom()));
    return (next) => items.reduceRight((after, item) => item(after), next);
  };
  const repeated = (part) => {
    const sign = text[at];
    if (!isSign(sign)) return part;
    if (text[++at] === '?') at++;
    if (isSign(text[at])) bad();
    return (next) => {
      if (sign === '?') return node(0, part(next), next);
      const loop = node(0, -1, next), first = nodes[loop][1] = part(loop);
      return sign === '+' ? first : loop;
    };
  };
  const letter = (sign) => {
    const items = sign.toLowerCase().split('').map((unit) => one((c) => c === unit.charCodeAt(0)));
    return (next) => items.reduceRight((after, item) => item(after), next);
  };
  const atom = () => {
    const sign = text[at++];
    if (sign === '(') {
      if (text.startsWith('?:', at)) at += 2;
      const inner = choice();
      if (text[at++] !== ')') bad();
      return inner;
    }
    if (sign === '[') return one(classAt());
    if (sign === '.') return one((c) => c !== 10 && c !== 13);
    if (sign === '^') return place((before) => before < 0);
    if (sign === '$') return place((before, after) => after < 0);
    if (sign === '\\') {
      const escaped = text[at++] || '';
      if (escaped === 'b') return place((before, after) => isWord(before) !== isWord(after));
      if (escaped === 'B') return place((before, after) => isWord(before) === isWord(after));
      if (kinds.has(escaped)) return one(kinds.get(escaped));
      return !escaped || /\w/.test(escaped) ? bad() : letter(escaped);
    }
    if (isSign(sign) || sign === '{' && isDigit(text.charCodeAt(at))) bad();
    return letter(sign);
  };
  const member = () => {
    let sign = text[at++];
    if (sign !== '\\') return sign.charCodeAt(0);
    sign = text[at++] || '';
    return kinds.get(sign) || (!sign || /\w/.test(sign) ? bad() : sign.charCodeAt(0));
  };
  const classAt = () => {
    const not = text[at] === '^', fits = [];
    if (not) at++;
    while (text[at] !== ']') {
      if (at >= text.length) bad();
      const low = member();
      let high = low;
      if (low >= 0 && text[at] === '-' && text[at + 1] !== ']' && at + 1 < text.length) { at++; high = member(); if (!(high >= low)) bad(); }
      fits.push(low >= 0 ? (c) => c >= low && c <= high : low);
    }
    at++;
    const any = (c) => fits.some((one) => one(c));
    const upper = (c) => { const turned = String.fromCharCode(c).toUpperCase(); return turned.length > 1 ? c : turned.charCodeAt(0); };
    return (c) => (any(c) || any(upper(c))) !== not;
  };
  const all = choice();
  if (at < text.length) bad();
  return [nodes, all(-1)];
}
function patternOf(text) {
  const sought = text.toLowerCase(), plain = (name) => name.toLowerCase().includes(sought);
  if (/^\^?(?:[^\\^$.*+?()[\]{}|]|\\\W)*\$?$/.test(text)) {
    const first = text[0] === '^', last = /(?:^|[^\\])(?:\\\\)*\$$/.test(text), literal = sought.slice(first ? 1 : 0, last ? -1 : undefined).replace(/\\(\W)/g, '$1');
    return { isPattern: true, test: (name) => { const low = name.toLowerCase(); return first ? last ? low === literal : low.startsWith(literal) : last ? low.endsWith(literal) : low.includes(literal); } };
  }
  let nodes, start, work = 0;
  try { [nodes, start] = compiled(text); } catch { return { isPattern: false, test: plain }; }
  const sets = new Map();
  const setOf = (places, before) => {
    const key = before + ' ' + places;
    let known = sets.get(key);
    if (known) return known;
    if (sets.size > 1999) sets.clear();
    sets.set(key, known = { places, before, next: [] });
    return known;
  };
  const step = (from, code) => {
    const seen = [], reached = new Set(), open = [start, ...from.places];
    while (open.length) {
      const at = open.pop();
      if (at < 0) return true;
      if (seen[at]) continue;
      seen[at] = 1;
      work++;
      const [fits, next, or, stands] = nodes[at];
      if (fits) { if (code >= 0 && fits(code)) { if (next < 0) return true; reached.add(next); } }
      else if (!stands) open.push(next, or);
      else if (stands(from.before, code)) open.push(next);
    }
    return setOf([...reached].sort((a, b) => a - b), isWord(code) ? 95 : 0);
  };
  const begin = { places: [], before: -1, next: [] };
  return { isPattern: true, test: (name) => {
    const low = name.toLowerCase();
    let set = begin;
    for (let i = 0; i < low.length; i++) {
      if (work > 2e7) return plain(name);
      const code = low.charCodeAt(i), next = set.next[code] || step(set, code);
      if (code < 128) set.next[code] = next;
      if (next === true) return true;
      set = next;
    }
    return step(set, -1) === true;
  } };
}
`
