// Node's querystring: parse and stringify.
(function (kit) {
  'use strict';
  const text = (value) => (typeof value === 'string' ? value : typeof value === 'number' && isFinite(value) ? String(value) : typeof value === 'boolean' || typeof value === 'bigint' ? String(value) : '');
  const write = (value) => encodeURIComponent(text(value));
  const stringify = (object, sep = '&', eq = '=') => Object.keys(object ?? {})
    .flatMap((name) => (Array.isArray(object[name]) ? object[name].map((one) => write(name) + eq + write(one)) : [write(name) + eq + write(object[name])])).join(sep);
  function parse(source, sep = '&', eq = '=') {
    const out = Object.create(null), read = (part) => {
      try { return decodeURIComponent(part.replace(/\+/g, ' ')); } catch (e) { return part; }
    };
    for (const part of String(source ?? '').split(sep)) {
      if (!part) continue;
      const at = part.indexOf(eq), name = read(at < 0 ? part : part.slice(0, at)), value = at < 0 ? '' : read(part.slice(at + eq.length));
      if (!(name in out)) out[name] = value; else if (Array.isArray(out[name])) out[name].push(value); else out[name] = [out[name], value];
    }
    return out;
  }
  return { stringify, parse, encode: stringify, decode: parse, escape: encodeURIComponent, unescape: decodeURIComponent };
})
