// jsonwebtoken: HS256/384/512 here, RS256/384/512, PS256 and ES256/384 by one question to the platform.
(function (kit) {
  'use strict';
  const HMAC = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' };
  const ASYMMETRIC = ['RS256', 'RS384', 'RS512', 'PS256', 'ES256', 'ES384'];
  class JsonWebTokenError extends Error { constructor(message) { super(message); this.name = 'JsonWebTokenError'; } }
  class TokenExpiredError extends JsonWebTokenError { constructor(message, at) {
    super(message);
    this.name = 'TokenExpiredError';
    this.expiredAt = at;
  } }
  class NotBeforeError extends JsonWebTokenError { constructor(message, at) {
    super(message);
    this.name = 'NotBeforeError';
    this.date = at;
  } }
  const Buffer = kit.load('Buffer');
  const encode = (text) => Buffer.from(text, 'utf8').toString('base64url');
  const decodePart = (part) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  const UNITS = { ms: 0.001, s: 1, sec: 1, second: 1, m: 60, min: 60, minute: 60, h: 3600, hr: 3600, hour: 3600, d: 86400, day: 86400, w: 604800, week: 604800, y: 31557600, year: 31557600 };
  function span(value, name) {
    if (typeof value === 'number' && Number.isInteger(value)) return value;
    const found = typeof value === 'string' && /^(-?\d+(?:\.\d+)?)\s*([a-z]+)?$/i.exec(value.trim());
    const unit = found && (found[2] ? UNITS[found[2].toLowerCase()] ?? UNITS[found[2].toLowerCase().replace(/s$/, '')] : UNITS.ms);
    if (!unit) throw new Error(`"${name}" should be a number of seconds or string representing a timespan eg: "1d", "20h", 60`);
    return Math.floor(Number(found[1]) * unit);
  }
  const question = (request) => {
    const reply = JSON.parse(kit.ask('ask', 'jwt', JSON.stringify(request)));
    if (reply.error) throw new JsonWebTokenError(reply.error.message);
    return reply.value;
  };
  const keyText = (key) => (typeof key === 'object' && key !== null && 'key' in key ? String(key.key) : ArrayBuffer.isView(key) ? Buffer.from(key).toString('utf8') : String(key));
  function signature(algorithm, key, input) {
    if (algorithm === 'none') throw new JsonWebTokenError('unsigned tokens are not offered');
    if (HMAC[algorithm]) return kit.load('crypto').createHmac(HMAC[algorithm], key).update(input).digest('base64url');
    if (!ASYMMETRIC.includes(algorithm)) throw new Error(`"algorithm" must be a valid string enum value`);
    return question({ do: 'sign', algorithm, key: keyText(key), input });
  }
  function isGood(algorithm, key, input, given) {
    if (!HMAC[algorithm]) return question({ do: 'verify', algorithm, key: keyText(key), input, signature: given }) === true;
    const made = Buffer.from(signature(algorithm, key, input)), sent = Buffer.from(given);
    return made.length === sent.length && kit.load('crypto').timingSafeEqual(made, sent);
  }
  const answering = (work) => (...args) => {
    const callback = typeof args[args.length - 1] === 'function' ? args.pop() : undefined;
    if (!callback) return work(...args);
    let result, error = null;
    try { result = work(...args); } catch (caught) { error = caught; }
    Promise.resolve().then(() => callback(error, result));
  };
  const seconds = (options) => Math.floor((options.clockTimestamp !== undefined ? options.clockTimestamp * 1000 : Date.now()) / 1000);

  const sign = answering((payload, key, options = {}) => {
    if (key === undefined || key === null || key === '') throw new Error('secretOrPrivateKey must have a value');
    const header = { alg: options.algorithm || 'HS256', typ: typeof payload === 'object' ? 'JWT' : undefined, kid: options.keyid, ...options.header };
    let text = payload;
    if (typeof payload === 'object' && payload !== null) {
      const claims = { ...payload }, now = typeof claims.iat === 'number' ? claims.iat : Math.floor(Date.now() / 1000);
      if (options.noTimestamp) delete claims.iat; else claims.iat = now;
      if (options.notBefore !== undefined) claims.nbf = now + span(options.notBefore, 'notBefore');
      if (options.expiresIn !== undefined) {
        if (claims.exp !== undefined) throw new Error('Bad "options.expiresIn" option the payload already has an "exp" property.');
        claims.exp = now + span(options.expiresIn, 'expiresIn');
      }
      for (const [option, claim] of [['audience', 'aud'], ['issuer', 'iss'], ['subject', 'sub'], ['jwtid', 'jti']]) {
        if (options[option] === undefined) continue;
        if (claims[claim] !== undefined) throw new Error(`Bad "options.${option}" option. The payload already has an "${claim}" property.`);
        claims[claim] = options[option];
      }
      text = JSON.stringify(claims);
    }
    const input = `${encode(JSON.stringify(header))}.${encode(String(text))}`;
    return `${input}.${signature(header.alg, key, input)}`;
  });
  function decode(token, options = {}) {
    const parts = String(token).split('.');
    if (parts.length !== 3) return null;
    try {
      const header = decodePart(parts[0]);
      let payload = Buffer.from(parts[1], 'base64url').toString('utf8');
      try { payload = JSON.parse(payload); } catch (e) { if (header.typ === 'JWT' && options.json) throw e; }
      return options.complete ? { header, payload, signature: parts[2] } : payload;
    } catch (e) {
      return null;
    }
  }
  const listed = (wanted, given) => (Array.isArray(wanted) ? wanted : [wanted]).some((one) => (one instanceof RegExp ? one.test(given) : one === given));
  const verify = answering((token, key, options = {}) => {
    if (!token) throw new JsonWebTokenError('jwt must be provided');
    if (typeof token !== 'string') throw new JsonWebTokenError('jwt must be a string');
    const parts = token.split('.');
    if (parts.length !== 3) throw new JsonWebTokenError('jwt malformed');
    const whole = decode(token, { complete: true });
    if (!whole) throw new JsonWebTokenError('invalid token');
    if (!parts[2]) throw new JsonWebTokenError('jwt signature is required');
    if (key === undefined || key === null || key === '') throw new JsonWebTokenError('secret or public key must be provided');
    const isPublic = /-----BEGIN (?:RSA |EC )?(?:PUBLIC KEY|CERTIFICATE)/.test(keyText(key));
    const allowed = options.algorithms || (isPublic ? ASYMMETRIC : Object.keys(HMAC)); // a public key never checks an HMAC
    const { alg } = whole.header;
    if (!allowed.includes(alg) || (isPublic && HMAC[alg])) throw new JsonWebTokenError('invalid algorithm');
    if (!isGood(alg, key, `${parts[0]}.${parts[1]}`, parts[2])) throw new JsonWebTokenError('invalid signature');
    const claims = whole.payload, now = seconds(options), slack = options.clockTolerance || 0;
    if (claims.nbf !== undefined && !options.ignoreNotBefore) {
      if (typeof claims.nbf !== 'number') throw new JsonWebTokenError('invalid nbf value');
      if (claims.nbf > now + slack) throw new NotBeforeError('jwt not active', new Date(claims.nbf * 1000));
    }
    if (claims.exp !== undefined && !options.ignoreExpiration) {
      if (typeof claims.exp !== 'number') throw new JsonWebTokenError('invalid exp value');
      if (now >= claims.exp + slack) throw new TokenExpiredError('jwt expired', new Date(claims.exp * 1000));
    }
    if (options.audience && !(Array.isArray(claims.aud) ? claims.aud : [claims.aud]).some((one) => listed(options.audience, one))) throw new JsonWebTokenError('jwt audience invalid. expected: ' + options.audience);
    if (options.issuer && !listed(options.issuer, claims.iss)) throw new JsonWebTokenError('jwt issuer invalid. expected: ' + options.issuer);
    if (options.subject && claims.sub !== options.subject) throw new JsonWebTokenError('jwt subject invalid. expected: ' + options.subject);
    if (options.jwtid && claims.jti !== options.jwtid) throw new JsonWebTokenError('jwt jwtid invalid. expected: ' + options.jwtid);
    if (options.nonce && claims.nonce !== options.nonce) throw new JsonWebTokenError('jwt nonce invalid. expected: ' + options.nonce);
    if (options.maxAge !== undefined && now >= claims.iat + span(options.maxAge, 'maxAge') + slack) throw new TokenExpiredError('maxAge exceeded', new Date((claims.iat + span(options.maxAge, 'maxAge')) * 1000));
    return options.complete ? whole : claims;
  });
  return { sign, verify, decode, JsonWebTokenError, TokenExpiredError, NotBeforeError };
})
