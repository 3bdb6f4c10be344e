// node-cache's calls over a Map that lives for one run and is shared with nobody.
(function () {
  'use strict';
  class NodeCache {
    #items = new Map(); #options; #hits = 0; #misses = 0;
    constructor(options = {}) { this.#options = { stdTTL: 0, useClones: true, maxKeys: -1, ...options }; }
    #copy(value) { return this.#options.useClones && typeof value === 'object' ? structuredClone(value) : value; }
    #live(key) {
      key = this.#key(key);
      const item = this.#items.get(key);
      if (item && item.until && item.until < Date.now()) { this.#items.delete(key); return undefined; }
      return item;
    }
    #key(key) {
      if (typeof key !== 'string' && typeof key !== 'number') throw new Error(`The key argument has to be of type \`string\` or \`number\`. Found: \`${typeof key}\``);
      return String(key);
    }
    set(key, value, ttl) {
      const seconds = ttl === undefined ? this.#options.stdTTL : Number(ttl);
      if (this.#options.maxKeys > -1 && this.#items.size >= this.#options.maxKeys) throw new Error('Cache max keys amount exceeded');
      this.#items.set(this.#key(key), { value: this.#copy(value), until: seconds > 0 ? Date.now() + seconds * 1000 : 0 });
      return true;
    }
    mset(entries) { for (const { key, val, ttl } of entries) this.set(key, val, ttl); return true; }
    get(key) {
      const item = this.#live(key);
      if (item) { this.#hits++; return this.#copy(item.value); }
      this.#misses++;
      return undefined;
    }
    mget(keys) {
      const out = {};
      for (const key of keys) { const value = this.get(key); if (value !== undefined) out[key] = value; }
      return out;
    }
    take(key) { const value = this.get(key); this.del(key); return value; }
    has(key) { return this.#live(key) !== undefined; }
    del(keys) {
      let count = 0;
      for (const key of Array.isArray(keys) ? keys : [keys]) if (this.#items.delete(this.#key(key))) count++;
      return count;
    }
    keys() { return [...this.#items.keys()].filter((key) => this.#live(key)); }
    ttl(key, seconds = this.#options.stdTTL) {
      const item = this.#live(key);
      if (!item) return false;
      if (seconds < 0) { this.del(key); return true; }
      item.until = seconds > 0 ? Date.now() + seconds * 1000 : 0;
      return true;
    }
    getTtl(key) { const item = this.#live(key); return item ? item.until : undefined; }
    getStats() { return { keys: this.#items.size, hits: this.#hits, misses: this.#misses, ksize: 0, vsize: 0 }; }
    flushAll() { this.#items.clear(); }
    flushStats() { this.#hits = this.#misses = 0; }
    close() {}
    on() { return this; }
  }
  NodeCache.NodeCache = NodeCache;
  return NodeCache;
})
