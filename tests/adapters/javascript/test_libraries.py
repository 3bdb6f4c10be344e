"""The libraries on `$` and the globals beside it."""

# ruff: noqa: E501 (scripts are easier to read on one line)

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from chalicelib.adapters.javascript import Script
from chalicelib.adapters.javascript.sandbox import Runner


def value(sandbox: Runner, code: str, bindings: dict[str, Any] | None = None, **more: Any) -> Any:
    return sandbox.run("w", Script(code, bindings or {}, **more)).value


# ---- crypto, buffers, text


@pytest.mark.parametrize("text", ["", "body", "ü€😀", "a\0b", "x" * 20_000])
@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha512"])
def test_macs_and_hashes_equal_pythons(sandbox: Runner, algorithm: str, text: str) -> None:
    code = """const c = $.crypto, {text, algorithm} = input;
      return [c.createHmac(algorithm, 'key').update(text).digest('hex'), c.createHash(algorithm).update(text).digest('base64'),
        c.createHmac(algorithm, $.Buffer.from('key')).update($.Buffer.from(text)).digest().toString('hex'),
        c.createHmac(algorithm, 'key').update(text.slice(0, 1)).update(text.slice(1), 'utf8').digest('hex')]"""
    mac = hmac.new(b"key", text.encode(), algorithm).hexdigest()
    digest = base64.b64encode(hashlib.new(algorithm, text.encode()).digest()).decode()
    got = value(sandbox, code, {"input": {"text": text, "algorithm": algorithm}})
    assert got[:3] == [mac, digest, mac]
    assert got[3] == mac or "😀" in text


def test_a_github_signature_is_verified(sandbox: Runner) -> None:
    body = '{"action": "opened", "text": "ü"}'
    signature = "sha256=" + hmac.new(b"secret", body.encode(), "sha256").hexdigest()
    code = """const mine = 'sha256=' + $.crypto.createHmac('sha256', 'secret').update(notification.body).digest('hex');
      const theirs = notification.headers['x-hub-signature-256'];
      return mine.length === theirs.length && $.crypto.timingSafeEqual($.Buffer.from(mine), $.Buffer.from(theirs))"""
    for sent, good in ((signature, True), (signature[:-1] + ("0" if signature[-1] != "0" else "1"), False)):
        notification = {"body": body, "headers": {"x-hub-signature-256": sent}}
        assert value(sandbox, code, {"notification": notification}) is good


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("$.Buffer.from('aü€').toString('hex')", "61c3bce282ac"),
        ("$.Buffer.from('61c3bc', 'hex').toString()", "aü"),
        ("$.Buffer.from('YcO8', 'base64').toString('utf8')", "aü"),
        ("$.Buffer.from('-_8', 'base64url').toString('base64')", "+/8="),
        ("$.Buffer.from([251, 255]).toString('base64url')", "-_8"),
        ("$.Buffer.from('ff', 'latin1').length", 2),
        ("$.Buffer.concat([$.Buffer.from('a'), $.Buffer.from('b')]).toString()", "ab"),
        ("$.Buffer.byteLength('€')", 3),
        ("[$.Buffer.isBuffer($.Buffer.alloc(2)), $.Buffer.isBuffer(new Uint8Array(2))]", [True, False]),
        ("$.Buffer.from('abc').equals($.Buffer.from('abc'))", True),
        ("$.Buffer.from('abc').slice(1).toString()", "bc"),
        ("$.Buffer.from('ab').toJSON()", {"type": "Buffer", "data": [97, 98]}),
        ("[$.Buffer === Buffer, require('buffer').Buffer === Buffer]", [True, True]),
        ("[btoa('hi'), atob('aGk=')]", ["aGk=", "hi"]),
        ("new TextDecoder().decode(new TextEncoder().encode('aü€😀'))", "aü€😀"),
        ("new TextDecoder().decode(new Uint8Array([0xff, 0x61, 0xe2, 0x82]))", "\ufffda\ufffd"),
        ("structuredClone({a: [1, new Date(5)], m: new Map([[1, 2]])}).a[1].getTime()", 5),
        ("(() => { const o = {}; o.o = o; const c = structuredClone(o); return c !== o && c.o === c })()", True),
        ("$.uuid.validate($.uuid.v4())", True),
        ("/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test($.crypto.randomUUID())", True),
        ("$.querystring.parse('a=1&a=2&b=x+y')", {"a": ["1", "2"], "b": "x y"}),
        ("require('url').URL === URL", True),
        ("$['node-cache'] === $.nodeCache", True),
        ("'axios' in $ && !('moment' in $)", True),
    ],
)
def test_small_helpers(sandbox: Runner, code: str, wanted: Any) -> None:
    assert value(sandbox, f"return {code}") == wanted


