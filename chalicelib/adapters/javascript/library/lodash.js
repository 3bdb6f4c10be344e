// The lodash functions that logic uses, by their 4.17 behaviour; an absent one fails by name. Laid out in groups:
// kinds, paths, iteratees, equality and copies, collections, arrays, objects, strings, numbers, functions, chains.
(function () {
  'use strict';
  const own = (o, k) => Object.prototype.hasOwnProperty.call(o, k);
  const tag = (v) => Object.prototype.toString.call(v).slice(8, -1);
  const _ = (value) => chain(value, true);

  // ---- kinds
  const isObject = (v) => v !== null && (typeof v === 'object' || typeof v === 'function');
  const isObjectLike = (v) => v !== null && typeof v === 'object';
  const isFunction = (v) => typeof v === 'function';
  const isString = (v) => typeof v === 'string' || (!Array.isArray(v) && isObjectLike(v) && tag(v) === 'String');
  const isNumber = (v) => typeof v === 'number' || (isObjectLike(v) && tag(v) === 'Number');
  const isBoolean = (v) => v === true || v === false || (isObjectLike(v) && tag(v) === 'Boolean');
  const isSymbol = (v) => typeof v === 'symbol';
  const isNil = (v) => v === null || v === undefined;
  const isLength = (v) => typeof v === 'number' && v > -1 && v % 1 === 0 && v <= Number.MAX_SAFE_INTEGER;
  const isArrayLike = (v) => !isNil(v) && !isFunction(v) && isLength(v.length);
  const isArrayLikeObject = (v) => isObjectLike(v) && isArrayLike(v);
  const isPlainObject = (v) => {
    if (!isObjectLike(v) || tag(v) !== 'Object') return false;
    const proto = Object.getPrototypeOf(v);
    return proto === null || proto === Object.prototype;
  };
  const isArguments = (v) => isObjectLike(v) && tag(v) === 'Arguments';
  const isEmpty = (v) => {
    if (isNil(v)) return true;
    if (isArrayLike(v) && (Array.isArray(v) || isString(v) || isArguments(v) || ArrayBuffer.isView(v))) return !v.length;
    if (v instanceof Map || v instanceof Set) return !v.size;
    for (const key in Object(v)) if (own(v, key)) return false;
    return true;
  };
  const eq = (a, b) => a === b || (a !== a && b !== b);
  Object.assign(_, {
    isObject, isObjectLike, isFunction, isString, isNumber, isBoolean, isSymbol, isNil, isLength, isArrayLike,
    isArrayLikeObject, isPlainObject, isEmpty, eq, isArguments, isArray: Array.isArray,
    isNull: (v) => v === null,
    isUndefined: (v) => v === undefined,
    isNaN: (v) => isNumber(v) && v != +v,
    isFinite: Number.isFinite, isInteger: Number.isInteger, isSafeInteger: Number.isSafeInteger,
    isDate: (v) => tag(v) === 'Date',
    isRegExp: (v) => tag(v) === 'RegExp',
    isMap: (v) => v instanceof Map,
    isSet: (v) => v instanceof Set,
    isError: (v) => isObjectLike(v) && (tag(v) === 'Error' || (typeof v.message === 'string' && typeof v.name === 'string' && !isPlainObject(v))),
    isBuffer: (v) => isObjectLike(v) && ArrayBuffer.isView(v) && v.constructor.name === 'Buffer',
    isTypedArray: (v) => ArrayBuffer.isView(v) && tag(v) !== 'DataView',
    gt: (a, b) => a > b,
    gte: (a, b) => a >= b,
    lt: (a, b) => a < b,
    lte: (a, b) => a <= b,
    castArray: (...a) => (a.length ? (Array.isArray(a[0]) ? a[0] : [a[0]]) : []),
    toArray: (v) => (isNil(v) ? [] : isString(v) ? [...v] : isArrayLike(v) ? Array.from(v) : v instanceof Map ? [...v] : v instanceof Set ? [...v] : Object.values(v)),
  });
  const toNumber = (v) => {
    if (typeof v === 'number') return v;
    if (isSymbol(v)) return NaN;
    if (isObject(v)) { const prim = isFunction(v.valueOf) ? v.valueOf() : v; v = isObject(prim) ? `${prim}` : prim; }
    return typeof v === 'string' && /^[-+]0x/i.test(v.trim()) ? NaN : +v;
  };
  const toFinite = (v) => {
    if (!v) return v === 0 ? v : 0;
    v = toNumber(v);
    return v === Infinity || v === -Infinity ? (v < 0 ? -1 : 1) * Number.MAX_VALUE : v === v ? v : 0;
  };
  const toInteger = (v) => Math.trunc(toFinite(v)) || 0;
  const toText = (v) => {
    if (typeof v === 'string') return v;
    if (isNil(v)) return '';
    if (Array.isArray(v)) return v.map((x) => (isNil(x) ? `${x}` : toText(x))).join(',');
    if (isSymbol(v)) return v.toString();
    return v === 0 && 1 / v === -Infinity ? '-0' : `${v}`;
  };
  Object.assign(_, {
    toNumber, toFinite, toInteger, toString: toText,
    toSafeInteger: (v) => Math.min(Math.max(toInteger(v), -Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER),
    toLength: (v) => (v ? Math.min(Math.max(toInteger(v), 0), 4294967295) : 0),
  });

  // ---- paths; names that lead to a prototype are never written
  const NAME = /[^.[\]]+|\[(?:(-?\d+(?:\.\d+)?)|(["'])((?:(?!\2)[^\\]|\\.)*?)\2)\]|(?=(?:\.|\[\])(?:\.|\[\]|$))/g;
  const parsePath = (text) => {
    const out = text[0] === '.' ? [''] : [];
    text.replace(NAME, (match, number, quote, sub) => { out.push(quote ? sub.replace(/\\(\\)?/g, '$1') : number || match); });
    return out;
  };
  const key = (v) => (typeof v === 'string' || isSymbol(v) ? v : v === 0 && 1 / v === -Infinity ? '-0' : `${v}`);
  const isKey = (v, o) => typeof v !== 'string' || (!isNil(o) && v in Object(o)) || /^\w*$/.test(v) || !/\.|\[(?:[^[\]]*|(["'])(?:(?!\1)[^\\]|\\.)*?\1)\]/.test(v);
  const toPath = (path, o) => (Array.isArray(path) ? path.map(key) : isKey(path, o) ? [key(path)] : parsePath(path));
  const isUnsafe = (k) => k === '__proto__' || k === 'constructor' || k === 'prototype';
  const isIndex = (k) => /^(?:0|[1-9]\d*)$/.test(k);
  function base(o, path) {
    let at = 0;
    for (path = toPath(path, o); !isNil(o) && at < path.length;) o = o[path[at++]];
    return at && at === path.length ? o : undefined;
  }
  const get = (o, path, otherwise) => {
    const found = isNil(o) ? undefined : base(o, path);
    return found === undefined ? otherwise : found;
  };
  const put = (o, k, v) => {
    if (k === '__proto__') Object.defineProperty(o, k, { value: v, writable: true, configurable: true, enumerable: true });
    else o[k] = v;
  };
  function update(o, path, change, customize) {
    if (!isObject(o)) return o;
    path = toPath(path, o);
    let nest = o;
    for (let i = 0; i < path.length; i++) {
      const k = path[i];
      if (isUnsafe(k)) return o;
      if (i === path.length - 1) { put(nest, k, change(nest[k])); break; }
      const now = nest[k];
      let next = customize ? customize(now, k, nest) : undefined;
      if (next === undefined) next = isObject(now) ? now : isIndex(String(path[i + 1])) ? [] : {};
      put(nest, k, next);
      nest = nest[k];
    }
    return o;
  }
  function within(o, path, test) {
    path = toPath(path, o);
    let found = false, k, at = 0;
    for (; at < path.length; at++) {
      k = path[at];
      if (!(found = !isNil(o) && test(o, k))) break;
      o = o[k];
    }
    if (found || ++at !== path.length) return found;
    return !isNil(o) && isLength(o.length) && isIndex(String(k)) && +k < o.length && (Array.isArray(o) || isArguments(o));
  }
  const has = (o, path) => !isNil(o) && within(o, path, own);
  const hasIn = (o, path) => !isNil(o) && within(o, path, (x, k) => k in Object(x));
  function unset(o, path) {
    path = toPath(path, o);
    if (path.some(isUnsafe)) return false;
    const parent = path.length < 2 ? o : base(o, path.slice(0, -1));
    return isNil(parent) || delete parent[path[path.length - 1]];
  }
  Object.assign(_, {
    get, has, hasIn, unset,
    toPath: (v) => (Array.isArray(v) ? v.map(key) : parsePath(toText(v))),
    set: (o, path, v) => update(o, path, () => v),
    setWith: (o, path, v, c) => update(o, path, () => v, c),
    update: (o, path, f) => update(o, path, f),
    result: (o, path, d) => { const v = get(o, path, d); return isFunction(v) ? v.call(o) : v; },
    at: (o, ...paths) => paths.flat().map((p) => get(o, p)),
    invoke: (o, path, ...args) => {
      const p = toPath(path, o);
      const parent = p.length < 2 ? o : base(o, p.slice(0, -1));
      return isNil(parent) ? undefined : parent[p[p.length - 1]]?.(...args);
    },
  });

  // ---- equality and copies
  function isEqualWith(a, b, customize, seen = new Map()) {
    if (customize) { const said = customize(a, b); if (said !== undefined) return !!said; }
    if (a === b) return true;
    if (isNil(a) || isNil(b) || (!isObjectLike(a) && !isObjectLike(b))) return a !== a && b !== b;
    const kind = tag(a);
    if (kind !== tag(b)) return false;
    if (kind === 'Date' || kind === 'Boolean' || kind === 'Number') return eq(+a, +b);
    if (kind === 'String' || kind === 'RegExp') return `${a}` === `${b}`;
    if (kind === 'Error') return a.name === b.name && a.message === b.message;
    if (kind === 'Symbol') return a.valueOf() === b.valueOf();
    if (isFunction(a) || isFunction(b)) return false;
    if (seen.has(a)) return seen.get(a) === b;
    seen.set(a, b);
    const same = (x, y) => isEqualWith(x, y, customize, seen);
    let good;
    if (a instanceof Map) good = a.size === b.size && [...a].every(([k, v]) => b.has(k) ? same(v, b.get(k)) : [...b].some(([l, w]) => same(k, l) && same(v, w)));
    else if (a instanceof Set) good = a.size === b.size && [...a].every((v) => b.has(v) || [...b].some((w) => same(v, w)));
    else if (Array.isArray(a) || ArrayBuffer.isView(a)) good = a.length === b.length && Array.prototype.every.call(a, (v, i) => same(v, b[i])) && (!Array.isArray(a) || [...a.keys()].every((i) => same(a[i], b[i])));
    else {
      const keys = Object.keys(a);
      good = keys.length === Object.keys(b).length && keys.every((k) => own(b, k) && same(a[k], b[k]));
      if (good && !own(a, 'constructor') && a.constructor !== b.constructor && 'constructor' in a && 'constructor' in b) good = isFunction(a.constructor) && a.constructor instanceof a.constructor && isFunction(b.constructor) && b.constructor instanceof b.constructor;
    }
    seen.delete(a);
    return good;
  }
  const isEqual = (a, b) => isEqualWith(a, b);
  function copy(v, deep, customize, k, parent, seen = new Map()) {
    if (customize) {
      const made = parent === undefined ? customize(v) : customize(v, k, parent);
      if (made !== undefined) return made;
    }
    if (!isObject(v)) return v;
    if (isFunction(v)) return parent ? v : {};
    if (seen.has(v)) return seen.get(v);
    const inner = (x, l) => (deep ? copy(x, deep, customize, l, v, seen) : x);
    if (v instanceof Date) return new Date(+v);
    if (v instanceof RegExp) { const r = new RegExp(v.source, v.flags); r.lastIndex = v.lastIndex; return r; }
    if (ArrayBuffer.isView(v)) return v.slice();
    if (v instanceof ArrayBuffer) return v.slice(0);
    if (v instanceof Map) { const m = new Map(); seen.set(v, m); v.forEach((x, l) => m.set(l, inner(x, l))); return m; }
    if (v instanceof Set) { const s = new Set(); seen.set(v, s); v.forEach((x) => s.add(inner(x, x))); return s; }
    if (tag(v) === 'Error' || v instanceof Promise) return parent ? v : {};
    const made = Array.isArray(v) ? new Array(v.length) : Object.create(Object.getPrototypeOf(v));
    seen.set(v, made);
    for (const l of Object.keys(v)) put(made, l, inner(v[l], l));
    for (const s of Object.getOwnPropertySymbols(v)) made[s] = inner(v[s], s);
    return made;
  }
  const clone = (v) => copy(v, false);
  const cloneDeep = (v) => copy(v, true);
  function isMatchWith(o, source, customize) {
    if (isNil(o)) return !Object.keys(source).length;
    return Object.keys(source).every((k) => {
      if (!(k in Object(o)) && source[k] !== undefined) return false;
      if (customize) { const said = customize(o[k], source[k], k, o, source); if (said !== undefined) return !!said; }
      return k in Object(o) && part(o[k], source[k]);
    });
  }
  function part(value, wanted) { // partial deep comparison: what _.matches does
    if (Array.isArray(wanted)) return Array.isArray(value) && wanted.every((w) => value.some((v) => part(v, w)));
    if (isPlainObject(wanted)) return isObject(value) && Object.keys(wanted).every((k) => k in value && part(value[k], wanted[k]));
    return isEqual(value, wanted);
  }
  Object.assign(_, {
    isEqual,
    isEqualWith: (a, b, c) => isEqualWith(a, b, isFunction(c) ? c : undefined),
    clone, cloneDeep,
    isMatch: (o, s) => isMatchWith(o, s),
    isMatchWith,
    cloneWith: (v, c) => copy(v, false, c),
    cloneDeepWith: (v, c) => copy(v, true, c),
  });

  // ---- iteratees: a function, a path, an object to match, or a path with a value
  const identity = (v) => v;
  const property = (path) => (o) => get(o, path);
  const matches = (source) => { const wanted = cloneDeep(source); return (o) => isMatchWith(o, wanted); };
  function iteratee(v) {
    if (isNil(v)) return identity;
    if (isFunction(v)) return v;
    if (Array.isArray(v)) {
      const [path, wanted] = [v[0], cloneDeep(v[1])];
      return (o) => {
        const found = get(o, path);
        return found === undefined && wanted === undefined ? hasIn(o, path) : part(found, wanted);
      };
    }
    return isObject(v) ? matches(v) : property(v);
  }
  Object.assign(_, {
    identity, property, matches, iteratee,
    matchesProperty: (p, v) => iteratee([p, v]),
    propertyOf: (o) => (p) => get(o, p),
    constant: (v) => () => v,
    noop() {},
    stubArray: () => [],
    stubObject: () => ({}),
    stubTrue: () => true,
    stubFalse: () => false,
    stubString: () => '',
    method: (path, ...args) => (o) => _.invoke(o, path, ...args),
    conforms: (s) => (o) => _.conformsTo(o, s),
    conformsTo: (o, s) => Object.keys(s).every((k) => k in Object(o) && s[k](o[k])),
    defaultTo: (v, d) => (v === undefined || v === null || v !== v ? d : v),
    over: (...fs) => (...a) => fs.flat().map((f) => iteratee(f)(...a)),
    overEvery: (...fs) => (...a) => fs.flat().every((f) => iteratee(f)(...a)),
    overSome: (...fs) => (...a) => fs.flat().some((f) => iteratee(f)(...a)),
    flow: (...fs) => (...a) => fs.flat().reduce((v, f, i) => (i ? f(v) : f(...a)), a[0]),
    flowRight: (...fs) => _.flow(...fs.flat().reverse()),
    cond: (pairs) => (...a) => { for (const [test, work] of pairs) if (iteratee(test)(...a)) return work(...a); },
    attempt: (f, ...a) => { try { return f(...a); } catch (e) { return e instanceof Error ? e : new Error(e); } },
  });

  // ---- collections
  function each(c, f, right) {
    if (isNil(c)) return c;
    if (isArrayLike(c)) {
      for (let n = c.length, i = 0; i < n; i++) { const at = right ? n - 1 - i : i; if (f(c[at], at, c) === false) break; }
      return c;
    }
    const keys = Object.keys(c);
    for (const k of right ? keys.reverse() : keys) if (f(c[k], k, c) === false) break;
    return c;
  }
  const map = (c, f) => { f = iteratee(f); const out = []; each(c, (v, k) => { out.push(f(v, k, c)); }); return out; };
  const filter = (c, f) => { f = iteratee(f); const out = []; each(c, (v, k) => { if (f(v, k, c)) out.push(v); }); return out; };
  const index = (n, from) => (from = toInteger(from), from < 0 ? Math.max(n + from, 0) : from);
  const findIndex = (a, f, from = 0) => {
    f = iteratee(f);
    const n = a?.length ?? 0;
    for (let i = index(n, from); i < n; i++) if (f(a[i], i, a)) return i;
    return -1;
  };
  const findLastIndex = (a, f, from) => {
    f = iteratee(f);
    const n = a?.length ?? 0;
    for (let i = from === undefined ? n - 1 : from < 0 ? Math.max(n + toInteger(from), 0) : Math.min(toInteger(from), n - 1); i >= 0; i--) if (f(a[i], i, a)) return i;
    return -1;
  };
  const findKey = (o, f, right) => {
    f = iteratee(f);
    let out;
    each(isNil(o) ? {} : Object.keys(o), (k) => { if (f(o[k], k, o)) { out = k; return false; } }, right);
    return out;
  };
  const find = (c, f, from) => {
    if (isNil(c)) return undefined;
    if (isArrayLike(c)) return c[findIndex(c, f, from)];
    const k = findKey(c, f);
    return k === undefined ? undefined : c[k];
  };
  const findLast = (c, f, from) => {
    if (isNil(c)) return undefined;
    if (isArrayLike(c)) return c[findLastIndex(c, f, from)];
    const k = findKey(c, f, true);
    return k === undefined ? undefined : c[k];
  };
  const grouped = (add, start) => (c, f) => {
    const out = start();
    f = iteratee(f);
    each(c, (v) => { add(out, v, f(v)); });
    return out;
  };
  const groupBy = grouped((o, v, k) => { if (own(o, k)) o[k].push(v); else put(o, k, [v]); }, () => ({}));
  const keyBy = grouped((o, v, k) => put(o, k, v), () => ({}));
  const countBy = grouped((o, v, k) => { if (own(o, k)) o[k]++; else put(o, k, 1); }, () => ({}));
  const partition = grouped((o, v, k) => { o[k ? 0 : 1].push(v); }, () => [[], []]);
  const fold = (right) => (c, f, ...start) => {
    let has = start.length > 0, total = start[0];
    f = isFunction(f) ? f : iteratee(f);
    each(c, (v, k) => { if (has) total = f(total, v, k, c); else { has = true; total = v; } }, right);
    return total;
  };
  const every = (c, f) => { f = iteratee(f); let good = true; each(c, (v, k) => (good = !!f(v, k, c))); return good; };
  const some = (c, f) => { f = iteratee(f); let good = false; each(c, (v, k) => !(good = !!f(v, k, c))); return good; };
  function rank(a, b) { // ascending; then null, undefined, NaN last, as lodash does
    if (a === b) return 0;
    const low = (v) => (isSymbol(v) ? 1 : v === null ? 2 : v === undefined ? 3 : v !== v ? 4 : 0), x = low(a), y = low(b);
    if (x || y) return x - y;
    return a > b ? 1 : a < b ? -1 : 0;
  }
  function orderBy(c, by, orders) {
    by = isNil(by) ? [] : Array.isArray(by) ? by : [by];
    orders = isNil(orders) ? [] : Array.isArray(orders) ? orders : [orders];
    const fs = (by.length ? by : [identity]).map(iteratee);
    return map(c, (v, at) => ({ v, at, ks: fs.map((f) => f(v)) })).sort((a, b) => {
      for (let i = 0; i < fs.length; i++) { const r = rank(a.ks[i], b.ks[i]); if (r) return orders[i] === 'desc' ? -r : r; }
      return a.at - b.at;
    }).map((entry) => entry.v);
  }
  const sortBy = (c, ...by) => orderBy(c, (by.length > 1 && !Array.isArray(by[0]) && isObjectLike(by[0]) === false && by[1] === c ? [by[0]] : by).flat());
  const values = (o) => (isNil(o) ? [] : Object.values(o));
  const list = (c) => (isArrayLike(c) ? c : values(c));
  const zeroEq = (a, v) => (isNil(a) ? -1 : Array.prototype.findIndex.call(a, (x) => eq(x, v)));
  const random = (low = 0, high, floating) => {
    if (typeof high === 'boolean') { floating = high; high = undefined; }
    if (typeof low === 'boolean') { floating = low; low = 0; high = 1; }
    if (high === undefined) { high = low === 0 && arguments.length === 0 ? 1 : low; low = 0; }
    low = toFinite(low); high = toFinite(high);
    if (low > high) [low, high] = [high, low];
    return floating || low % 1 || high % 1 ? low + Math.random() * (high - low) : low + Math.floor(Math.random() * (high - low + 1));
  };
  const shuffle = (c) => {
    const a = [...list(c)];
    for (let i = a.length - 1; i > 0; i--) { const j = Math.floor(Math.random() * (i + 1)); [a[i], a[j]] = [a[j], a[i]]; }
    return a;
  };
  Object.assign(_, {
    forEach: (c, f = identity) => each(c, f),
    forEachRight: (c, f = identity) => each(c, f, true),
    map, filter, find, findLast, findIndex, findLastIndex,
    findKey: (o, f) => findKey(o, f),
    findLastKey: (o, f) => findKey(o, f, true),
    groupBy, keyBy, countBy, partition,
    reduce: fold(false),
    reduceRight: fold(true),
    every, some, orderBy, sortBy,
    reject: (c, f) => { f = iteratee(f); return filter(c, (...a) => !f(...a)); },
    flatMap: (c, f) => flattenDepth(map(c, f), 1),
    flatMapDeep: (c, f) => flattenDepth(map(c, f), Infinity),
    includes: (c, v, from = 0) => {
      if (isString(c)) return index(c.length, from) <= c.length && c.indexOf(v, index(c.length, from)) > -1;
      const a = list(c);
      for (let i = index(a.length, from); i < a.length; i++) if (eq(a[i], v)) return true;
      return false;
    },
    invokeMap: (c, path, ...a) => map(c, (v) => (isFunction(path) ? path.apply(v, a) : _.invoke(v, path, ...a))),
    size: (c) => (isNil(c) ? 0 : isString(c) ? [...c].length : isArrayLike(c) ? c.length : c instanceof Map || c instanceof Set ? c.size : Object.keys(c).length),
    sample: (c) => { const a = list(c); return a.length ? a[Math.floor(Math.random() * a.length)] : undefined; },
    sampleSize: (c, n = 1) => shuffle(c).slice(0, Math.max(toInteger(n), 0)),
    shuffle,
  });

  // ---- arrays
  const array = (a) => (isArrayLike(a) ? Array.from(a) : []);
  function flattenDepth(a, depth, out = []) {
    for (const v of isArrayLike(a) ? Array.from(a) : []) if (depth > 0 && (Array.isArray(v) || isArguments(v))) flattenDepth(v, depth - 1, out); else out.push(v);
    return out;
  }
  const lists = (...as) => as.filter(isArrayLikeObject).map((a) => Array.from(a));
  function distinct(a, f = identity, same) {
    const out = [], keys = [], seen = new Set();
    for (const v of array(a)) {
      const k = f(v);
      if (same ? !keys.some((x) => same(x, k)) : !seen.has(k)) {
        out.push(v === 0 ? 0 : v);
        if (same) keys.push(k);
        else seen.add(k);
      }
    }
    return out;
  }
  const taking = (work, take) => (...as) => { const extra = as.pop(); return work(as, take(extra)); };
  const lastBy = (as) => (as.length && !isArrayLikeObject(as[as.length - 1]) ? iteratee(as.pop()) : identity);
  const lastWith = (as) => (as.length && isFunction(as[as.length - 1]) ? as.pop() : undefined);
  const without = (a, others, f = identity, same) => {
    if (same) return array(a).filter((v) => !others.some((o) => same(v, o)));
    const no = new Set(others.map((v) => f(v)));
    return array(a).filter((v) => !no.has(f(v)));
  };
  function common(as, f = identity, same) {
    if (!as.length || !as.every(isArrayLikeObject)) return [];
    const rest = as.slice(1).map((a) => array(a).map((v) => f(v)));
    return distinct(as[0], f, same).filter((v) => rest.every((r) => (same ? r.some((x) => same(v, x)) : r.some((x) => eq(x, f(v))))));
  }
  const xor = (as, f = identity) => {
    const all = lists(...as);
    return distinct(all.flatMap((a, i) => a.filter((v) => all.every((b, j) => i === j || !b.some((w) => eq(f(v), f(w)))))), f);
  };
  const whileIndex = (a, f, right) => {
    f = iteratee(f);
    const n = a.length;
    let i = right ? n - 1 : 0;
    while (right ? i >= 0 : i < n) { if (!f(a[i], i, a)) break; i += right ? -1 : 1; }
    return i;
  };
  const count = (n, guard) => (guard || n === undefined ? 1 : Math.max(toInteger(n), 0));
  function sorted(a, v, f, high) {
    f = iteratee(f);
    const k = f(v);
    let lo = 0, hi = a?.length ?? 0;
    while (lo < hi) {
      const mid = (lo + hi) >>> 1, r = rank(f(a[mid]), k);
      if (high ? r <= 0 : r < 0) lo = mid + 1;
      else hi = mid;
    }
    return lo;
  }
  const zip = (...as) => {
    const all = lists(...as), n = Math.max(0, ...all.map((a) => a.length));
    return Array.from({ length: n }, (__, i) => all.map((a) => a[i]));
  };
  function pull(a, others, f = identity) {
    const no = others.map((v) => f(v));
    for (let i = a?.length ?? 0; i-- > 0;) if (no.some((x) => eq(x, f(a[i])))) a.splice(i, 1);
    return a;
  }
  const range = (right) => (start, end, step) => {
    if (step !== undefined && typeof step !== 'number' && isObject(end)) end = step = undefined;
    start = toFinite(start);
    if (end === undefined) { end = start; start = 0; } else end = toFinite(end);
    step = step === undefined ? (start < end ? 1 : -1) : toFinite(step);
    const n = Math.max(Math.ceil((end - start) / (step || 1)), 0), out = Array.from({ length: n }, (__, i) => start + i * step);
    return right ? out.reverse() : out;
  };
  Object.assign(_, {
    chunk: (a, n) => {
      n = count(n);
      const out = [];
      for (let i = 0; n && i < (a?.length ?? 0); i += n) out.push(Array.prototype.slice.call(a, i, i + n));
      return out;
    },
    compact: (a) => array(a).filter(Boolean),
    concat: (...as) => {
      if (!as.length) return [];
      const [a, ...rest] = as;
      return (Array.isArray(a) ? [...a] : [a]).concat(...rest);
    },
    flatten: (a) => flattenDepth(a, 1),
    flattenDeep: (a) => flattenDepth(a, Infinity),
    flattenDepth: (a, d = 1) => flattenDepth(a, toInteger(d)),
    head: (a) => (a?.length ? a[0] : undefined),
    last: (a) => (a?.length ? a[a.length - 1] : undefined),
    initial: (a) => array(a).slice(0, -1),
    tail: (a) => array(a).slice(1),
    nth: (a, n = 0) => (a?.length ? a[n < 0 ? a.length + toInteger(n) : toInteger(n)] : undefined),
    take: (a, n, guard) => array(a).slice(0, count(n, guard)),
    takeRight: (a, n, guard) => { a = array(a); return a.slice(Math.max(a.length - count(n, guard), 0)); },
    drop: (a, n, guard) => array(a).slice(count(n, guard)),
    dropRight: (a, n, guard) => { a = array(a); return a.slice(0, Math.max(a.length - count(n, guard), 0)); },
    takeWhile: (a, f) => { a = array(a); return a.slice(0, whileIndex(a, f)); },
    dropWhile: (a, f) => { a = array(a); return a.slice(whileIndex(a, f)); },
    takeRightWhile: (a, f) => { a = array(a); return a.slice(whileIndex(a, f, true) + 1); },
    dropRightWhile: (a, f) => { a = array(a); return a.slice(0, whileIndex(a, f, true) + 1); },
    uniq: (a) => distinct(a),
    uniqBy: (a, f) => distinct(a, iteratee(f)),
    uniqWith: (a, same) => distinct(a, identity, same),
    sortedUniq: (a) => array(a).filter((v, i, all) => !i || !eq(v, all[i - 1])),
    union: (...as) => distinct(lists(...as).flat()),
    unionBy: (...as) => { const f = lastBy(as); return distinct(lists(...as).flat(), f); },
    unionWith: (...as) => { const same = lastWith(as); return distinct(lists(...as).flat(), identity, same); },
    intersection: (...as) => common(as),
    intersectionBy: (...as) => { const f = lastBy(as); return common(as, f); },
    intersectionWith: (...as) => { const same = lastWith(as); return common(as, identity, same); },
    difference: (a, ...o) => (isArrayLikeObject(a) ? without(a, lists(...o).flat()) : []),
    differenceBy: (a, ...o) => { const f = lastBy(o); return without(a, lists(...o).flat(), f); },
    differenceWith: (a, ...o) => { const same = lastWith(o); return without(a, lists(...o).flat(), identity, same); },
    xor: (...as) => xor(as),
    xorBy: (...as) => { const f = lastBy(as); return xor(as, f); },
    without: (a, ...vs) => without(a, vs),
    zip,
    unzip: (a) => zip(...array(a)),
    zipObject: (ks, vs) => { const o = {}; array(ks).forEach((k, i) => put(o, k, vs ? vs[i] : undefined)); return o; },
    zipObjectDeep: (ks, vs) => { const o = {}; array(ks).forEach((k, i) => update(o, k, () => vs?.[i])); return o; },
    zipWith: (...as) => { const f = lastWith(as); return zip(...as).map((row) => (f ? f(...row) : row)); },
    fromPairs: (ps) => { const o = {}; array(ps).forEach(([k, v]) => put(o, k, v)); return o; },
    indexOf: (a, v, from = 0) => {
      const n = a?.length ?? 0;
      for (let i = index(n, from); i < n; i++) if (eq(a[i], v)) return i;
      return -1;
    },
    lastIndexOf: (a, v) => { for (let i = (a?.length ?? 0) - 1; i >= 0; i--) if (eq(a[i], v)) return i; return -1; },
    pull: (a, ...vs) => pull(a, vs),
    pullAll: (a, vs) => pull(a, vs || []),
    pullAllBy: (a, vs, f) => pull(a, vs || [], iteratee(f)),
    pullAt: (a, ...is) => {
      is = is.flat();
      const out = is.map((i) => a[i]);
      [...new Set(is.map(Number))].sort((x, y) => y - x).forEach((i) => { if (i < a.length) a.splice(i, 1); });
      return out;
    },
    remove: (a, f) => {
      f = iteratee(f);
      const out = [];
      for (let i = 0, at = 0; i < (a?.length ?? 0); at++) if (f(a[i], at, a)) out.push(a.splice(i, 1)[0]);
      else i++;
      return out;
    },
    join: (a, s = ',') => (isNil(a) ? '' : Array.prototype.join.call(a, s)),
    reverse: (a) => (isNil(a) ? a : Array.prototype.reverse.call(a)),
    slice: (a, s, e) => array(a).slice(s, e),
    fill: (a, v, s, e) => (a ? Array.prototype.fill.call(a, v, s, e) : []),
    sortedIndex: (a, v) => sorted(a, v),
    sortedIndexBy: (a, v, f) => sorted(a, v, f),
    sortedLastIndex: (a, v) => sorted(a, v, null, true),
    sortedLastIndexBy: (a, v, f) => sorted(a, v, f, true),
    range: range(false),
    rangeRight: range(true),
  });

  // ---- objects
  const inKeys = (o) => { const out = []; for (const k in Object(o)) out.push(k); return out; };
  const keys = (o) => (isNil(o) ? [] : isArrayLike(o) ? Array.from({ length: o.length }, (__, i) => `${i}`).concat(Object.keys(Object(o)).filter((k) => !isIndex(k))) : Object.keys(Object(o)));
  const pickBy = (o, f) => {
    f = iteratee(f);
    const out = {};
    for (const k of isNil(o) ? [] : inKeys(o)) if (f(o[k], k)) put(out, k, o[k]);
    return out;
  };
  function merging(o, sources, customize) {
    o = Object(o);
    for (const source of sources) if (isObject(source)) mergeOne(o, source, customize, new Map());
    return o;
  }
  function mergeOne(o, source, customize, seen) {
    for (const k of inKeys(source)) {
      if (k === '__proto__' || (k === 'constructor' && isFunction(o[k]))) continue;
      const from = source[k], now = o[k];
      let next = customize ? customize(now, from, k, o, source) : undefined;
      if (next === undefined) {
        if (isObjectLike(from) && seen.has(from)) next = seen.get(from);
        else if (Array.isArray(from)) {
          next = Array.isArray(now) ? now : isArrayLikeObject(now) ? Array.from(now) : [];
          seen.set(from, next);
          mergeOne(next, from, customize, seen);
        }
        else if (ArrayBuffer.isView(from)) next = from.slice();
        else if (isPlainObject(from) || isArguments(from)) {
          next = isObject(now) && !isFunction(now) ? now : {};
          seen.set(from, next);
          mergeOne(next, from, customize, seen);
        }
        else next = from;
        if (next === undefined && (k in o)) continue;
      }
      put(o, k, next);
    }
  }
  const assigning = (all) => (o, ...sources) => {
    o = Object(o);
    for (const s of sources) for (const k of isNil(s) ? [] : all ? inKeys(s) : keys(s)) put(o, k, s[k]);
    return o;
  };
  const customized = (all) => (o, ...sources) => {
    const f = lastWith(sources);
    o = Object(o);
    for (const s of sources) for (const k of isNil(s) ? [] : all ? inKeys(s) : keys(s)) {
      const v = f?.(o[k], s[k], k, o, s);
      put(o, k, v === undefined ? s[k] : v);
    }
    return o;
  };
  const defaults = (o, ...sources) => {
    o = Object(o);
    for (const s of sources) for (const k of isNil(s) ? [] : inKeys(s)) if (o[k] === undefined || (o[k] === Object.prototype[k] && !own(o, k))) put(o, k, s[k]);
    return o;
  };
  const fillDeep = (now, from) => (isObject(now) && isObject(from) ? merging(now, [from], (a, b) => (isObject(a) && isObject(b) ? fillDeep(a, b) : a === undefined ? undefined : a === null ? null : a)) : now);
  const omit = (o, paths) => {
    if (isNil(o)) return {};
    const gone = paths.map((p) => toPath(p, o)), isDeep = gone.some((p) => p.length > 1);
    const out = pickBy(o, () => true);
    const made = isDeep ? cloneDeep(out) : out;
    for (const p of gone) unset(made, p);
    return made;
  };
  Object.assign(_, {
    keys,
    keysIn: (o) => (isNil(o) ? [] : inKeys(o)),
    values,
    valuesIn: (o) => (isNil(o) ? [] : inKeys(o).map((k) => o[k])),
    toPairs: (o) => (o instanceof Map ? [...o] : o instanceof Set ? [...o].map((v) => [v, v]) : keys(o).map((k) => [k, o[k]])),
    toPairsIn: (o) => _.keysIn(o).map((k) => [k, o[k]]),
    pick: (o, ...paths) => {
      const out = {};
      if (!isNil(o)) for (const p of paths.flat()) if (hasIn(o, p)) update(out, toPath(p, o), () => get(o, p));
      return out;
    },
    pickBy,
    omit: (o, ...paths) => omit(o, flattenDepth(paths, 1)),
    omitBy: (o, f) => { f = iteratee(f); return pickBy(o, (v, k) => !f(v, k)); },
    merge: (o, ...sources) => merging(o, sources),
    mergeWith: (o, ...sources) => { const f = lastWith(sources); return merging(o, sources, f); },
    assign: assigning(false),
    assignIn: assigning(true),
    assignWith: customized(false),
    assignInWith: customized(true),
    defaults,
    defaultsDeep: (o, ...sources) => { o = Object(o); for (const s of sources) fillDeep(o, s); return o; },
    mapValues: (o, f) => { f = iteratee(f); const out = {}; for (const k of keys(o)) put(out, k, f(o[k], k, o)); return out; },
    mapKeys: (o, f) => { f = iteratee(f); const out = {}; for (const k of keys(o)) put(out, f(o[k], k, o), o[k]); return out; },
    invert: (o) => { const out = {}; for (const k of keys(o)) put(out, o[k], k); return out; },
    invertBy: (o, f) => {
      f = iteratee(f);
      const out = {};
      for (const k of keys(o)) { const to = f(o[k]); if (own(out, to)) out[to].push(k); else put(out, to, [k]); }
      return out;
    },
    forOwn: (o, f = identity) => { for (const k of keys(o)) if (f(o[k], k, o) === false) break; return o; },
    forIn: (o, f = identity) => { for (const k of _.keysIn(o)) if (f(o[k], k, o) === false) break; return o; },
    functions: (o) => keys(o).filter((k) => isFunction(o[k])),
    transform: (o, f, start) => {
      const total = start ?? (Array.isArray(o) ? [] : isObject(o) ? Object.create(Object.getPrototypeOf(o)) : {});
      each(o, (v, k) => f(total, v, k, o));
      return total;
    },
    create: (proto, props) => Object.assign(Object.create(proto), props),
  });

  // ---- strings
  const LOW = 'a-z\\xdf-\\xf6\\xf8-\\xff', UP = 'A-Z\\xc0-\\xd6\\xd8-\\xde', BREAKS = '\\xac\\xb1\\xd7\\xf7\\x00-\\x2f\\x3a-\\x40\\x5b-\\x60\\x7b-\\xbf\\u2000-\\u206f \\u1680\\u3000\\ufeff';
  const MISC = `[^\\ud800-\\udfff${BREAKS}\\d+\\u2700-\\u27bf${LOW}${UP}]`, MISC_LOW = `(?:[${LOW}]|${MISC})`, MISC_UP = `(?:[${UP}]|${MISC})`;
  const SHORT_LOW = "(?:['\u2019](?:d|ll|m|re|s|t|ve))?", SHORT_UP = "(?:['\u2019](?:D|LL|M|RE|S|T|VE))?";
  const WORDS = new RegExp([
    `[${UP}]?[${LOW}]+${SHORT_LOW}(?=[${BREAKS}]|[${UP}]|$)`, `${MISC_UP}+${SHORT_UP}(?=[${BREAKS}]|[${UP}]${MISC_LOW}|$)`, `[${UP}]?${MISC_LOW}+${SHORT_LOW}`,
    `[${UP}]+${SHORT_UP}`, '\\d*(?:1ST|2ND|3RD|(?![123])\\dTH)(?=\\b|[a-z_])', '\\d*(?:1st|2nd|3rd|(?![123])\\dth)(?=\\b|[A-Z_])', '\\d+',
  ].join('|'), 'g');
  const MIXED = /[a-z][A-Z]|[A-Z]{2}[a-z]|[0-9][a-zA-Z]|[a-zA-Z][0-9]|[^a-zA-Z0-9 ]/, SIMPLE = /[^\x00-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]+/g;
  const words = (s, pattern, guard) => {
    s = toText(s);
    if (guard) pattern = undefined;
    return s.match(pattern ?? (MIXED.test(s) ? WORDS : SIMPLE)) || [];
  };
  const LETTERS = { Æ: 'Ae', æ: 'ae', Þ: 'Th', þ: 'th', ß: 'ss', Ø: 'O', ø: 'o', Ð: 'D', ð: 'd', Ł: 'L', ł: 'l', Đ: 'D', đ: 'd', Œ: 'Oe', œ: 'oe', ı: 'i' };
  const deburr = (s) => toText(s).replace(/[\u00c0-\u024f]/g, (c) => LETTERS[c] ?? c.normalize('NFD').replace(/[\u0300-\u036f]/g, '')).replace(/[\u0300-\u036f]/g, '');
  const upperFirst = (s) => { const [c = '', ...rest] = toText(s); return c.toUpperCase() + rest.join(''); };
  const capitalize = (s) => upperFirst(toText(s).toLowerCase());
  const cased = (each_, glue) => (s) => words(deburr(s).replace(/['\u2019]/g, '')).map(each_).join(glue);
  const cut = (start, end) => (s, chars, guard) => {
    s = toText(s);
    if (guard || chars === undefined || isObject(chars)) return start && end ? s.trim() : start ? s.trimStart() : s.trimEnd();
    const set = new Set([...toText(chars)]), all = [...s];
    let i = 0, j = all.length;
    while (start && i < j && set.has(all[i])) i++;
    while (end && j > i && set.has(all[j - 1])) j--;
    return all.slice(i, j).join('');
  };
  const padding = (n, chars) => {
    chars = chars === undefined ? ' ' : toText(chars);
    const all = [...chars];
    return n > 0 && all.length ? Array.from({ length: n }, (__, i) => all[i % all.length]).join('') : '';
  };
  const padded = (left, right) => (s, n, chars) => {
    s = toText(s);
    const more = toInteger(n) - [...s].length;
    const l = left && right ? Math.floor(more / 2) : left ? more : 0;
    return more > 0 ? padding(l, chars) + s + padding(more - l, chars) : s;
  };
  const HTML = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  const TEXT = Object.fromEntries(Object.entries(HTML).map(([a, b]) => [b, a]));
  Object.assign(_, {
    words, deburr, upperFirst, capitalize,
    lowerFirst: (s) => { const [c = '', ...rest] = toText(s); return c.toLowerCase() + rest.join(''); },
    camelCase: cased((w, i) => (i ? capitalize(w) : w.toLowerCase()), ''),
    kebabCase: cased((w) => w.toLowerCase(), '-'),
    snakeCase: cased((w) => w.toLowerCase(), '_'),
    lowerCase: cased((w) => w.toLowerCase(), ' '),
    upperCase: cased((w) => w.toUpperCase(), ' '),
    startCase: cased(upperFirst, ' '),
    trim: cut(true, true),
    trimStart: cut(true, false),
    trimEnd: cut(false, true),
    pad: padded(true, true),
    padStart: padded(true, false),
    padEnd: padded(false, true),
    repeat: (s, n) => toText(s).repeat(n === undefined ? 1 : Math.max(toInteger(n), 0)),
    replace: (s, ...a) => (a.length < 2 ? toText(s) : toText(s).replace(...a)),
    split: (s, by, n) => (toText(s) === '' ? (by === undefined ? [''] : toText(s).split(by, n)) : toText(s).split(by, n)),
    startsWith: (s, t, at) => toText(s).startsWith(toText(t), at),
    endsWith: (s, t, at) => toText(s).endsWith(toText(t), at),
    toLower: (s) => toText(s).toLowerCase(),
    toUpper: (s) => toText(s).toUpperCase(),
    escape: (s) => toText(s).replace(/[&<>"']/g, (c) => HTML[c]),
    unescape: (s) => toText(s).replace(/&(?:amp|lt|gt|quot|#0?39);/g, (c) => TEXT[c] ?? "'"),
    escapeRegExp: (s) => toText(s).replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'),
    parseInt: (s, r, guard) => parseInt(toText(s).trim(), guard ? 0 : r),
    truncate: (s, { length = 30, omission = '...', separator } = {}) => {
      s = toText(s);
      const all = [...s];
      if (all.length <= length) return s;
      let room = length - [...omission].length;
      if (room < 1) return omission;
      let out = all.slice(0, room).join('');
      if (separator !== undefined) {
        if (separator instanceof RegExp) {
          let at = -1;
          for (const m of out.matchAll(new RegExp(separator.source, separator.flags.replace('g', '') + 'g'))) at = m.index;
          if (at > -1 && s.slice(out.length).search(separator) !== 0) out = out.slice(0, at);
        } else if (s.indexOf(separator, out.length) !== out.length) {
          const at = out.lastIndexOf(separator);
          if (at > -1) out = out.slice(0, at);
        }
      }
      return out + omission;
    },
  });

  // ---- numbers
  const sumBy = (a, f) => {
    f = iteratee(f);
    let total;
    for (const v of array(a)) { const n = f(v); if (n !== undefined) total = total === undefined ? n : total + n; }
    return total === undefined ? 0 : total;
  };
  const extreme = (a, f, wins) => {
    f = iteratee(f);
    let best, found;
    for (const v of array(a)) {
      const k = f(v);
      if (!isNil(k) && !isSymbol(k) && (best === undefined ? k === k : wins(k, best))) { best = k; found = v; }
    }
    return found;
  };
  const rounding = (name) => (n, precision) => {
    n = toNumber(n);
    precision = Math.max(-292, Math.min(toInteger(precision), 292));
    if (!precision || !Number.isFinite(n)) return Math[name](n);
    const [m, e = 0] = `${n}e`.split('e');
    const [m2, e2 = 0] = `${Math[name](`${m}e${+e + precision}`)}e`.split('e');
    return +`${m2}e${+e2 - precision}`;
  };
  const math = (f, zero) => (a, b) => (a === undefined && b === undefined ? zero : a === undefined ? b : b === undefined ? a : f(a, b));
  let ids = 0;
  Object.assign(_, {
    sum: (a) => sumBy(a),
    sumBy,
    mean: (a) => (a?.length ? sumBy(a) / a.length : NaN),
    meanBy: (a, f) => (a?.length ? sumBy(a, f) / a.length : NaN),
    max: (a) => extreme(a, null, (x, y) => x > y),
    maxBy: (a, f) => extreme(a, f, (x, y) => x > y),
    min: (a) => extreme(a, null, (x, y) => x < y),
    minBy: (a, f) => extreme(a, f, (x, y) => x < y),
    add: math((a, b) => a + b, 0),
    subtract: math((a, b) => a - b, 0),
    multiply: math((a, b) => a * b, 1),
    divide: math((a, b) => a / b, 1),
    round: rounding('round'),
    floor: rounding('floor'),
    ceil: rounding('ceil'),
    clamp: (n, low, high) => {
      if (high === undefined) { high = low; low = undefined; }
      n = toNumber(n);
      if (high !== undefined) n = Math.min(n, toNumber(high));
      return low === undefined ? n : Math.max(n, toNumber(low));
    },
    inRange: (n, a, b) => {
      a = toFinite(a);
      if (b === undefined) { b = a; a = 0; } else b = toFinite(b);
      n = toNumber(n);
      return n >= Math.min(a, b) && n < Math.max(a, b);
    },
    random,
    times: (n, f = identity) => Array.from({ length: Math.max(toInteger(n), 0) }, (__, i) => f(i)),
    uniqueId: (prefix) => toText(prefix) + ++ids,
    now: () => Date.now(),
  });

  // ---- functions
  const memoize = (f, by) => {
    const made = function (...a) {
      const k = by ? by.apply(this, a) : a[0];
      if (made.cache.has(k)) return made.cache.get(k);
      const v = f.apply(this, a);
      made.cache.set(k, v);
      return v;
    };
    made.cache = new Map();
    return made;
  };
  const before = (n, f) => { let out; return (...a) => { if (--n > 0) out = f(...a); return out; }; };
  const partial = (right) => (f, ...fixed) => (...a) => {
    const given = [...a], first = right ? undefined : fixed.map((v) => (v === _ ? given.shift() : v));
    return right ? f(...given, ...fixed) : f(...first, ...given);
  };
  const curry = (f, n = f.length) => {
    const take = (...a) => (a.length >= n ? f(...a) : (...b) => take(...a, ...b));
    return take;
  };
  Object.assign(_, {
    memoize, before,
    once: (f) => before(2, f),
    after: (n, f) => (...a) => (--n < 1 ? f(...a) : undefined),
    partial: partial(false),
    partialRight: partial(true),
    curry,
    negate: (f) => (...a) => !f(...a),
    ary: (f, n) => (...a) => f(...a.slice(0, n ?? f.length)),
    unary: (f) => (a) => f(a),
    flip: (f) => (...a) => f(...a.reverse()),
    spread: (f) => (a) => f(...a),
    rest: (f) => (...a) => f(...a.slice(0, f.length - 1), a.slice(f.length - 1)),
    wrap: (v, f) => (...a) => f(v, ...a),
    bind: (f, that, ...fixed) => f.bind(that, ...fixed),
    tap: (v, f) => { f(v); return v; },
    thru: (v, f) => f(v),
    nthArg: (n = 0) => (...a) => (n < 0 ? a[a.length + n] : a[n]),
  });
  Object.assign(_, { each: _.forEach, eachRight: _.forEachRight, first: _.head, entries: _.toPairs, entriesIn: _.toPairsIn, extend: _.assignIn, extendWith: _.assignInWith, VERSION: '4.17 (subset)' });

  // ---- chains: _(v).map(f).value() and _.chain(v); values are computed at once
  const SINGLE = new Set(('get has hasIn find findLast findIndex findLastIndex findKey findLastKey reduce reduceRight every some includes size sample head first last nth join indexOf lastIndexOf sum sumBy mean meanBy max maxBy min minBy isEmpty isEqual isMatch isArray isString isNumber isNil isPlainObject isObject isFunction ' +
    'camelCase kebabCase snakeCase lowerCase upperCase startCase capitalize upperFirst lowerFirst trim trimStart trimEnd pad padStart padEnd repeat replace startsWith endsWith toLower toUpper escape unescape escapeRegExp truncate toString toNumber toInteger add subtract multiply divide round floor ceil clamp inRange random deburr clone cloneDeep defaultTo result').split(' '));
  function chain(value, isImplicit) {
    const link = { value: () => value, valueOf: () => value, toJSON: () => value, commit: () => link, chain: () => chain(value, false), [Symbol.iterator]: () => value[Symbol.iterator]() };
    return new Proxy(link, {
      get(target, name) {
        if (own(target, name)) return target[name];
        if (typeof name === 'symbol' || name === 'then') return undefined;
        const f = lodash[name];
        return (...a) => { const made = f(value, ...a); return isImplicit && SINGLE.has(name) ? made : chain(made, isImplicit); };
      },
    });
  }
  _.chain = (value) => chain(value, false);

  const lodash = new Proxy(_, {
    get(target, name) {
      if (name in target || typeof name === 'symbol' || name === 'then' || name === 'toJSON') return name === 'default' ? lodash : target[name];
      if (name === 'default') return lodash;
      throw new Error(`lodash.${name} is not offered here`);
    },
  });
  return lodash;
})
