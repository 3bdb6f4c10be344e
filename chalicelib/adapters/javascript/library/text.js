// TextEncoder and TextDecoder for UTF-8.
(function (kit) {
  'use strict';
  const { encodeUtf8, decodeUtf8 } = kit.load('buffer');
  class TextEncoder {
    get encoding() { return 'utf-8'; }
    encode(text = '') { return encodeUtf8(text); }
  }
  class TextDecoder {
    constructor(label = 'utf-8') {
      if (!/^utf-?8$/i.test(label)) throw new RangeError(`TextDecoder reads UTF-8 only, not ${label}`);
    }
    get encoding() { return 'utf-8'; }
    decode(data = new Uint8Array(0)) {
      const bytes = data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      const text = decodeUtf8(bytes);
      return text[0] === '\ufeff' ? text.slice(1) : text;
    }
  }
  return { TextEncoder, TextDecoder };
})
