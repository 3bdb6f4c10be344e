"""Sign and verify for jsonwebtoken with key pairs: the one thing a script needs that is too heavy for the child."""

from __future__ import annotations

from typing import Any

from chalicelib.core.errors import InvalidInput

ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "ES256", "ES384"})
MAX_KEY_CHARS = 16_384


def answer(kind: str, request: dict[str, Any]) -> Any:
    """Answer a script's question: a signature in base64url, or whether one is good. Raises InvalidInput."""
    if kind != "jwt":
        raise InvalidInput("no such question")
    algorithm, key_text = str(request.get("algorithm")), str(request.get("key"))
    if algorithm not in ALGORITHMS:
        raise InvalidInput("this algorithm is not offered")
    if len(key_text) > MAX_KEY_CHARS:
        raise InvalidInput("the key is too long")
    message = str(request.get("input")).encode()
    from joserfc.jws import JWSRegistry  # heavy
    from joserfc.util import urlsafe_b64decode, urlsafe_b64encode

    method = JWSRegistry(algorithms=[algorithm]).get_alg(algorithm)
    key = _key(algorithm, key_text)
    if request.get("do") == "sign":
        if not key.is_private:
            raise InvalidInput("secretOrPrivateKey must be an asymmetric private key")
        return urlsafe_b64encode(method.sign(message, key)).decode()
    try:
        return method.verify(message, urlsafe_b64decode(str(request.get("signature")).encode()), key)
    except ValueError:
        return False


def _key(algorithm: str, text: str) -> Any:
    from joserfc.errors import JoseError  # heavy
    from joserfc.jwk import ECKey, RSAKey

    try:
        key = (ECKey if algorithm.startswith("ES") else RSAKey).import_key(text)
        key.check_key_op("verify")
    except (ValueError, TypeError, JoseError) as error:
        raise InvalidInput("the key cannot be read; it must be PEM of the kind the algorithm needs") from error
    return key