@pytest.mark.parametrize(
    ("text", "base", "wanted"),
    [
        ("https://Example.com:443/a/../b?q=1#h", None, "https://example.com/b?q=1#h"),
        ("../x", "https://e.com/a/b/c", "https://e.com/a/x"),
        ("/x?y", "https://u:p@e.com:8080/a", "https://u:p@e.com:8080/x?y"),
        ("//f.com/z", "https://e.com/a", "https://f.com/z"),
        ("?q", "https://e.com/a/b?z", "https://e.com/a/b?q"),
        ("#h", "https://e.com/a/b?z", "https://e.com/a/b?z#h"),
        ("http://e.com", None, "http://e.com/"),
        ("http://e.com/a b/ü", None, "http://e.com/a%20b/%C3%BC"),
        ("mailto:a@b.c", None, "mailto:a@b.c"),
        ("http://[::1]:3000/", None, "http://[::1]:3000/"),
    ],
)
def test_urls_resolve_by_the_standard(sandbox: Runner, text: str, base: str | None, wanted: str) -> None:
    assert (
        value(sandbox, "return new URL(input.t, input.b ?? undefined).href", {"input": {"t": text, "b": base}})
        == wanted
    )


def test_url_parts_and_parameters(sandbox: Runner) -> None:
    code = """const u = new URL('https://u:p@h.com:81/p?a=1&a=2#f'); const s = u.searchParams;
      s.append('b', 'x y'); s.delete('a'); s.set('c', 'ü');
      let bad; try { new URL('nope') } catch (e) { bad = e.code }
      return [u.protocol, u.host, u.hostname, u.port, u.pathname, u.search, u.hash, u.origin, u.username, [...s], bad, JSON.stringify(u).length > 5]"""
    assert value(sandbox, code) == [
        "https:", "h.com:81", "h.com", "81", "/p", "?b=x+y&c=%C3%BC", "#f", "https://h.com:81", "u", [["b", "x y"], ["c", "ü"]], "ERR_INVALID_URL", True,
    ]  # fmt: skip


# ---- lodash


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("_.get({a: [{b: 1}]}, 'a[0].b')", 1),
        ("_.get({}, 'a.b', 'else')", "else"),
        ("_.set({}, 'a[0].b', 1)", {"a": [{"b": 1}]}),
        ("_.groupBy([6.1, 4.2, 6.3], Math.floor)", {"4": [4.2], "6": [6.1, 6.3]}),
        ("_.keyBy([{id: 'a'}, {id: 'b'}], 'id')", {"a": {"id": "a"}, "b": {"id": "b"}}),
        ("_.map([{a: {b: 1}}], 'a.b')", [1]),
        ("_.filter([{a: 1, b: 2}, {a: 2}], {a: 1})", [{"a": 1, "b": 2}]),
        ("_.find([{a: 1}, {a: 2}], ['a', 2])", {"a": 2}),
        (
            "_.orderBy([{u: 'b', a: 1}, {u: 'a', a: 2}, {u: 'b', a: 0}], ['u', 'a'], ['desc', 'asc'])",
            [{"u": "b", "a": 0}, {"u": "b", "a": 1}, {"u": "a", "a": 2}],
        ),
        ("_.sortBy([{a: 2}, {a: 1}], [(o) => o.a])", [{"a": 1}, {"a": 2}]),
        ("_.uniqBy([{x: 1}, {x: 2}, {x: 1}], 'x')", [{"x": 1}, {"x": 2}]),
        ("_.chunk([1, 2, 3], 2)", [[1, 2], [3]]),
        ("_.merge({a: [{b: 2}, {d: 4}]}, {a: [{c: 3}, {e: 5}]})", {"a": [{"b": 2, "c": 3}, {"d": 4, "e": 5}]}),
        ("_.pick({a: 1, b: {c: 2, d: 3}}, ['a', 'b.c'])", {"a": 1, "b": {"c": 2}}),
        ("_.omit({a: 1, b: {c: 2, d: 3}}, 'a', 'b.c')", {"b": {"d": 3}}),
        ("_.camelCase('--foo-bar XML2http')", "fooBarXml2Http"),
        (
            "[_.kebabCase('fooBar'), _.snakeCase('Foo Bar'), _.startCase('foo_bar'), _.capitalize('FRED')]",
            ["foo-bar", "foo_bar", "Foo Bar", "Fred"],
        ),
        ("_.isEqual({a: [1, {b: new Date(1)}]}, {a: [1, {b: new Date(1)}]})", True),
        ("[_.isEmpty({}), _.isEmpty([0]), _.isEmpty(1), _.isPlainObject(new Date())]", [True, False, True, False]),
        ("[_.sum([1, 2]), _.sumBy([{n: 4}], 'n'), _.max([]), _.meanBy([{n: 2}, {n: 4}], 'n')]", [3, 4, None, 3]),
        ("_([1, 2, 3, 4]).filter((n) => n % 2).map((n) => n * n).value()", [1, 9]),
        ("_([1, 2]).sum()", 3),
        ("_.chain([3, 1]).sortBy().head().value()", 1),
        ("_.defaultsDeep({a: {b: 1}}, {a: {b: 2, c: 3}})", {"a": {"b": 1, "c": 3}}),
        ("_.mapValues({a: {n: 1}}, 'n')", {"a": 1}),
        ("_.range(1, 10, 3)", [1, 4, 7]),
        ("_.truncate('hi-diddly-ho there, neighborino', {length: 24, separator: ' '})", "hi-diddly-ho there,..."),
        ("[_.round(4.006, 2), _.padStart('a', 3, 'xy'), _.escape('<a>')]", [4.01, "xya", "&lt;a&gt;"]),
    ],
)
def test_lodash(sandbox: Runner, code: str, wanted: Any) -> None:
    assert value(sandbox, f"const _ = $.lodash; return {code}") == wanted


