// The HTTP helper: the part of axios 1.x that logic uses, over one host call per request.
(function (kit) {
  'use strict';
  const isPlain = (value) => {
    if (typeof value !== 'object' || value === null) return false;
    const proto = Object.getPrototypeOf(value);
    return proto === null || proto === Object.prototype;
  };
  const isBuffer = (value) => value instanceof Uint8Array || value instanceof ArrayBuffer;
  const isParams = (value) => typeof value === 'object' && value !== null && value[Symbol.toStringTag] === 'URLSearchParams';

  class AxiosError extends Error {
    constructor(message, code, config, request, response) {
      super(message);
      this.code = code;
      this.config = config;
      this.request = request;
      if (response) { this.response = response; this.status = response.status; }
      for (const name of ['config', 'request', 'response']) {
        if (name in this) Object.defineProperty(this, name, { enumerable: false });
      }
    }
    toJSON() { return { message: this.message, name: this.name, code: this.code, status: this.status ?? null }; }
  }
  Object.defineProperty(AxiosError.prototype, 'name', { value: 'AxiosError', writable: true, configurable: true });
  Object.defineProperty(AxiosError.prototype, 'isAxiosError', { value: true });
  for (const code of ['ERR_BAD_REQUEST', 'ERR_BAD_RESPONSE', 'ECONNABORTED', 'ERR_NETWORK', 'ERR_BAD_OPTION']) AxiosError[code] = code;

  const encode = (text) => encodeURIComponent(text)
    .replace(/%3A/gi, ':').replace(/%24/g, '$').replace(/%2C/gi, ',').replace(/%20/g, '+').replace(/%5B/gi, '[').replace(/%5D/gi, ']');
  const scalar = (value) => (value instanceof Date ? value.toISOString() : typeof value === 'object' ? JSON.stringify(value) : String(value));
  function flatten(value, path, out) { // nested objects and arrays in the spelling axios uses: a[]=1&a[]=2, o[k]=v
    if (value === undefined || value === null) return out;
    if (Array.isArray(value)) {
      const flat = value.every((item) => typeof item !== 'object' || item === null || item instanceof Date);
      value.forEach((item, index) => flatten(item, `${path}[${flat ? '' : index}]`, out));
    } else if (isPlain(value)) {
      for (const key of Object.keys(value)) flatten(value[key], path === '' ? key : `${path}[${key}]`, out);
    } else {
      out.push([path, scalar(value)]);
    }
    return out;
  }
  const pairs = (value) => flatten(value, '', []).map(([name, text]) => `${encode(name)}=${encode(text)}`).join('&');
  function withParams(url, params, serializer) {
    if (params === undefined || params === null) return url;
    const write = typeof serializer === 'function' ? serializer : serializer && serializer.serialize;
    const query = write ? write(params) : isParams(params) || typeof params === 'string' ? String(params) : pairs(params);
    if (!query) return url;
    const bare = url.split('#')[0];
    return bare + (bare.includes('?') ? '&' : '?') + query;
  }
  const combine = (base, url) =>
    base && !/^([a-z][a-z\d+\-.]*:)?\/\//i.test(url) ? (url ? base.replace(/\/?\/$/, '') + '/' + url.replace(/^\/+/, '') : base) : url;

  function lowered(...sources) {
    const out = {};
    for (const source of sources) {
      if (!source) continue;
      const entries = typeof source.toJSON === 'function' ? source.toJSON() : source;
      for (const name of Object.keys(entries)) {
        const value = entries[name];
        if (value === undefined || value === null || value === false) {
          if (value !== undefined) delete out[name.toLowerCase()];
          continue;
        }
        out[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : String(value);
      }
    }
    return out;
  }
  const METHODS = ['common', 'get', 'delete', 'head', 'options', 'post', 'put', 'patch'];
  function headersOf(config, method) {
    const flat = {};
    for (const name of Object.keys(config.headers || {})) if (!METHODS.includes(name) || typeof config.headers[name] !== 'object') flat[name] = config.headers[name];
    const groups = config.headers || {};
    return lowered({ accept: 'application/json, text/plain, */*' }, groups.common, groups[method], flat);
  }
  function bodyOf(data, headers) {
    if (data === undefined || data === null) { delete headers['content-type']; return {}; }
    const type = headers['content-type'] || '';
    const named = (value) => { if (!type) headers['content-type'] = value; };
    if (isBuffer(data) || ArrayBuffer.isView(data)) {
      named('application/octet-stream');
      return { body: kit.load('Buffer').from(data).toString('base64'), base64: true };
    }
    if (isParams(data)) { named('application/x-www-form-urlencoded;charset=utf-8'); return { body: String(data) }; }
    if (typeof data === 'string') {
      named('application/x-www-form-urlencoded');
      if (type.includes('application/json')) { try { JSON.parse(data); } catch (e) { return { body: JSON.stringify(data) }; } }
      return { body: data };
    }
    if (typeof data === 'object' && type.includes('application/x-www-form-urlencoded')) {
      return { body: flatten(data, '', []).map(([n, v]) => `${encodeURIComponent(n).replace(/%20/g, '+')}=${encodeURIComponent(v).replace(/%20/g, '+')}`).join('&') };
    }
    if (type.includes('multipart/form-data')) throw new AxiosError('multipart/form-data is not offered', 'ERR_BAD_OPTION');
    named('application/json');
    return { body: JSON.stringify(data) };
  }
  class AxiosHeaders {
    constructor(values) { for (const name of Object.keys(values || {})) this[name.toLowerCase()] = values[name]; }
    get(name) { return this[String(name).toLowerCase()]; }
    has(name) { return this.get(name) !== undefined; }
    set(name, value) { this[String(name).toLowerCase()] = value; return this; }
    toJSON() { return { ...this }; }
  }
  function bodyIn(reply, type) {
    if (type === 'arraybuffer') {
      const Buffer = kit.load('Buffer');
      return Buffer.from(reply.body ?? '', reply.base64 ? 'base64' : 'utf8');
    }
    const text = reply.base64 ? kit.load('Buffer').from(reply.body, 'base64').toString('utf8') : (reply.body ?? '');
    if (type === 'text' || text === '') return text;
    try { return JSON.parse(text); } catch (error) { return text; }
  }

  function merged(defaults, config) {
    const out = { ...defaults, ...config };
    for (const name of ['headers', 'params', 'auth']) {
      if (isPlain(defaults[name]) && isPlain(config[name])) {
        out[name] = { ...defaults[name], ...config[name] };
      } else if (config[name] === undefined) {
        out[name] = defaults[name];
      }
    }
    return out;
  }
  async function send(config) {
    const method = String(config.method || 'get').toLowerCase();
    const headers = headersOf(config, method);
    const carried = bodyOf(config.data, headers);
    const url = withParams(combine(config.baseURL, String(config.url ?? '')), config.params, config.paramsSerializer);
    if (config.auth) {
      const { username = '', password = '' } = config.auth;
      headers.authorization = 'Basic ' + kit.load('Buffer').from(`${username}:${password}`, 'utf8').toString('base64');
    }
    const request = {
      method: method.toUpperCase(), url, headers, body: carried.body ?? null, base64: carried.base64 === true,
      timeout_ms: Number(config.timeout) > 0 ? Number(config.timeout) : null,
      max_redirects: Number.isInteger(config.maxRedirects) ? config.maxRedirects : null,
    };
    const shown = { ...config, method, headers: new AxiosHeaders(headers) };
    let reply;
    try {
      reply = await kit.call('http', request);
    } catch (failure) {
      throw new AxiosError(failure.message, failure.code, shown, { method: request.method, url });
    }
    const response = {
      data: bodyIn(reply, config.responseType), status: reply.status, statusText: reply.statusText ?? reply.reason ?? '',
      headers: new AxiosHeaders(reply.headers), config: shown, request: { method: request.method, url, path: url },
    };
    const isGood = config.validateStatus === undefined ? (status) => status >= 200 && status < 300 : config.validateStatus;
    if (!isGood || isGood(response.status)) return response;
    const code = response.status < 500 ? 'ERR_BAD_REQUEST' : 'ERR_BAD_RESPONSE';
    throw new AxiosError(`Request failed with status code ${response.status}`, code, shown, response.request, response);
  }

  function chain() { // interceptors, in axios's order: requests last added first, responses first added first
    const handlers = [];
    return {
      handlers,
      use(done, failed) { handlers.push({ done, failed }); return handlers.length - 1; },
      eject(id) { handlers[id] = undefined; },
      clear() { handlers.length = 0; },
    };
  }
  function instance(defaults) {
    const request = (first, second) => {
      const config = typeof first === 'string' ? { ...second, url: first } : { ...first };
      let work = Promise.resolve(merged(axios.defaults, config));
      for (const one of [...axios.interceptors.request.handlers].reverse()) if (one) work = work.then(one.done, one.failed);
      work = work.then(send);
      for (const one of axios.interceptors.response.handlers) if (one) work = work.then(one.done, one.failed);
      return work;
    };
    const axios = (first, second) => request(first, second);
    axios.defaults = { ...defaults, headers: { common: {}, ...(defaults.headers || {}) } };
    axios.interceptors = { request: chain(), response: chain() };
    axios.request = request;
    for (const method of ['get', 'delete', 'head', 'options']) axios[method] = (url, config) => request({ ...config, method, url });
    for (const method of ['post', 'put', 'patch']) {
      axios[method] = (url, data, config) => request({ ...config, method, url, data });
      axios[method + 'Form'] = (url, data, config) => request({
        ...config, method, url, data, headers: { ...(config || {}).headers, 'content-type': 'application/x-www-form-urlencoded' },
      });
    }
    axios.getUri = (config) => {
      const c = merged(axios.defaults, config);
      return withParams(combine(c.baseURL, c.url || ''), c.params, c.paramsSerializer);
    };
    axios.create = (more) => instance(merged(axios.defaults, more || {}));
    return axios;
  }
  const axios = instance({});
  axios.AxiosError = AxiosError;
  axios.AxiosHeaders = AxiosHeaders;
  axios.isAxiosError = (error) => typeof error === 'object' && error !== null && error.isAxiosError === true;
  axios.isCancel = () => false;
  axios.all = (promises) => Promise.all(promises);
  axios.spread = (callback) => (list) => callback(...list);
  axios.default = axios;
  return axios;
})
