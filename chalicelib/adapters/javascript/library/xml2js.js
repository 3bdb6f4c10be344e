// XML to objects and back, by xml2js's defaults (arrays, `$` for attributes, `_` for text). No DTD, no entities but
// the five of XML and character numbers.
(function () {
  'use strict';
  const DEFAULTS = {
    attrkey: '$', charkey: '_', emptyTag: '', explicitArray: true, explicitRoot: true, explicitCharkey: false, ignoreAttrs: false,
    mergeAttrs: false, normalize: false, normalizeTags: false, trim: false, tagNameProcessors: [], attrNameProcessors: [],
    valueProcessors: [], attrValueProcessors: [], preserveChildrenOrder: false, explicitChildren: false, childkey: '$$', charsAsChildren: false,
    includeWhiteChars: false, async: false, strict: true, xmlns: false,
  };
  const ENTITIES = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };
  const NAME = /[A-Za-z_:\u0080-\uffff][\w:.\-\u0080-\uffff]*/y;
  const MAX_DEPTH = 200;

  class Reader {
    constructor(text) { this.text = text; this.at = 0; }
    fail(what) {
      const lines = this.text.slice(0, this.at).split('\n');
      throw new Error(`${what}\nLine: ${lines.length - 1}\nColumn: ${lines[lines.length - 1].length}`);
    }
    name() {
      NAME.lastIndex = this.at;
      const found = NAME.exec(this.text);
      if (!found) this.fail('Invalid tag name');
      this.at += found[0].length;
      return found[0];
    }
    until(mark, what) {
      const end = this.text.indexOf(mark, this.at);
      if (end < 0) this.fail(`Unclosed ${what}`);
      const part = this.text.slice(this.at, end);
      this.at = end + mark.length;
      return part;
    }
    space() { while (/\s/.test(this.text[this.at] ?? '')) this.at++; }
    decode(text) {
      return text.includes('&') ? text.replace(/&([^;]{0,32});?/g, (whole, name) => {
        if (own(ENTITIES, name) && whole.endsWith(';')) return ENTITIES[name];
        const number = /^#(?:x([\da-f]{1,6})|(\d{1,7}))$/i.exec(name);
        const code = number ? parseInt(number[1] ?? number[2], number[1] ? 16 : 10) : NaN;
        if (!(code > 0 && code <= 0x10ffff) || !whole.endsWith(';')) this.fail('Invalid character entity');
        return String.fromCodePoint(code);
      }) : text;
    }
  }
  const own = (o, k) => Object.prototype.hasOwnProperty.call(o, k);
  const process = (list, value, name) => list.reduce((v, f) => f(v, name), value);
  const assign = (o, k, v) => Object.defineProperty(o, k, { value: v, writable: true, configurable: true, enumerable: true });

  function parse(xml, options) {
    const reader = new Reader(String(xml).replace(/^\ufeff/, ''));
    const stack = [];
    let root;
    const add = (parent, name, value) => {
      if (!own(parent, name)) assign(parent, name, options.explicitArray ? [value] : value);
      else if (Array.isArray(parent[name])) parent[name].push(value);
      else parent[name] = [parent[name], value];
    };
    const text = (part) => {
      if (stack.length) {
        const top = stack[stack.length - 1];
        top.text += part;
      } else if (part.trim()) reader.fail(root ? 'Text data outside of root node.' : 'Non-whitespace before first tag.');
    };
    const close = (node) => {
      let value = node.value, words = node.text;
      if (/^\s*$/.test(words) && !node.cdata) words = options.includeWhiteChars ? words : '';
      if (options.trim) words = words.trim();
      if (options.normalize) words = words.replace(/\s{2,}/g, ' ').trim();
      words = process(options.valueProcessors, words, node.name);
      const hasMembers = Object.keys(value).length > 0;
      if (words !== '' || options.explicitCharkey) {
        if (!hasMembers && !options.explicitCharkey) value = words;
        else assign(value, options.charkey, words);
      } else if (!hasMembers) {
        value = typeof options.emptyTag === 'function' ? options.emptyTag() : options.emptyTag;
      }
      const parent = stack[stack.length - 1];
      if (!parent) {
        root = options.explicitRoot ? assign({}, node.name, value) : value;
      } else if (options.explicitChildren) {
        if (!own(parent.value, options.childkey)) assign(parent.value, options.childkey, options.preserveChildrenOrder ? [] : {});
        const children = parent.value[options.childkey];
        if (Array.isArray(children)) children.push(typeof value === 'object' ? { ...value, '#name': node.name } : { '#name': node.name, [options.charkey]: value });
        else add(children, node.name, value);
      } else {
        add(parent.value, node.name, value);
      }
    };
    while (reader.at < reader.text.length) {
      if (reader.text[reader.at] !== '<') {
        const end = reader.text.indexOf('<', reader.at), stop = end < 0 ? reader.text.length : end;
        const part = reader.text.slice(reader.at, stop);
        text(reader.decode(part));
        reader.at = stop;
      } else if (reader.text.startsWith('<!--', reader.at)) {
        reader.at += 4; reader.until('-->', 'comment');
      } else if (reader.text.startsWith('<![CDATA[', reader.at)) {
        reader.at += 9;
        const part = reader.until(']]>', 'CDATA');
        if (stack.length) stack[stack.length - 1].cdata = true;
        text(part);
      } else if (reader.text.startsWith('<?', reader.at)) {
        reader.at += 2; reader.until('?>', 'instruction');
      } else if (reader.text[reader.at + 1] === '!') {
        reader.fail('Document types are refused');
      } else if (reader.text[reader.at + 1] === '/') {
        reader.at += 2;
        const raw = reader.name();
        reader.space();
        if (reader.text[reader.at++] !== '>') reader.fail('Invalid characters in closing tag');
        const node = stack.pop();
        if (!node || node.raw !== raw) reader.fail(`Unexpected close tag`);
        close(node);
      } else {
        reader.at++;
        if (root !== undefined && !stack.length) reader.fail('Text data outside of root node.');
        const raw = reader.name(), attributes = {};
        let isClosed = false;
        for (;;) {
          reader.space();
          const c = reader.text[reader.at];
          if (c === '>') { reader.at++; break; }
          if (c === '/' && reader.text[reader.at + 1] === '>') { reader.at += 2; isClosed = true; break; }
          if (c === undefined) reader.fail('Unclosed root tag');
          const name = reader.name();
          reader.space();
          if (reader.text[reader.at++] !== '=') reader.fail('Attribute without value');
          reader.space();
          const quote = reader.text[reader.at++];
          if (quote !== '"' && quote !== "'") reader.fail('Unquoted attribute value');
          const value = reader.decode(reader.until(quote, 'attribute'));
          if (!own(attributes, name)) assign(attributes, process(options.attrNameProcessors, name), process(options.attrValueProcessors, value, name));
        }
        let name = options.normalizeTags ? raw.toLowerCase() : raw;
        name = process(options.tagNameProcessors, name);
        const value = {};
        if (!options.ignoreAttrs && Object.keys(attributes).length) {
          if (options.mergeAttrs) for (const k of Object.keys(attributes)) add(value, k, attributes[k]);
          else assign(value, options.attrkey, attributes);
        }
        stack.push({ raw, name, value, text: '', cdata: false });
        if (stack.length > MAX_DEPTH) reader.fail('Nested too deeply');
        if (isClosed) close(stack.pop());
      }
    }
    if (stack.length) reader.fail('Unclosed root tag');
    return root === undefined ? null : root;
  }

  class Parser {
    constructor(options) { this.options = { ...DEFAULTS, ...options }; }
    parseString(xml, callback) {
      let result, error = null;
      try { result = parse(xml, this.options); } catch (caught) { error = caught; }
      if (!callback) { if (error) throw error; return result; }
      callback(error, result);
    }
    async parseStringPromise(xml) { return parse(xml, this.options); }
    reset() {}
  }
  const escape = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/\r/g, '&#xD;');
  const escapeAttribute = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;').replace(/\t/g, '&#x9;').replace(/\n/g, '&#xA;').replace(/\r/g, '&#xD;');
  const GOOD_NAME = /^[A-Za-z_:\u0080-\uffff][\w:.\-\u0080-\uffff]*$/;

  class Builder {
    constructor(options = {}) {
      this.options = {
        rootName: 'root', attrkey: '$', charkey: '_', cdata: false, headless: false,
        xmldec: { version: '1.0', encoding: 'UTF-8', standalone: true, ...options.xmldec }, ...options,
        renderOpts: { pretty: true, indent: '  ', newline: '\n', ...options.renderOpts },
      };
    }
    buildObject(object) {
      const { options } = this, { pretty, indent, newline } = options.renderOpts, { attrkey, charkey } = options;
      const line = pretty ? newline : '', pad = (depth) => (pretty ? indent.repeat(depth) : '');
      const words = (v) => {
        const t = v === true ? 'true' : v === false ? 'false' : String(v);
        return options.cdata && /[<>&]/.test(t) ? `<![CDATA[${t.replace(/]]>/g, ']]]]><![CDATA[>')}]]>` : escape(t);
      };
      const element = (name, value, depth) => {
        if (!GOOD_NAME.test(name)) throw new Error(`Invalid character in name: ${name}`);
        if (depth > MAX_DEPTH) throw new Error('Nested too deeply');
        if (Array.isArray(value)) return value.map((item) => element(name, item, depth)).join('');
        const open = pad(depth) + '<' + name;
        if (value === null || value === undefined) return `${open}/>${line}`;
        if (typeof value !== 'object' || value instanceof Date) {
          const t = words(value instanceof Date ? value.toISOString() : value);
          return t === '' ? `${open}/>${line}` : `${open}>${t}</${name}>${line}`;
        }
        let attributes = '', inner = '', text = '';
        for (const key of Object.keys(value)) {
          const member = value[key];
          if (key === attrkey && typeof member === 'object' && member) {
            for (const a of Object.keys(member)) if (member[a] !== undefined && member[a] !== null) {
              if (!GOOD_NAME.test(a)) throw new Error(`Invalid character in name: ${a}`);
              attributes += ` ${a}="${escapeAttribute(String(member[a]))}"`;
            }
          } else if (key === charkey) text += words(member);
          else inner += element(key, member === undefined ? '' : member, depth + 1);
        }
        if (!inner && !text) return `${open}${attributes}/>${line}`;
        if (!inner) return `${open}${attributes}>${text}</${name}>${line}`;
        return `${open}${attributes}>${text}${line}${inner}${pad(depth)}</${name}>${line}`;
      };
      const names = Object.keys(object ?? {});
      const isSole = names.length === 1 && options.rootName === 'root' && names[0] !== attrkey && !(Array.isArray(object[names[0]]));
      const body = isSole ? element(names[0], object[names[0]], 0) : element(options.rootName, object, 0);
      const { version, encoding, standalone } = options.xmldec;
      const head = options.headless ? '' : `<?xml version="${version}"${encoding ? ` encoding="${encoding}"` : ''}${standalone === undefined || standalone === null ? '' : ` standalone="${standalone ? 'yes' : 'no'}"`}?>${line}`;
      return (head + body).replace(/\n$/, '');
    }
  }
  const parseString = (xml, options, callback) => (typeof options === 'function' ? new Parser().parseString(xml, options) : new Parser(options).parseString(xml, callback));
  return {
    Parser, Builder, parseString, parseStringPromise: async (xml, options) => parse(xml, { ...DEFAULTS, ...options }), defaults: { '0.2': DEFAULTS },
    processors: {
      normalize: (s) => s.toLowerCase(), firstCharLowerCase: (s) => s.charAt(0).toLowerCase() + s.slice(1), stripPrefix: (s) => s.replace(/^(?!xmlns)[^:]*:/, ''),
      parseNumbers: (s) => (s !== '' && !isNaN(s) ? (s % 1 === 0 ? parseInt(s, 10) : parseFloat(s)) : s), parseBooleans: (s) => (/^(?:true|false)$/i.test(s) ? s.toLowerCase() === 'true' : s),
    },
  };
})