def test_an_absent_lodash_function_is_named(sandbox: Runner) -> None:
    code = "const _ = require('lodash'); try { _.debounce(() => 1) } catch (e) { return e.message }"
    assert value(sandbox, code) == "lodash.debounce is not offered here"


# ---- xml2js


@pytest.mark.parametrize(
    ("xml", "options", "wanted"),
    [
        ("<a/>", {}, {"a": ""}),
        ("<a>t</a>", {}, {"a": "t"}),
        ("<a x=\"1\" y='2'>t</a>", {}, {"a": {"_": "t", "$": {"x": "1", "y": "2"}}}),
        ("<a><b>1</b><b>2</b><c/></a>", {}, {"a": {"b": ["1", "2"], "c": [""]}}),
        ("<a><b>1</b><b>2</b><c/></a>", {"explicitArray": False}, {"a": {"b": ["1", "2"], "c": ""}}),
        ("<a>x<b/>y</a>", {}, {"a": {"_": "xy", "b": [""]}}),
        ("<?xml version='1.0'?><!-- c --><a>\n  <b> t </b>\n</a>", {}, {"a": {"b": [" t "]}}),
        ("<a><b> t </b></a>", {"trim": True}, {"a": {"b": ["t"]}}),
        ("<a>&lt;&amp;&#65;&#x42;</a>", {}, {"a": "<&AB"}),
        ("<a><![CDATA[<raw>&]]></a>", {}, {"a": "<raw>&"}),
        ("<a><b/></a>", {"explicitRoot": False}, {"b": [""]}),
        ('<a x="1"/>', {"mergeAttrs": True}, {"a": {"x": ["1"]}}),
        ('<a x="1"/>', {"ignoreAttrs": True}, {"a": ""}),
        ("<s:a xmlns:s='u'><s:b>1</s:b></s:a>", {}, {"s:a": {"$": {"xmlns:s": "u"}, "s:b": ["1"]}}),
        ("", {}, None),
    ],
)
def test_xml_reads_by_xml2jss_defaults(sandbox: Runner, xml: str, options: dict[str, Any], wanted: Any) -> None:
    code = "let out; $.xml2js.parseString(input.xml, input.options, (e, r) => { if (e) throw e; out = r }); return [out, await $.xml2js.parseStringPromise(input.xml, input.options)]"
    assert value(sandbox, code, {"input": {"xml": xml, "options": options}}) == [wanted, wanted]


@pytest.mark.parametrize(
    "xml",
    ["<a>", "<a></b>", "<a", "text", "<a/><b/>", "<a x=1/>", "<a>&nbsp;</a>", "<!DOCTYPE a><a/>", "</a>", "<a/>tail"],
)
def test_bad_xml_is_refused(sandbox: Runner, xml: str) -> None:
    code = "let out; $.xml2js.parseString(input, (e, r) => { out = e ? 'error' : r }); return out"
    assert value(sandbox, code, {"input": xml}) == "error"


