"""Ed25519 verification after RFC 8032, section 5.1.7, written for the audit script beside it: integers only, standard
library only. Slow (a few milliseconds a signature) and not constant in time, which verifying does not need. It compares
encodings without the cofactor, as OpenSSL does; it cannot sign."""

from hashlib import sha512

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)

# Points are extended coordinates (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z.
IDENTITY = (0, 1, 1, 0)


def add(a, b):
    """RFC 8032, section 5.1.4: complete, so it doubles too."""
    ax, ay, az, at = a
    bx, by, bz, bt = b
    e = (ay - ax) * (by - bx) % P
    f = (ay + ax) * (by + bx) % P
    g = 2 * at * bt * D % P
    h = 2 * az * bz % P
    low, middle, high, total = f - e, h - g, h + g, f + e
    return low * middle % P, high * total % P, middle * high % P, low * total % P


def double(a):
    x, y, z, _ = a
    xx, yy = x * x % P, y * y % P
    zz = 2 * z * z % P
    total = xx + yy
    cross = total - (x + y) ** 2
    difference = xx - yy
    rest = zz + difference
    return cross * rest % P, difference * total % P, rest * difference % P, cross * total % P


def decode_point(data):
    """The point that 32 bytes stand for; None if they stand for none."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P != 0:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P != 0 or (x == 0 and sign == 1):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


def encode_point(point):
    x, y, z, _ = point
    inverse = pow(z, P - 2, P)
    x, y = x * inverse % P, y * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = decode_point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def verify(public_key, message, signature):
    """Whether the 64 bytes are the key's signature of the message."""
    if len(public_key) != 32 or len(signature) != 64:
        return False
    key = decode_point(public_key)
    scalar = int.from_bytes(signature[32:], "little")
    if key is None or scalar >= ORDER:
        return False
    digest = sha512(signature[:32] + public_key + message).digest()
    challenge = int.from_bytes(digest, "little") % ORDER
    x, y, z, t = key
    negative_key = (P - x, y, z, P - t)
    # scalar * BASE - challenge * key, both products in one pass over the bits.
    both = add(BASE, negative_key)
    point = IDENTITY
    for bit in range(252, -1, -1):
        point = double(point)
        of_scalar, of_challenge = scalar >> bit & 1, challenge >> bit & 1
        if of_scalar and of_challenge:
            point = add(point, both)
        elif of_scalar:
            point = add(point, BASE)
        elif of_challenge:
            point = add(point, negative_key)
    return encode_point(point) == signature[:32]
