"""Scripts that mean harm, as data: name -> code. What each must come to is said in test_hostile.py.

Those under HARMLESS may end in a value; what it must be is given. All others must end in LogicFailed of one of the
kinds named with them.
"""

# ruff: noqa: E501 (scripts are easier to read on one line)

from __future__ import annotations

TIME = {"timeout"}
MEMORY = {"memory", "timeout"}
STACK = {"stack", "threw", "timeout", "memory"}
ANY = {"syntax", "threw", "timeout", "memory", "stack", "output", "stuck"}
OUTPUT = {"output", "memory", "timeout", "stack"}
THREW = {"threw"}

FAILING: dict[str, tuple[set[str], str]] = {
    # ---- time
    "endless loop": (TIME, "while (true) {}"),
    "endless loop inside try, catch and finally": (
        TIME,
        "for (;;) { try { while (true) {} } catch (e) {} finally { for (;;) {} } }",
    ),
    "endless generator": (TIME, "function* g() { while (true) yield 1 } for (const x of g()) {}"),
    "endless spread of a generator": (MEMORY, "function* g() { while (true) yield 1 } return [...g()]"),
    "endless microtasks": (MEMORY, "const f = () => Promise.resolve().then(f); await f()"),
    "endless queueMicrotask": (TIME, "const f = () => queueMicrotask(f); f(); await new Promise(() => {})"),
    "endless await": (TIME, "while (true) await null"),
    "endless timers of no delay": (TIME, "const f = () => setTimeout(f, 0); f(); await new Promise(() => {})"),
    "a thenable that resolves to itself for ever": (
        TIME,
        "const t = { then(f) { f(t) } }; await t",
    ),
    "a sleep longer than the run": (TIME, "await new Promise((r) => setTimeout(r, 60000))"),
    "catastrophic regular expression": (TIME, "return /^(a+)+$/.test('a'.repeat(40) + 'b')"),
    "catastrophic replace": (TIME, "return ('a'.repeat(60) + '!').replace(/(a|aa)+$/g, '')"),
    "catastrophic nested groups": (TIME, "return /^(([a-z])+.)+[A-Z]([a-z])+$/.test('a'.repeat(60))"),
    "nested quantifiers with backreference": (TIME, "return /^(.*?,){25}x\\1$/.test('1,'.repeat(40))"),
    "indexOf over a huge length": (TIME, "return Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)"),
    "join of a huge sparse array": (MEMORY | {"threw"}, "return new Array(1e9) + ''"),
    "reverse over a huge length": (TIME, "return Array.prototype.reverse.call({ length: 2 ** 53 - 1 })"),
    "sort with a comparator that lies": (TIME, "for (;;) [...Array(999).keys()].sort(() => Math.random() - 0.5)"),
    "sort of a huge hole": (MEMORY, "return new Array(4e8).fill().sort()"),
    "power of big integers": (MEMORY | {"threw"}, "let x = 3n; for (;;) x = x ** 7n"),
    "squaring big integers": (MEMORY | {"threw"}, "let x = 7n; for (;;) x *= x"),
    "big integer to text": (
        MEMORY | {"threw", "output"},
        "return (2n ** 4000000n).toString() + (3n ** 2000000n).toString()",
    ),
    "toJSON that never ends": (TIME, "return { toJSON() { for (;;) {} } }"),
    "getter in the result that never ends": (TIME, "return { get a() { for (;;) {} } }"),
    "proxy whose keys never end": (TIME, "return new Proxy({}, { ownKeys() { for (;;) {} } })"),
    "thrown object whose message never ends": (TIME, "throw { get message() { for (;;) {} } }"),
    "thrown object whose text never ends": (TIME, "throw { toString() { for (;;) {} } , toJSON() { for (;;) {} } }"),
    "thrown proxy that never answers": (TIME, "throw new Proxy({}, { get() { for (;;) {} } })"),
    "console argument that never ends": (TIME, "console.log({ toJSON() { for (;;) {} } })"),
    "label loop without allocation": (TIME, "a: for (;;) { b: for (;;) continue a }"),
    "endless string building and dropping": (TIME, "let s; for (;;) s = 'x'.repeat(100000)"),
    "endless hashing": (TIME, "for (;;) $.crypto.createHash('sha512').update('x'.repeat(100000)).digest('hex')"),
    "endless library errors": (TIME, "for (;;) { try { $.nothing } catch (e) {} }"),
    "date parsing for ever": (TIME, "for (;;) Date.parse('2024-01-01T00:00:00Z')"),
    "symbol iterator for ever": (
        TIME,
        "for (const x of { [Symbol.iterator]() { return { next: () => ({ done: false }) } } }) {}",
    ),
    "destructuring an endless iterator": (
        MEMORY,
        "const [...x] = { [Symbol.iterator]() { return { next: () => ({ value: 1, done: false }) } } }",
    ),
    "async iterator for ever": (TIME, "async function* g() { while (true) yield 1 } for await (const x of g()) {}"),
    "closed wrapper with a loop outside": (TIME, "}); for (;;) {} (async function () {"),
    # ---- memory
    "array bomb": (MEMORY, "const a = []; for (;;) a.push(new Array(1000).fill(1))"),
    "string doubling": (MEMORY | {"threw"}, "let s = 'x'; for (;;) s += s"),
    "keeping megabyte strings": (MEMORY, "const a = []; for (;;) a.push('x'.repeat(1 << 20) + a.length)"),
    "array buffer bomb": (MEMORY, "const a = []; for (;;) a.push(new ArrayBuffer(1 << 20))"),
    "one huge array buffer": (MEMORY | {"threw"}, "return new ArrayBuffer(2 ** 40).byteLength"),
    "typed array bomb": (MEMORY, "const a = []; for (;;) a.push(new Float64Array(1 << 17).fill(1))"),
    "resizable buffer bomb": (
        MEMORY | {"threw"},
        "const b = new ArrayBuffer(8, { maxByteLength: 2 ** 31 }); for (let n = 8; ; n *= 2) b.resize(n)",
    ),
    "map bomb": (MEMORY, "const m = new Map(); for (let i = 0; ; i++) m.set(i, { i })"),
    "set of symbols": (MEMORY, "const s = new Set(); for (;;) s.add(Symbol())"),
    "weak map bomb": (
        MEMORY,
        "const w = new WeakMap(), k = []; for (;;) { const o = {}; k.push(o); w.set(o, 'x'.repeat(1000)) }",
    ),
    "closure chain": (MEMORY, "let f = () => 0; for (;;) { const g = f; f = () => g; }"),
    "object keys bomb": (MEMORY, "const o = {}; for (let i = 0; ; i++) o['key' + i] = i"),
    "prototype chain bomb": (MEMORY, "let o = {}; for (;;) o = Object.create(o)"),
    "promise bomb": (MEMORY, "const a = []; for (;;) a.push(new Promise(() => {}))"),
    "microtask queue bomb": (MEMORY, "for (;;) Promise.resolve().then(() => 1)"),
    "repeat beyond the limit": (MEMORY | {"threw"}, "return 'x'.repeat(2 ** 29)"),
    "padStart beyond the limit": (MEMORY | {"threw"}, "return 'x'.padStart(2 ** 30 - 1, 'ab')"),
    "array length bomb": (MEMORY | {"threw", "output"}, "const a = []; a.length = 4294967295; a.fill(7); return a"),
    "concat bomb": (MEMORY, "let a = [1]; for (;;) a = a.concat(a)"),
    "flat map bomb": (MEMORY, "let a = [1]; for (;;) a = a.flatMap((x) => [x, x])"),
    "template bomb": (MEMORY | {"threw"}, "let s = 'x'; for (;;) s = `${s}${s}${s}`"),
    "regular expression match bomb": (MEMORY, "const a = []; for (;;) a.push('ab'.repeat(50000).match(/./g))"),
    "JSON text bomb": (
        MEMORY | {"threw"},
        "let o = { a: 1 }; for (;;) o = { a: JSON.stringify(o), b: JSON.stringify(o) }",
    ),
    "encodeURIComponent bomb": (MEMORY | {"threw"}, "let s = '%'; for (;;) s = encodeURIComponent(s)+s+s"),
    "array join bomb": (MEMORY | {"threw"}, "return new Array(1 << 27).join('xxxx')"),
    "memory flood caught and repeated": (
        ANY,
        "const keep = []; for (;;) { try { for (;;) keep.push(new Uint8Array(65536)) } catch (e) {} }",
    ),
    "memory flood in a finally": (ANY, "let a = []; try { for (;;) a.push([a]) } finally { for (;;) a.push([a]) }"),
    "error with a huge message": (OUTPUT | {"threw"}, "throw new Error('x'.repeat(10000000))"),
    "error flood with stacks": (MEMORY, "const a = []; for (;;) a.push(new Error('x'.repeat(1000)))"),
    "structuredClone bomb": (
        ANY,
        "let o = {}; for (let i = 0; i < 40; i++) o = { a: o, b: o }; for (;;) o = [structuredClone(o), o]",
    ),
    "lodash range bomb": (ANY, "return $.lodash.range(1e12)"),
    "lodash times bomb": (MEMORY | {"threw"}, "return $.lodash.times(4e9, () => 'x')"),
    "buffer bomb": (MEMORY | {"threw"}, "const a = []; for (;;) a.push($.Buffer.alloc(1 << 20, 1))"),
    # ---- the stack
    "deep recursion": (STACK, "function f() { return f() + 1 } return f()"),
    "deep recursion in catch": (STACK, "function f() { try { f() } catch (e) { f() } } f()"),
    "mutual recursion through getters": (
        STACK,
        "const o = { get a() { return this.b }, get b() { return this.a } }; return o.a",
    ),
    "recursion through toString": (STACK, "const o = { toString() { return '' + o } }; return '' + o"),
    "recursion through a proxy": (STACK, "const p = new Proxy({}, { get(t, k, r) { return r[k] } }); return p.x"),
    "recursion through sort": (STACK, "const f = () => [2, 1].sort(f); return f()"),
    "recursion through replace": (STACK, "const f = () => 'a'.replace(/a/, f); return f()"),
    "recursion through JSON.parse revival": (STACK, "const f = () => JSON.parse('[1]', f); return f()"),
    "deep parser": (ANY, "return " + "(" * 20000 + "1" + ")" * 20000),
    "deep array literal": (ANY, "return " + "[" * 20000 + "]" * 20000),
    "deep regular expression": (ANY, "return new RegExp('('.repeat(100000) + ')'.repeat(100000)).test('')"),
    "deep JSON.parse": (ANY, "return JSON.parse('['.repeat(1000000) + ']'.repeat(1000000))"),
    "deep JSON.stringify": (OUTPUT, "let o = {}; for (let i = 0; i < 1000000; i++) o = { o }; return o"),
    "deep bind": (ANY, "let f = () => 1; for (let i = 0; i < 1000000; i++) f = f.bind(null); return f()"),
    "deep proxy chain": (ANY, "let p = {}; for (let i = 0; i < 100000; i++) p = new Proxy(p, {}); return p.x.y"),
    "deep lodash clone": (ANY, "let o = {}; for (let i = 0; i < 100000; i++) o = { o }; return $.lodash.cloneDeep(o)"),
    "deep xml": (THREW, "return $.xml2js.parseStringPromise('<a>'.repeat(100000))"),
    # ---- results
    "a result of 20 MB": (OUTPUT, "return 'x'.repeat(20000000)"),
    "a result just above 1 MB": (OUTPUT, "return 'x'.repeat(1048576)"),
    "a result above 1 MB in UTF-8 only": (OUTPUT, "return '\\u20ac'.repeat(500000)"),
    "a cyclic result": (OUTPUT, "const o = {}; o.o = o; return o"),
    "a cyclic array": (OUTPUT, "const a = []; a.push([a]); return a"),
    "a big integer in the result": (OUTPUT, "return { n: 12n }"),
    "toJSON that throws": (OUTPUT, "return { toJSON() { throw new Error('no') } }"),
    "getter that throws": (OUTPUT, "return { get a() { throw 1 } }"),
    "proxy that throws": (OUTPUT, "return new Proxy({}, { ownKeys() { throw new Error('no') } })"),
    "revoked proxy": (OUTPUT | THREW, "const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy"),
    "a result of 65 levels": (OUTPUT, "let o = 1; for (let i = 0; i < 65; i++) o = [o]; return o"),
    "toJSON that grows": (ANY, "const t = { toJSON() { return [t, t] } }; return t"),
    "a result that keeps growing": (
        OUTPUT,
        "return { get a() { return 'x'.repeat(700000) }, get b() { return 'y'.repeat(700000) } }",
    ),
    # ---- never settling
    "a promise that never settles": ({"stuck"}, "await new Promise(() => {})"),
    "a thenable that never answers": ({"stuck"}, "await { then() {} }"),
    "a race of nothing": ({"stuck"}, "await Promise.race([])"),
    "await in a dead end after a call": (
        {"stuck"},
        "await $.axios('http://x/').catch(() => 0); await new Promise(() => {})",
    ),
    "overwritten Promise": (
        {"stuck", "threw"},
        "Promise.prototype.then = () => {}; await new (class extends Promise {})(() => {})",
    ),
    # ---- thrown things
    "throws null": (THREW, "throw null"),
    "throws undefined": (THREW, "throw undefined"),
    "throws a symbol": (THREW, "throw Symbol('s')"),
    "throws a big integer": (THREW, "throw 10n"),
    "throws a function": (THREW, "throw function f() {}"),
    "throws an object without a prototype": (THREW, "throw Object.create(null)"),
    "throws a revoked proxy": (THREW, "const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); throw proxy"),
    "throws an error with a throwing message": (
        THREW,
        "throw { get message() { throw 1 }, get stack() { throw 2 }, get name() { throw 3 } }",
    ),
    "throws an error whose stack lies": (
        THREW,
        "const e = new Error('x'); e.stack = 'at <input>:99999999999999999999:1\\n'; throw e",
    ),
    "throws an error whose stack is an object": (
        THREW,
        "const e = new Error('x'); e.stack = { toString() { for (;;) {} } }; throw e",
    ),
    "throws something with a foreign kind": (
        THREW,
        "throw { kind: 'V', message: 'm', name: 'N'.repeat(1e6), code: 'c'.repeat(1e6) }",
    ),
    "throws text with half a surrogate": (THREW, "throw new Error('\\ud800 and \\0 nul')"),
    "throws from a microtask": (
        THREW,
        "queueMicrotask(() => { throw new Error('late') }); await new Promise((r) => setTimeout(r, 5))",
    ),
    "throws from a timer": (
        THREW,
        "setTimeout(() => { throw new Error('late') }, 1); await new Promise((r) => setTimeout(r, 50))",
    ),
    # ---- reaching out
    "eval": (THREW, "return eval('1 + 1')"),
    "indirect eval": (THREW, "return (0, eval)('1 + 1')"),
    "Function": (THREW, "return Function('return 1')()"),
    "new Function": (THREW, "return new Function('return 1')()"),
    "function constructor by an arrow": (THREW, "return (() => {}).constructor('return 1')()"),
    "async function constructor": (THREW, "return (async () => {}).constructor('return 1')()"),
    "generator constructor": (THREW, "return (function* () {}).constructor('yield 1')().next()"),
    "async generator constructor": (THREW, "return (async function* () {}).constructor('yield 1')()"),
    "constructor by a native function": (THREW, "return [].map.constructor('return 1')()"),
    "constructor by $.axios": (THREW, "return $.axios.get.constructor('return 1')()"),
    "constructor by console": (THREW, "return console.log.constructor.constructor('return 1')()"),
    "constructor by Reflect": (THREW, "return Reflect.construct((function () {}).constructor, ['return 1'])()"),
    "constructor by the prototype's prototype": (
        THREW,
        "return Object.getPrototypeOf(async function () {}).constructor.constructor('return 1')()",
    ),
    "constructor by a class": (THREW, "return (class {}).constructor('return 1')()"),
    "import of a module": (THREW, "return await import('os')"),
    "import of a file": (THREW, "return await import('/etc/passwd')"),
    "import of a data address": (THREW, "return await import('data:text/javascript,export default 1')"),
    "static import": ({"syntax"}, "import os from 'os'"),
    "import.meta": ({"syntax"}, "return import.meta.url"),
    "require of the file system": (THREW, "return require('fs').readFileSync('/etc/passwd')"),
    "require of child_process": (THREW, "return require('node:child_process').execSync('id')"),
    "require by a strange name": (THREW, "return require({ toString: () => '__proto__' })"),
    "$ by a prototype name": (THREW, "return $.__proto__.constructor.constructor('return 1')()"),
    "process": (THREW, "return process.env"),
    "WebAssembly": (THREW, "return new WebAssembly.Module(new Uint8Array(8))"),
    "fetch": (THREW, "return await fetch('http://169.254.169.254/')"),
    "std and os modules": (THREW, "return std.open('/etc/passwd') || os.exec(['id'])"),
    "the host function": (THREW, "return __host('source', 'axios', '', '')"),
    "the made library": (THREW, "return __made"),
    # ---- floods of the host
    "host calls without end": (
        THREW,
        "for (;;) await Promise.all(Array.from({length: 30}, () => $.axios('http://x/')))",
    ),
    "host calls without end, each after the other": (THREW | TIME, "for (;;) await $.axios('http://x/')"),
    "host calls all at once": (
        THREW,
        "await Promise.all([...Array(5000).keys()].map((i) => $.axios('http://x/' + i)))",
    ),
    "timers without end": (THREW, "for (;;) setTimeout(() => {}, 1000)"),
    "a host call with a huge body": (ANY, "return (await $.axios.post('http://x/', 'x'.repeat(20000000))).status"),
    "questions without end": (
        THREW | TIME,
        "const j = $.jsonwebtoken; for (;;) { try { j.sign({}, 'k', { algorithm: 'RS256' }) } catch (e) { if (/times/.test(e.message)) throw e } }",
    ),
    # ---- breaking the wrapper
    "unbalanced wrapper": ({"syntax"}, "}"),
    "unclosed block": ({"syntax"}, "if (true) {"),
    "unclosed comment": ({"syntax"}, "/* "),
    "unclosed template": ({"syntax"}, "return `"),
    "wrapper closed by a text": ({"threw", "syntax"}, "}), 'x'.repeat(100000) + 'y', (function () {}, 5"),
    "wrapper closed by a number": (ANY, "}), (5"),
    "wrapper closed by a symbol": (ANY, "}), (Symbol('x')"),
    "wrapper closed by a throw": (ANY, "}); throw new Error('outside'); (async function () {"),
}