def test_xml_is_written_and_read_back(sandbox: Runner) -> None:
    given = {"a": {"$": {"x": '1"<'}, "b": ["t & <", ""], "c": [{"_": "q", "$": {"z": "1"}}]}}
    code = "const x = new $.xml2js.Builder().buildObject(input); return [x, await $.xml2js.parseStringPromise(x)]"
    text, back = value(sandbox, code, {"input": given})
    assert text.startswith(
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<a x="1&quot;&lt;">\n  <b>t &amp; &lt;</b>\n  <b/>'
    )
    assert back == given
    assert (
        value(
            sandbox,
            "return new $.xml2js.Builder({headless: true, renderOpts: {pretty: false}}).buildObject({a: 1, b: 2})",
        )
        == "<root><a>1</a><b>2</b></root>"
    )


# ---- jsonwebtoken and node-cache


def pair(kind: str) -> dict[str, str]:
    key = rsa.generate_private_key(65537, 2048) if kind == "rsa" else ec.generate_private_key(ec.SECP256R1())
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    return {"private": private.decode(), "public": public.decode()}


@pytest.mark.parametrize(("kind", "algorithm"), [("rsa", "RS256"), ("rsa", "PS256"), ("ec", "ES256")])
def test_tokens_are_signed_and_verified_with_key_pairs(sandbox: Runner, kind: str, algorithm: str) -> None:
    from joserfc import jwt
    from joserfc.jwk import ECKey, RSAKey

    keys = pair(kind)
    code = """const j = $.jsonwebtoken, t = j.sign({a: 1}, input.private, {algorithm: input.algorithm, keyid: 'k'});
      const tried = (f) => { try { return f() } catch (e) { return e.message } };
      const [h, p, s] = t.split('.');
      return [t, j.verify(t, input.public).a, tried(() => j.verify(h + '.' + btoa('{"a":2}').replace(/=/g, '') + '.' + s, input.public)),
        tried(() => j.verify(j.sign({a: 1}, input.public), input.public)), tried(() => j.sign({}, 'not a key', {algorithm: input.algorithm}))]"""
    token, claim, forged, confused, unreadable = value(sandbox, code, {"input": {**keys, "algorithm": algorithm}})
    key = (RSAKey if kind == "rsa" else ECKey).import_key(keys["public"])
    assert jwt.decode(token, key, algorithms=[algorithm]).claims["a"] == 1
    assert claim == 1
    assert forged == "invalid signature"
    assert confused == "invalid algorithm"
    assert "cannot be read" in unreadable


def test_tokens_with_secrets(sandbox: Runner) -> None:
    code = """const j = $.jsonwebtoken, t = j.sign({sub: 'x'}, 's', {expiresIn: '1h', issuer: 'me'});
      const tried = (f) => { try { return f() } catch (e) { return [e.name, e.message] } };
      return [j.decode(t), tried(() => j.verify(t, 'other')), tried(() => j.verify(t, 's', {clockTimestamp: 1700003600})), tried(() => j.verify(t, 's', {issuer: 'you'}))[1],
        tried(() => j.verify('x.y', 's'))[1], tried(() => j.verify(t, 's', {algorithms: ['HS512']}))[1], j.decode(t, {complete: true}).header, t]"""
    got = value(sandbox, code, now_ms=1_700_000_000_000)
    assert got[0] == {"sub": "x", "iat": 1_700_000_000, "exp": 1_700_003_600, "iss": "me"}
    assert got[1] == ["JsonWebTokenError", "invalid signature"]
    assert got[2] == ["TokenExpiredError", "jwt expired"]
    assert got[3] == "jwt issuer invalid. expected: you"
    assert got[4:6] == ["jwt malformed", "invalid algorithm"]
    assert got[6] == {"alg": "HS256", "typ": "JWT"}
    signed, _, signature = got[7].rpartition(".")
    mac = hmac.new(b"s", signed.encode(), "sha256").digest()
    assert signature == base64.urlsafe_b64encode(mac).decode().rstrip("=")


def test_the_cache_lives_for_one_run(sandbox: Runner) -> None:
    code = """const c = new ($['node-cache'])({stdTTL: 1}); const before = c.get('k'); c.set('k', {v: 1}); c.get('k').v = 2; c.set('n', 1, 0);
      const at = c.get('k'); await new Promise((r) => setTimeout(r, 1001)); return [before ?? null, at, c.get('k') ?? null, c.has('n'), c.keys(), c.del('n')]"""
    for _ in range(2):
        assert value(sandbox, code) == [None, {"v": 1}, None, True, ["n"], 1]


def test_unused_libraries_cost_nothing(sandbox: Runner) -> None:
    def cpu_ms(code: str) -> float:
        return min(sandbox.run("w", Script(code, {})).cpu_ms for _ in range(30))

    time.sleep(0)
    assert cpu_ms("return 1") < cpu_ms("return typeof $.lodash.map")
