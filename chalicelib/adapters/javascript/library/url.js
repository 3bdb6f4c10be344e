// URL and URLSearchParams for the schemes logic meets; hosts are ASCII (punycode them first).
(function () {
  'use strict';
  const PORTS = { 'http:': '80', 'https:': '443', 'ftp:': '21', 'ws:': '80', 'wss:': '443' };
  const form = (text) => encodeURIComponent(text.toWellFormed()).replace(/[!'()~]/g, (c) => '%' + c.charCodeAt(0).toString(16).toUpperCase()).replace(/%20/g, '+');
  const unform = (text) => {
    const spaced = text.replace(/\+/g, ' ');
    try {
      return decodeURIComponent(spaced);
    } catch (e) {
      return spaced.replace(/(?:%[\da-f]{2})+/gi, (run) => {
        try { return decodeURIComponent(run); } catch (x) { return '\ufffd'; }
      });
    }
  };
  const escaped = (text, pattern) => text.toWellFormed().replace(pattern, (c) => encodeURIComponent(c));

  class URLSearchParams {
    #pairs = []; #changed;
    constructor(source = '', changed) {
      this.#changed = typeof changed === 'function' ? changed : () => {};
      if (typeof source === 'object' && source !== null) {
        if (typeof source[Symbol.iterator] === 'function') for (const [name, value] of source) this.#pairs.push([String(name), String(value)]);
        else for (const name of Object.keys(source)) this.#pairs.push([name, String(source[name])]);
      } else {
        for (const part of String(source).replace(/^\?/, '').split('&')) {
          if (!part) continue;
          const at = part.indexOf('=');
          this.#pairs.push(at < 0 ? [unform(part), ''] : [unform(part.slice(0, at)), unform(part.slice(at + 1))]);
        }
      }
    }
    append(name, value) { this.#pairs.push([String(name), String(value)]); this.#changed(); }
    delete(name, value) {
      this.#pairs = this.#pairs.filter(([n, v]) => n !== String(name) || (value !== undefined && v !== String(value)));
      this.#changed();
    }
    get(name) { const pair = this.#pairs.find(([n]) => n === String(name)); return pair ? pair[1] : null; }
    getAll(name) { return this.#pairs.filter(([n]) => n === String(name)).map(([, v]) => v); }
    has(name) { return this.#pairs.some(([n]) => n === String(name)); }
    set(name, value) {
      const at = this.#pairs.findIndex(([n]) => n === String(name));
      if (at < 0) this.#pairs.push([String(name), String(value)]);
      else { this.#pairs[at][1] = String(value); this.#pairs = this.#pairs.filter(([n], i) => i <= at || n !== String(name)); }
      this.#changed();
    }
    sort() { this.#pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)); this.#changed(); }
    forEach(work, that) { for (const [name, value] of this.#pairs) work.call(that, value, name, this); }
    * entries() { for (const [name, value] of this.#pairs) yield [name, value]; }
    * keys() { for (const [name] of this.#pairs) yield name; }
    * values() { for (const [, value] of this.#pairs) yield value; }
    [Symbol.iterator]() { return this.entries(); }
    get size() { return this.#pairs.length; }
    get [Symbol.toStringTag]() { return 'URLSearchParams'; }
    toString() { return this.#pairs.map(([n, v]) => `${form(n)}=${form(v)}`).join('&'); }
    toJSON() { return {}; }
  }

  const invalid = (text) => {
    const error = new TypeError(`Invalid URL`);
    error.code = 'ERR_INVALID_URL';
    error.input = text;
    return error;
  };
  function resolvePath(path) {
    const out = [];
    const parts = path.split('/').slice(1);
    parts.forEach((part, i) => {
      const isLast = i === parts.length - 1, plain = part.toLowerCase().replace(/%2e/g, '.');
      if (plain === '..') {
        out.pop();
        if (isLast) out.push('');
      } else if (plain === '.') { if (isLast) out.push(''); } else out.push(part);
    });
    return '/' + out.join('/');
  }
  class URL {
    #p; #params;
    constructor(text, base) {
      this.#p = URL.#read(String(text).trim(), base === undefined ? null : new URL(String(base)));
    }
    static #read(text, base) {
      const found = /^([a-z][a-z\d+.-]*:)?([^]*)$/i.exec(text.replace(/[\t\n\r]/g, ''));
      let protocol = (found[1] || '').toLowerCase(), rest = found[2];
      const hash = rest.includes('#') ? rest.slice(rest.indexOf('#')) : '';
      rest = rest.split('#')[0];
      const search = rest.includes('?') ? rest.slice(rest.indexOf('?')) : '';
      rest = rest.split('?')[0];
      const p = { protocol, username: '', password: '', hostname: '', port: '', pathname: '', search: search === '?' ? '' : escaped(search, /[^\x21\x23-\x26\x28-\x3b\x3d\x3f-\x7e]+/gu), hash: hash === '#' ? '' : escaped(hash, /[^\x21\x23-\x3b\x3d\x3f-\x5f\x61-\x7e]+/gu) };
      if (!protocol) {
        if (!base) throw invalid(text);
        protocol = p.protocol = base.protocol;
        if (!/^[\\/]{2}/.test(rest)) {
          Object.assign(p, { username: base.username, password: base.password, hostname: base.hostname, port: base.port });
          const from = base.pathname.slice(0, base.pathname.lastIndexOf('/') + 1) || '/';
          p.pathname = rest === '' ? base.pathname : URL.#path(/^[\\/]/.test(rest) ? rest : from + rest, protocol);
          if (rest === '' && search === '') p.search = base.search;
          return p;
        }
      }
      const isSpecial = protocol in PORTS;
      if (isSpecial) rest = rest.replace(/\\/g, '/').replace(/^\/*/, '//');
      if (!rest.startsWith('//')) { p.pathname = rest; if (isSpecial) throw invalid(text); return p; }
      const authority = /^\/\/(?:([^/]*)@)?([^/]*)([^]*)$/.exec(rest), host = /^(\[[\da-f:.]+\]|[^:]*)(?::(\d*))?$/i.exec(authority[2]);
      if (!host || (isSpecial && !host[1]) || /[\s<>^|%@\\]/.test(host[1]) || Number(host[2] || 0) > 65535) throw invalid(text);
      if (/[^\x21-\x7e]/.test(host[1])) throw invalid(text);
      if (authority[1] !== undefined) {
        const at = authority[1].indexOf(':');
        p.username = at < 0 ? authority[1] : authority[1].slice(0, at);
        p.password = at < 0 ? '' : authority[1].slice(at + 1);
      }
      p.hostname = isSpecial ? host[1].toLowerCase() : host[1];
      p.port = host[2] && Number(host[2]) !== Number(PORTS[protocol]) ? String(Number(host[2])) : '';
      p.pathname = URL.#path(authority[3] || (isSpecial ? '/' : ''), protocol);
      return p;
    }
    static #path(path, protocol) {
      if (protocol in PORTS) path = path.replace(/\\/g, '/');
      return path === '' ? '' : resolvePath(escaped(path, /[^\x21\x24-\x3b\x3d\x40-\x5f\x61-\x7a\x7c\x7e]+/gu));
    }
    static canParse(text, base) { try { return !!new URL(text, base); } catch (e) { return false; } }
    get protocol() { return this.#p.protocol; }
    set protocol(v) { this.#p.protocol = String(v).replace(/:?$/, ':').toLowerCase(); }
    get username() { return this.#p.username; }
    set username(v) { this.#p.username = encodeURIComponent(v); }
    get password() { return this.#p.password; }
    set password(v) { this.#p.password = encodeURIComponent(v); }
    get hostname() { return this.#p.hostname; }
    set hostname(v) { this.#p.hostname = new URL(`http://${v}`).hostname; }
    get port() { return this.#p.port; }
    set port(v) { this.#p.port = String(v) === PORTS[this.#p.protocol] ? '' : String(v).replace(/\D.*$/, ''); }
    get host() { return this.#p.hostname + (this.#p.port ? ':' + this.#p.port : ''); }
    set host(v) { const made = new URL(`${this.#p.protocol}//${v}`); this.#p.hostname = made.hostname; this.#p.port = made.port; }
    get origin() { return this.#p.protocol in PORTS ? `${this.#p.protocol}//${this.host}` : 'null'; }
    get pathname() { return this.#p.pathname; }
    set pathname(v) {
      this.#p.pathname = URL.#path(String(v).replace(/^\/?/, '/').replace(/[?#]/g, encodeURIComponent), this.#p.protocol);
    }
    get search() { return this.#p.search; }
    set search(v) {
      v = String(v);
      this.#p.search = v === '' || v === '?' ? '' : escaped(v[0] === '?' ? v : '?' + v, /[^\x21\x24-\x26\x28-\x3b\x3d\x3f-\x7e]+/gu);
      this.#params = undefined;
    }
    get hash() { return this.#p.hash; }
    set hash(v) { v = String(v); this.#p.hash = v === '' || v === '#' ? '' : v[0] === '#' ? v : '#' + v; }
    get searchParams() {
      return (this.#params ??= new URLSearchParams(this.#p.search, () => {
        const text = this.#params.toString();
        this.#p.search = text ? '?' + text : '';
      }));
    }
    get href() {
      const p = this.#p, who = p.username || p.password ? p.username + (p.password ? ':' + p.password : '') + '@' : '';
      return p.protocol + (p.hostname || p.protocol in PORTS || p.protocol === 'file:' ? '//' + who + this.host : '') + p.pathname + p.search + p.hash;
    }
    set href(v) { this.#p = URL.#read(String(v), null); this.#params = undefined; }
    toString() { return this.href; }
    toJSON() { return this.href; }
  }
  return { URL, URLSearchParams };
})
