// What every run starts from: evaluated in a fresh realm before the tenant's code, it takes the dangerous and the
// random parts of the language away, gives `$` and `console`, and answers one function, `control`, by which the
// child process drives the run. Everything used after the tenant's code has started is taken from here, not from
// globals that code may have changed. Lines are shifted by the child so that they never look like the tenant's.
(function () {
  'use strict';
  const G = globalThis;
  const host = G.__host;
  delete G.__host;

  const evaluate = G.eval;
  const { parse, stringify } = JSON;
  const { apply, construct, defineProperty, ownKeys } = Reflect;
  const { keys, getPrototypeOf, create } = Object;
  const { isArray } = Array;
  const { imul, max, min } = Math;
  const S = String;
  const P = Promise;
  const E = Error;
  const TE = TypeError;
  const M = Map;
  const RealDate = Date;
  const { slice, includes, repeat, isWellFormed, split, trim } = S.prototype;
  const { push, join } = Array.prototype;
  const mapGet = M.prototype.get, mapSet = M.prototype.set, mapDelete = M.prototype.delete;
  const mapEach = M.prototype.forEach;
  const isScriptFunction = /^(?:async\s*)?(?:function\b|\([^]*?\)\s*=>|[\w$]+\s*=>)/;
  const regexTest = RegExp.prototype.test;

  const MAX_OUTPUT = 1048576, MAX_CALLS = 200, MAX_TIMERS = 100, MAX_MESSAGE = 4000, MAX_DELAY = 2147483647;

  function hide(target, name, value) {
    defineProperty(target, name, { value, writable: true, configurable: true, enumerable: false });
  }

  // ---- texts for the child: it reads whole strings, not the engine's ropes, as UTF-8 and up to the first NUL
  function flat(text) { return apply(slice, text, [0]); }
  function plain(text) {
    return apply(isWellFormed, text, []) && !apply(includes, text, ['\0']) ? 'u' + text : 'j' + stringify(text);
  }
  function ask(operation, a, b, c) {
    const answer = host(flat(operation), a === undefined ? '' : flat(a), b === undefined ? '' : flat(b), c === undefined ? '' : flat(c));
    if (typeof answer !== 'string') throw new E('the sandbox did not answer');
    if (answer[0] === '!') throw new E(apply(slice, answer, [1]));
    return apply(slice, answer, [1]);
  }

  // ---- clock and chance: fixed for the run; the clock moves only when a timer fires, by exactly its delay
  let now = 0;
  let s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  function word() { // sfc32
    const t = (((s0 + s1) | 0) + s3) | 0;
    s3 = (s3 + 1) | 0;
    s0 = s1 ^ (s1 >>> 9);
    s1 = (s2 + (s2 << 3)) | 0;
    s2 = (s2 << 21) | (s2 >>> 11);
    s2 = (s2 + t) | 0;
    return t >>> 0;
  }
  hide(Math, 'random', function random() { return ((word() >>> 5) * 67108864 + (word() >>> 6)) / 9007199254740992; });
  const FixedDate = function Date(year, month, day, hours, minutes, seconds, ms) {
    if (new.target === undefined) return new RealDate(now).toString();
    return construct(RealDate, arguments.length === 0 ? [now] : arguments, new.target);
  };
  defineProperty(FixedDate, 'prototype', { value: RealDate.prototype, writable: false });
  hide(FixedDate, 'now', function () { return now; });
  hide(FixedDate, 'parse', RealDate.parse);
  hide(FixedDate, 'UTC', RealDate.UTC);
  hide(RealDate.prototype, 'constructor', FixedDate);
  hide(G, 'Date', FixedDate);

  // ---- no code from strings, no clocks, no shared memory, no sight of the collector, no view of our frames
  const refuse = function Function() { throw new EvalError('code generation from strings is off'); };
  const functionKinds = [function () {}, async function () {}, function* () {}, async function* () {}];
  for (let i = 0; i < 4; i++) {
    defineProperty(getPrototypeOf(functionKinds[i]), 'constructor', { value: refuse, writable: false, configurable: false });
  }
  defineProperty(refuse, 'prototype', { value: getPrototypeOf(functionKinds[0]), writable: false });
  hide(G, 'Function', refuse);
  hide(G, 'eval', function () { throw new EvalError('code generation from strings is off'); });
  delete G.performance; delete G.SharedArrayBuffer; delete G.Atomics; delete G.WeakRef; delete G.FinalizationRegistry;
  defineProperty(E, 'prepareStackTrace', { value: undefined, writable: false, configurable: false });

  // ---- console
  function show(value) {
    if (typeof value === 'string') return value;
    if (typeof value === 'object' && value !== null) {
      try {
        if (value instanceof E) return S(value.stack ? value + '\n' + value.stack : value);
        const text = stringify(value);
        return text === undefined ? S(value) : text;
      } catch (error) {
        return '[object that cannot be shown]';
      }
    }
    return typeof value === 'function' ? '[function]' : S(value);
  }
  function printer(level) {
    return function () {
      let text = '';
      for (let i = 0; i < arguments.length; i++) text += (i ? ' ' : '') + show(arguments[i]);
      if (text.length > MAX_MESSAGE) text = apply(slice, text, [0, MAX_MESSAGE]) + '…';
      host('say', stringify({ level, message: text, at: now }), '', '');
    };
  }
  const print = printer('info');
  hide(G, 'console', {
    log: print, info: print, warn: printer('warn'), error: printer('error'), debug: printer('debug'), trace: printer('debug'),
  });

  // ---- calls to the outside: collected until nothing else can run, then handed over in one batch
  let outbox = [], inFlight = 0, calls = 0;
  const waiting = new M();
  function call(kind, request) {
    if (++calls > MAX_CALLS) throw new E('a run may call the outside ' + MAX_CALLS + ' times at most');
    const id = calls;
    apply(push, outbox, [stringify({ id, kind, request })]);
    return new P(function (resolve, reject) { apply(mapSet, waiting, [id, { resolve, reject }]); });
  }
  function answer(id, text) {
    const waiter = apply(mapGet, waiting, [id]);
    if (waiter === undefined) return;
    apply(mapDelete, waiting, [id]);
    inFlight--;
    const reply = parse(text);
    if (reply.error === undefined) waiter.resolve(reply.value); else waiter.reject(reply.error);
  }

  // ---- timers
  const timers = new M();
  let lastTimer = 0;
  hide(G, 'setTimeout', function setTimeout(work, delay) {
    if (typeof work !== 'function') throw new TE('setTimeout needs a function');
    if (timers.size >= MAX_TIMERS) throw new E('a run may hold ' + MAX_TIMERS + ' timers at most');
    const wait = min(max(+delay || 0, 0), MAX_DELAY), rest = [];
    for (let i = 2; i < arguments.length; i++) apply(push, rest, [arguments[i]]);
    apply(mapSet, timers, [++lastTimer, { due: now + wait, wait, work, rest }]);
    return lastTimer;
  });
  hide(G, 'clearTimeout', function clearTimeout(id) { apply(mapDelete, timers, [id]); });
  function fire(id) {
    const timer = apply(mapGet, timers, [id]);
    if (timer === undefined) return;
    apply(mapDelete, timers, [id]);
    now = max(now, timer.due);
    apply(timer.work, undefined, timer.rest);
  }

  // ---- `$`, require and the globals that are loaded when first touched
  const loaded = create(null);
  const files = {
    __proto__: null, axios: 'axios', lodash: 'lodash', xml2js: 'xml2js', jsonwebtoken: 'jsonwebtoken',
    'node-cache': 'node-cache', nodeCache: 'node-cache', crypto: 'crypto', Buffer: 'buffer', buffer: 'buffer',
    URL: 'url', URLSearchParams: 'url', url: 'url', querystring: 'querystring', uuid: 'uuid', text: 'text', clone: 'clone',
  };
  const members = { __proto__: null, Buffer: 'Buffer', URL: 'URL', URLSearchParams: 'URLSearchParams' };
  const offered = 'axios, lodash, xml2js, jsonwebtoken, node-cache (nodeCache), crypto, buffer, Buffer, url, URL, URLSearchParams, querystring, uuid';
  function load(name) {
    const file = files[name];
    if (loaded[file] === undefined) {
      const code = ask('source', file);
      const make = code === '' ? G.__made : evaluate(apply(repeat, '\n', [5000]) + code);
      delete G.__made; // bytecode has left its value there
      loaded[file] = make(kit);
    }
    return members[name] === undefined ? loaded[file] : loaded[file][members[name]];
  }
  function isOffered(name) { return files[name] !== undefined && name !== 'text' && name !== 'clone'; }
  const kit = { ask, call, plain, load, word, hide, now: function () { return now; } };
  const own = create(null);
  hide(G, '$', new Proxy(own, {
    get(target, name) {
      if (name in target) return target[name];
      if (typeof name === 'symbol' || name === 'then' || name === 'toJSON') return undefined;
      if (!isOffered(name)) throw new E('$.' + name + ' is not offered; there is ' + offered);
      return (target[name] = load(name));
    },
    has(target, name) { return name in target || isOffered(name); },
  }));
  hide(G, 'require', function require(name) {
    name = S(name);
    if (apply(slice, name, [0, 5]) === 'node:') name = apply(slice, name, [5]);
    if (!isOffered(name)) throw new E("require('" + name + "') is not offered; there is " + offered);
    return load(name);
  });
  function lazily(names, file, pick) {
    for (let i = 0; i < names.length; i++) {
      const name = names[i];
      defineProperty(G, name, {
        configurable: true, enumerable: false,
        get() { const value = load(file)[name]; hide(G, name, value); return value; },
        set(value) { hide(G, name, value); },
      });
    }
  }
  lazily(['Buffer'], 'buffer');
  lazily(['URL', 'URLSearchParams'], 'url');
  lazily(['TextEncoder', 'TextDecoder'], 'text');
  lazily(['structuredClone'], 'clone');

  // ---- the scripts of a service: compiled when first called; each sees $, service and `args`
  const sections = [];
  let scriptLine = 10000, broken;
  function compile(name, code) {
    const first = scriptLine, shift = apply(repeat, '\n', [first]), lines = apply(split, code, ['\n']).length;
    scriptLine += lines + 2;
    let prefix = 1, made;
    try {
      if (apply(regexTest, isScriptFunction, [apply(trim, code, [])])) {
        try { made = evaluate(shift + '(' + code + '\n)'); } catch (error) { made = undefined; }
      }
      if (typeof made !== 'function') {
        prefix = 25;
        made = evaluate(shift + '(async function(...args){' + code + '\n})');
      }
    } catch (error) {
      broken = error;
      throw error;
    } finally {
      apply(push, sections, [{ name, first, prefix, lines }]);
    }
    return async function (...args) { return apply(made, this, args); };
  }
  function offerScripts(text) {
    const codes = text === '' ? create(null) : parse(text), names = keys(codes), fn = {};
    for (let i = 0; i < names.length; i++) {
      const name = names[i];
      defineProperty(fn, name, {
        configurable: true, enumerable: true,
        get() {
          const value = compile(name, codes[name]);
          defineProperty(fn, name, { value, writable: true, configurable: true, enumerable: true });
          return value;
        },
      });
    }
    const owners = ['service', 'connector'];
    for (let i = 0; i < 2; i++) {
      const owner = G[owners[i]];
      if (typeof owner === 'object' && owner !== null) hide(owner, 'fn', fn);
      else if (names.length) G[owners[i]] = create(getPrototypeOf({}), { fn: { value: fn, writable: true, configurable: true } });
    }
  }

  // ---- the end of a run
  let settled = false, failed = false, result;
  function begin(bindings, startedAt, seed, functions) {
    delete G.__made;
    now = +startedAt;
    const words = parse(seed);
    s0 = words[0]; s1 = words[1]; s2 = words[2]; s3 = words[3];
    const values = parse(bindings), names = keys(values);
    for (let i = 0; i < names.length; i++) G[names[i]] = values[names[i]];
    offerScripts(functions);
  }
  async function run(main) {
    try {
      result = await apply(main, G, []);
    } catch (error) {
      failed = true;
      result = error;
    }
    settled = true;
  }
  function text(value) {
    try {
      const words = S(value);
      return words.length > MAX_MESSAGE ? apply(slice, words, [0, MAX_MESSAGE]) + '…' : words;
    } catch (error) {
      return '';
    }
  }
  function read(value, name) {
    try {
      const found = value[name];
      return typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean' ? text(found) : undefined;
    } catch (error) {
      return undefined;
    }
  }
  function describe(error, kind) {
    const report = { __proto__: null, kind };
    if (sections.length) report.sections = sections;
    if ((typeof error !== 'object' || error === null) && typeof error !== 'function') {
      report.message = error === null ? 'null' : text(error);
      return report;
    }
    report.name = read(error, 'name');
    report.message = read(error, 'message');
    report.stack = read(error, 'stack');
    report.code = read(error, 'code');
    report.status = read(error, 'status');
    if (report.status === undefined) report.status = read(error, 'statusCode');
    if (report.status === undefined) {
      try { report.status = read(error.response, 'status'); } catch (ignored) { report.status = undefined; }
    }
    if (report.message === undefined) {
      try { report.message = text(stringify(error)); } catch (ignored) { report.message = ''; }
    }
    if (error === broken) report.kind = 'syntax';
    if (report.message === 'out of memory' && report.name === 'InternalError') report.kind = 'memory';
    if (report.message === 'Maximum call stack size exceeded' && report.name === 'RangeError') report.kind = 'stack';
    return report;
  }
  function finish() {
    if (failed) return flat('E' + stringify(describe(result, 'threw')));
    let out;
    try {
      out = stringify(result);
    } catch (error) {
      const report = describe(error, 'output');
      if (report.kind === 'stack') report.kind = 'output';
      report.message = 'the result cannot be written as JSON: ' + report.message;
      return flat('E' + stringify(report));
    }
    if (out === undefined) out = 'null';
    if (out.length > MAX_OUTPUT) {
      return 'E' + stringify({ __proto__: null, kind: 'output', message: 'the result is larger than 1 MB' });
    }
    return flat('V' + out);
  }
  function idle() {
    let pending = '';
    if (!settled) {
      apply(mapEach, timers, [function (timer, id) { pending += (pending ? ',' : '') + id + ':' + timer.wait; }]);
    }
    if (outbox.length) {
      const batch = apply(join, outbox, [',']);
      inFlight += outbox.length;
      outbox = [];
      return flat('C' + pending + '\n[' + batch + ']');
    }
    if (inFlight || pending) return flat((inFlight ? 'W' : 'T') + pending);
    return settled ? 'D' : 'S';
  }

  return function control(operation, a, b, c, d) {
    switch (operation) {
      case 'begin': begin(a, b, c, d); return '';
      case 'run': run(a); return '';
      case 'idle': return idle();
      case 'answer': answer(a, b); return '';
      case 'fire': fire(a); return '';
      default: return finish();
    }
  };
})()
