"""DynamoDB numbers: 38 significant digits, magnitudes from 1E-130 to just under 1E+126, kept as text."""

from decimal import Clamped, Context, Decimal, DecimalException, Inexact, Overflow, Rounded, Underflow

from infra.local.cloud.errors import CloudError, invalid

DIGITS = 38
EXPONENT_MAX = 125
EXPONENT_MIN = -130
NUMBER_CHARACTERS = "0123456789+-.eE"
EXACT = Context(prec=2 * DIGITS + 10, Emax=999999, Emin=-999999, traps=[Overflow, Underflow])
ARITHMETIC = Context(prec=400, Emax=999999, Emin=-999999, traps=[Inexact, Rounded, Overflow, Underflow, Clamped])


def canonical(text: str) -> str:
    """Write a number the way DynamoDB answers it ("1.0" as "1", "1E2" as "100"); refuse what it cannot hold."""
    if len(text) <= DIGITS and text.isascii() and text.isdigit() and (text[0] != "0" or len(text) == 1):
        return text
    if not text or text.strip(NUMBER_CHARACTERS):
        raise _unreadable(text)
    try:
        value = Decimal(text)
    except DecimalException:
        raise _unreadable(text) from None
    return written(value)


def written(value: Decimal) -> str:
    """Write a decimal in canonical form, or refuse it when DynamoDB could not hold it."""
    if not value:
        return "0"
    sign, digit_tuple, exponent = value.as_tuple()
    assert isinstance(exponent, int)  # noqa: S101
    digits = "".join(map(str, digit_tuple)).lstrip("0")
    stripped = digits.rstrip("0")
    exponent += len(digits) - len(stripped)
    magnitude = exponent + len(stripped) - 1
    if len(stripped) > DIGITS:
        raise invalid("Attempting to store more than 38 significant digits in a Number")
    if magnitude > EXPONENT_MAX:
        raise invalid("Number overflow. Attempting to store a number with magnitude larger than supported range")
    if magnitude < EXPONENT_MIN:
        raise invalid("Number underflow. Attempting to store a number with magnitude smaller than supported range")
    return ("-" if sign else "") + _plain(stripped, exponent)


def add(left: str, right: str, sign: int = 1) -> str:
    """Add two canonical numbers, or subtract the second when sign is -1."""
    if len(left) < DIGITS and len(right) < DIGITS and "." not in left and "." not in right:
        total = str(int(left) + sign * int(right))
        if len(total) < DIGITS:
            return total
    first, second = Decimal(left), Decimal(right)
    return written(ARITHMETIC.add(first, second) if sign > 0 else ARITHMETIC.subtract(first, second))


def comparable(text: str) -> int | Decimal:
    """Give a canonical number as something Python orders exactly."""
    return Decimal(text) if "." in text else int(text)


def size(text: str) -> int:
    """Say how many bytes a canonical number counts for: one for each two digits, one more, one for the sign."""
    digits = text.lstrip("-").replace(".", "").strip("0")
    return (len(digits) + 1) // 2 + (2 if text[0] == "-" else 1)


def sortable(text: str) -> bytes:
    """Encode a canonical number so that bytes sort as numbers do."""
    if text == "0":
        return b"\x01"
    negative = text[0] == "-"
    whole, _, fraction = text.lstrip("-").partition(".")
    digits = (whole + fraction).lstrip("0")
    magnitude = len(whole) - 1 if whole != "0" else len(digits) - len(fraction) - 1
    digits = digits.rstrip("0")
    if not negative:
        return b"\x02" + (magnitude + 200).to_bytes(2, "big") + digits.encode()
    mirrored = digits.translate(_MIRROR).encode()
    return b"\x00" + (400 - magnitude - 200).to_bytes(2, "big") + mirrored + b"\xff"


def _plain(digits: str, exponent: int) -> str:
    if exponent >= 0:
        return digits + "0" * exponent
    if len(digits) > -exponent:
        return f"{digits[:exponent]}.{digits[exponent:]}"
    return "0." + "0" * (-exponent - len(digits)) + digits


def _unreadable(text: str) -> CloudError:
    return invalid(f"The parameter cannot be converted to a numeric value: {text}")


_MIRROR = str.maketrans("0123456789", "9876543210")