HARMLESS: dict[str, tuple[str, object]] = {
    "caller of the caller": ("return (function f() { return f.caller ?? arguments.callee.caller ?? null })()", None),
    "endless loop in a dead branch": ("if (false) for (;;) {}; return 1", 1),
    "a symbol as the result": ("return Symbol('x')", None),
    "a function as the result": ("return () => 1", None),
    "not a number as the result": ("return [NaN, Infinity, -0]", [None, None, 0]),
    "half a surrogate in the result": ("return '\\ud800x'", "\ufffdx"),
    "NUL in the result": ("return '\\0'", "\0"),
    "a result of 64 levels": ("let o = 1; for (let i = 0; i < 64; i++) o = [o]; return o.length", 1),
    "prototype keys in the result": ('return JSON.parse(\'{"__proto__": {"a": 1}}\')', {"__proto__": {"a": 1}}),
    "JSON replaced": ("JSON.stringify = () => '\"forged\"'; JSON = null; return { a: 1 }", {"a": 1}),
    "Promise replaced": ("Promise = null; return { a: 1 }", {"a": 1}),
    "then replaced": ("Promise.prototype.then = () => { throw 1 }; return { a: 1 }", {"a": 1}),
    "toJSON on every object": ("Object.prototype.toJSON = function () { return 'all' }; return { a: 1 }", "all"),
    "setters on Object.prototype": (
        "for (const k of ['kind', 'message', '0', 'resolve', 'due']) Object.defineProperty(Object.prototype, k, { set() { throw 1 } });"
        " await new Promise((r) => setTimeout(r, 1)); return 'fine'",
        "fine",
    ),
    "array methods replaced": (
        "Array.prototype.push = Array.prototype.join = () => { throw 1 }; await new Promise((r) => setTimeout(r, 1)); return [1, 2]",
        [1, 2],
    ),
    "Map methods replaced": (
        "Map.prototype.get = Map.prototype.set = Map.prototype.forEach = () => { throw 1 };"
        " return (await $.axios('http://x/')).status",
        200,
    ),
    "Reflect.apply replaced": (
        "Reflect.apply = Function.prototype.call = Function.prototype.apply = null; console.log('x'); return 1",
        1,
    ),
    "slice replaced": ("String.prototype.slice = () => 'E{}'; return 'x'.repeat(3000)", "x" * 3000),
    "globalThis emptied": (
        "const g = globalThis; for (const k of Object.getOwnPropertyNames(g)) delete g[k]; return 1",
        1,
    ),
    "globalThis frozen": ("Object.freeze(globalThis); return 1", 1),
    "globalThis without a prototype": ("Object.setPrototypeOf(globalThis, null); return 1", 1),
    "everything frozen": (
        "for (const k of Object.getOwnPropertyNames(globalThis)) { try { Object.freeze(globalThis[k]?.prototype) } catch (e) {} } return 1",
        1,
    ),
    "console flood": ("for (let i = 0; i < 100000; i++) console.log('line ' + i); return 1", 1),
    "huge console messages": ("for (let i = 0; i < 100; i++) console.log('x'.repeat(100000)); return 1", 1),
    "console of exotic values": (
        "const c = {}; c.c = c; console.log(c, Symbol('x'), 1n, null, undefined, () => 1, new Proxy({}, {}), Object.create(null)); return 1",
        1,
    ),
    "console argument that throws": (
        "console.log({ toJSON() { throw 1 } }, { get message() { throw 1 } }); return 1",
        1,
    ),
    "prepareStackTrace": ("Error.prepareStackTrace = (e, s) => s; return typeof new Error('x').stack", "string"),
    "stackTraceLimit huge": (
        "Error.stackTraceLimit = 1e9; function f(n) { return n ? f(n - 1) : new Error('x').stack.length > 0 } return f(500)",
        True,
    ),
    "wrapper closed and opened": ("return 1 }); (async function () { return 2", 2),
    "shared memory is gone": (
        "return [typeof SharedArrayBuffer, typeof Atomics, typeof performance, typeof WeakRef, typeof FinalizationRegistry]",
        ["undefined"] * 5,
    ),
    "the host is gone": (
        "return Object.getOwnPropertyNames(globalThis).filter((n) => n.startsWith('_') || /host|python|quickjs/i.test(n))",
        [],
    ),
    "Function keeps its prototype": (
        "return [(() => 1) instanceof Function, Function.prototype === Object.getPrototypeOf(() => 1)]",
        [True, True],
    ),
    "unhandled rejection": ("Promise.reject(new Error('nobody cares')); return 1", 1),
    "thenable as the result": ("return { then(f) { f(7) } }", 7),
    "thenable that settles twice": ("return await { then(f, g) { f(1); g(2); f(3) } }", 1),
    "finalizers of many kinds": (
        "for (let i = 0; i < 20000; i++) { new Map([[{}, new Set([i])]]); new Proxy({}, {}) } return 1",
        1,
    ),
    "a sandboxed prototype": ("Object.prototype.polluted = 1; Array.prototype.polluted = 1; return [].polluted", 1),
    "merge does not pollute": (
        "$.lodash.merge({}, JSON.parse('{\"__proto__\": {\"bad\": 1}}')); $.lodash.set({}, '__proto__.bad', 1); $.lodash.set({}, 'constructor.prototype.bad', 1); return ({}).bad ?? 'clean'",
        "clean",
    ),
    "xml does not pollute": (
        "const o = await $.xml2js.parseStringPromise('<a><__proto__><bad>1</bad></__proto__></a>'); return ({}).bad ?? 'clean'",
        "clean",
    ),
    "xml entities are refused": (
        "return $.xml2js.parseStringPromise('<!DOCTYPE a [<!ENTITY b \"bb\">]><a>&b;</a>').catch((e) => e.message.split('\\n')[0])",
        "Document types are refused",
    ),
    "xml file entities are refused": (
        "return $.xml2js.parseStringPromise('<a>&xxe;</a>').catch((e) => e.message.split('\\n')[0])",
        "Invalid character entity",
    ),
    "token without a signature": (
        "const j = $.jsonwebtoken, t = j.sign({ a: 1 }, 'k').split('.'); try { return j.verify(btoa('{\"alg\":\"none\"}').replace(/=/g, '') + '.' + t[1] + '.', 'k') } catch (e) { return e.message }",
        "jwt signature is required",
    ),
    "hash of strange algorithms": (
        "try { return $.crypto.createHash('../../etc').update('x').digest('hex') } catch (e) { return 'refused' }",
        "refused",
    ),
    "update with strange values": (
        "let n = 0; for (const v of [1, null, {}, [], Symbol('x'), () => 1]) { try { $.crypto.createHash('sha1').update(v) } catch (e) { n++ } } return n",
        6,
    ),
    "timers with strange values": (
        "let n = 0; for (const v of ['x', null, {}, 1]) { try { setTimeout(v, 1) } catch (e) { n++ } } setTimeout(() => {}, -5); setTimeout(() => {}, NaN); clearTimeout({}); clearTimeout(99); return n",
        4,
    ),
    "an error made from the outside": (
        "return $.axios('http://down/').catch((e) => [e.isAxiosError, e.constructor === Error, e instanceof Error, e.constructor.constructor === Function])",
        [True, False, True, True],
    ),
    "the outside's answer is plain data": (
        "const r = await $.axios('http://x/'); return Object.getPrototypeOf(r.data) === Object.prototype",
        True,
    ),
}
