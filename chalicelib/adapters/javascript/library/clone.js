// structuredClone for the values logic holds: JSON values, dates, maps, sets, buffers, errors and cycles.
(function () {
  'use strict';
  function copy(value, seen) {
    if (typeof value === 'function' || typeof value === 'symbol') throw new DOMException('the value cannot be cloned', 'DataCloneError');
    if (typeof value !== 'object' || value === null) return value;
    if (seen.has(value)) return seen.get(value);
    const keep = (made) => { seen.set(value, made); return made; };
    if (value instanceof Date) return keep(new Date(value.getTime()));
    if (value instanceof RegExp) return keep(new RegExp(value.source, value.flags));
    if (value instanceof ArrayBuffer) return keep(value.slice(0));
    if (ArrayBuffer.isView(value)) return keep(value.slice ? new value.constructor(value) : new DataView(value.buffer.slice(0)));
    if (value instanceof Map) {
      const made = keep(new Map());
      value.forEach((v, k) => made.set(copy(k, seen), copy(v, seen)));
      return made;
    }
    if (value instanceof Set) { const made = keep(new Set()); value.forEach((v) => made.add(copy(v, seen))); return made; }
    if (value instanceof Error) { const made = keep(new Error(value.message)); made.name = value.name; return made; }
    const made = keep(Array.isArray(value) ? new Array(value.length) : {});
    for (const key of Object.keys(value)) Object.defineProperty(made, key, { value: copy(value[key], seen), writable: true, configurable: true, enumerable: true });
    return made;
  }
  return { structuredClone: (value) => copy(value, new Map()) };
})
