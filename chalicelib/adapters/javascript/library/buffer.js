// A small Buffer over Uint8Array: utf8, hex, base64, base64url, latin1 and ascii.
(function (kit) {
  'use strict';
  const encodingOf = (name) => String(name ?? 'utf8').toLowerCase().replace('-', '');
  function utf8(text) {
    const out = [];
    for (let i = 0; i < text.length; i++) {
      let code = text.codePointAt(i);
      if (code > 0xffff) i++;
      else if (code >= 0xd800 && code <= 0xdfff) code = 0xfffd;
      if (code < 0x80) out.push(code);
      else if (code < 0x800) out.push(0xc0 | (code >> 6), 0x80 | (code & 63));
      else if (code < 0x10000) out.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
      else out.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
    }
    return out;
  }
  function fromUtf8(bytes) {
    let out = '';
    for (let i = 0; i < bytes.length;) {
      const first = bytes[i++];
      if (first < 0x80) { out += String.fromCharCode(first); continue; }
      const more = first >= 0xf0 && first < 0xf5 ? 3 : first >= 0xe0 && first < 0xf0 ? 2 : first >= 0xc2 && first < 0xe0 ? 1 : 0;
      let code = first & (0x3f >> more), seen = 0;
      while (seen < more && (bytes[i] & 0xc0) === 0x80) { code = (code << 6) | (bytes[i++] & 63); seen++; }
      const low = [0x80, 0x80, 0x800, 0x10000][more];
      const isGood = more > 0 && seen === more && code >= low && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
      out += isGood ? String.fromCodePoint(code) : '\ufffd';
    }
    return out;
  }
  function binary(bytes) {
    let out = '';
    for (let i = 0; i < bytes.length; i += 4096) out += String.fromCharCode.apply(null, bytes.subarray(i, i + 4096));
    return out;
  }
  function fromBinary(text) {
    const out = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) out[i] = text.charCodeAt(i);
    return out;
  }
  function fromBase64(text) {
    const clean = text.replace(/-/g, '+').replace(/_/g, '/').replace(/[^A-Za-z0-9+/]/g, '');
    return fromBinary(atob(clean.length % 4 === 1 ? clean.slice(0, -1) : clean + '==='.slice(0, (4 - (clean.length % 4)) % 4)));
  }
  function fromHex(text) {
    const good = /^(?:[0-9a-f]{2})*/i.exec(text)[0], out = new Uint8Array(good.length / 2);
    for (let i = 0; i < out.length; i++) out[i] = parseInt(good.substr(i * 2, 2), 16);
    return out;
  }
  function decode(text, encoding) {
    switch (encodingOf(encoding)) {
      case 'utf8': return utf8(text);
      case 'hex': return fromHex(text);
      case 'base64': case 'base64url': return fromBase64(text);
      case 'latin1': case 'binary': case 'ascii': return fromBinary(text);
      case 'utf16le': case 'ucs2': return [...text].flatMap((c) => [...c].join('').split('').flatMap((u) => [u.charCodeAt(0) & 255, u.charCodeAt(0) >> 8]));
      default: throw new TypeError(`Unknown encoding: ${encoding}`);
    }
  }
  const HEX = Array.from({ length: 256 }, (_, i) => (i < 16 ? '0' : '') + i.toString(16));
  const wrap = (bytes) => { const out = new Buffer(bytes.length); out.set(bytes); return out; };

  class Buffer extends Uint8Array {
    static get [Symbol.species]() { return Buffer; }
    static from(value, encoding, length) {
      if (typeof value === 'string') return wrap(decode(value, encoding));
      if (value instanceof ArrayBuffer) return new Buffer(value, encoding ?? 0, length);
      if (ArrayBuffer.isView(value)) return wrap(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
      if (value && value.type === 'Buffer' && Array.isArray(value.data)) return wrap(Uint8Array.from(value.data));
      if (Array.isArray(value) || (value && typeof value.length === 'number')) return wrap(Uint8Array.from(value, (v) => v & 255));
      throw new TypeError('Buffer.from needs a string, an array, a Buffer or an ArrayBuffer');
    }
    static alloc(size, fill, encoding) {
      const out = new Buffer(size);
      return fill === undefined ? out : out.fill(fill, 0, size, encoding);
    }
    static allocUnsafe(size) { return new Buffer(size); }
    static isBuffer(value) { return value instanceof Buffer; }
    static isEncoding(name) {
      return ['utf8', 'hex', 'base64', 'base64url', 'latin1', 'binary', 'ascii', 'utf16le', 'ucs2'].includes(encodingOf(name));
    }
    static byteLength(value, encoding) { return typeof value === 'string' ? decode(value, encoding).length : value.byteLength; }
    static compare(a, b) { return a.compare(b); }
    static concat(list, total) {
      const out = Buffer.alloc(total ?? list.reduce((sum, one) => sum + one.length, 0));
      let at = 0;
      for (const one of list) {
        out.set(one.subarray(0, Math.max(0, out.length - at)), at);
        at += one.length;
        if (at >= out.length) break;
      }
      return out;
    }
    toString(encoding, start = 0, end = this.length) {
      const part = start === 0 && end >= this.length ? this : this.subarray(start, end);
      switch (encodingOf(encoding)) {
        case 'utf8': return fromUtf8(part);
        case 'hex': { let out = ''; for (let i = 0; i < part.length; i++) out += HEX[part[i]]; return out; }
        case 'base64': return btoa(binary(part));
        case 'base64url': return btoa(binary(part)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
        case 'latin1': case 'binary': return binary(part);
        case 'ascii': return binary(part.map((b) => b & 127));
        case 'utf16le': case 'ucs2': { let out = ''; for (let i = 0; i + 1 < part.length; i += 2) out += String.fromCharCode(part[i] | (part[i + 1] << 8)); return out; }
        default: throw new TypeError(`Unknown encoding: ${encoding}`);
      }
    }
    toJSON() { return { type: 'Buffer', data: Array.from(this) }; }
    equals(other) { return this.compare(other) === 0; }
    compare(other) {
      const shared = Math.min(this.length, other.length);
      for (let i = 0; i < shared; i++) if (this[i] !== other[i]) return this[i] < other[i] ? -1 : 1;
      return Math.sign(this.length - other.length);
    }
    slice(start, end) { return this.subarray(start, end); }
    write(text, offset = 0) {
      const bytes = utf8(text);
      this.set(bytes.slice(0, this.length - offset), offset);
      return Math.min(bytes.length, this.length - offset);
    }
    fill(value, start, end, encoding) {
      if (typeof value !== 'string') return super.fill(value, start, end);
      const bytes = decode(value, encoding);
      for (let i = start ?? 0; bytes.length && i < (end ?? this.length); i++) this[i] = bytes[(i - (start ?? 0)) % bytes.length];
      return this;
    }
    indexOf(value, from) {
      if (typeof value === 'number') return super.indexOf(value, from);
      return binary(this).indexOf(binary(Buffer.from(value)), from);
    }
    includes(value, from) { return this.indexOf(value, from) !== -1; }
    readUInt8(at = 0) { return this[at]; }
    readUInt16BE(at = 0) { return (this[at] << 8) | this[at + 1]; }
    readUInt32BE(at = 0) { return ((this[at] << 24) | (this[at + 1] << 16) | (this[at + 2] << 8) | this[at + 3]) >>> 0; }
  }
  return { Buffer, encodeUtf8: (text) => Uint8Array.from(utf8(String(text))), decodeUtf8: fromUtf8 };
})
