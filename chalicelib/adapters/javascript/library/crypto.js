// Hashes and MACs, computed by the child process; random values come from the run's seed.
(function (kit) {
  'use strict';
  const isBytes = (value) => value instanceof ArrayBuffer || ArrayBuffer.isView(value);
  const bytes = (value) => 'b' + kit.load('Buffer').from(value).toString('base64');
  function carried(value, encoding, what) {
    if (typeof value === 'string') {
      return encoding === undefined || /^utf-?8$/i.test(encoding) ? kit.plain(value) : bytes(kit.load('Buffer').from(value, encoding));
    }
    if (isBytes(value)) return bytes(value);
    throw new TypeError(`${what} must be a string, a Buffer or a Uint8Array`);
  }
  class Digest {
    #operation; #key; #parts = []; #done = false;
    constructor(operation, key) { this.#operation = operation; this.#key = key; }
    update(data, encoding) {
      if (this.#done) throw new Error('Digest already called');
      this.#parts.push(carried(data, encoding, 'data'));
      return this;
    }
    digest(encoding) {
      if (this.#done) throw new Error('Digest already called');
      this.#done = true;
      const data = this.#parts.length === 1 ? this.#parts[0] : 'p' + JSON.stringify(this.#parts);
      if (encoding === 'hex' || encoding === 'base64' || encoding === 'base64url') return kit.ask(this.#operation + ' ' + encoding, this.#key, data);
      const made = kit.load('Buffer').from(kit.ask(this.#operation + ' hex', this.#key, data), 'hex');
      return encoding === undefined || encoding === 'buffer' ? made : made.toString(encoding);
    }
  }
  const name = (algorithm) => String(algorithm).toLowerCase().replace(/^(rsa-)?sha-?/, 'sha').replace(/[^a-z0-9]/g, '');
  function randomBytes(size) {
    if (!Number.isInteger(size) || size < 0 || size > 65536) throw new RangeError('size must be from 0 to 65536');
    return kit.load('Buffer').from(kit.ask('random', String(size)), 'hex');
  }
  return {
    createHmac: (algorithm, key) => new Digest('hmac ' + name(algorithm), carried(key, undefined, 'key')),
    createHash: (algorithm) => new Digest('hash ' + name(algorithm), ''),
    timingSafeEqual(a, b) {
      if (!isBytes(a) || !isBytes(b)) throw new TypeError('timingSafeEqual needs two Buffers');
      const x = new Uint8Array(a.buffer ?? a, a.byteOffset ?? 0, a.byteLength);
      const y = new Uint8Array(b.buffer ?? b, b.byteOffset ?? 0, b.byteLength);
      if (x.length !== y.length) throw new RangeError('Input buffers must have the same byte length');
      let different = 0;
      for (let i = 0; i < x.length; i++) different |= x[i] ^ y[i];
      return different === 0;
    },
    randomBytes,
    randomInt(low, high) {
      if (high === undefined) [low, high] = [0, low];
      return low + Math.floor((kit.word() / 4294967296) * (high - low));
    },
    randomUUID() {
      const hex = kit.ask('random', '16').split('');
      hex[12] = '4';
      hex[16] = '89ab'[parseInt(hex[16], 16) & 3];
      const text = hex.join('');
      return `${text.slice(0, 8)}-${text.slice(8, 12)}-${text.slice(12, 16)}-${text.slice(16, 20)}-${text.slice(20)}`;
    },
    getHashes: () => ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'],
  };
})
