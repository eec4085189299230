"""Writes wallet-keys.json: main keys derived from a wallet's signature whose r begins with zeros, as either kind of client reads r.

    python3 test/vectors/wallet-keys.py > test/vectors/wallet-keys.json
"""
import hashlib
import json

N = 0x800000000000010FFFFFFFFFFFFFFFFB781126DCAE7B2321E66A241ADC64D2F
LIMIT = 2**256 - 2**256 % N


def derived(seed):
    index = 0
    while True:
        digest = hashlib.sha256(seed + index.to_bytes(max(1, (index.bit_length() + 7) // 8), "big")).digest()
        value = int.from_bytes(digest, "big")
        if value < LIMIT:
            return {"private_key": "0x%064x" % (value % N), "rounds": index + 1}
        index += 1


def vector(name, r):
    s = bytes(range(32, 64))
    return {
        "id": name,
        "signature": "0x" + (r + s + bytes([27])).hex(),
        "kept": derived(r),
        "stripped": derived(r.lstrip(b"\0")),
    }


def first(test):
    n = 1
    while True:
        r = hashlib.sha256(b"wallet keys %d" % n).digest()
        if test(r):
            return r
        n += 1


print(
    json.dumps(
        {
            "source": "test/vectors/wallet-keys.py",
            "wallet_keys": [
                vector("r without a leading zero", first(lambda r: r[0] >= 16)),
                vector("r with a leading zero digit, but no zero byte", first(lambda r: 0 < r[0] < 16)),
                vector("r with a leading zero byte", first(lambda r: r[0] == 0)),
                vector("r with two leading zero bytes", b"\0\0" + first(lambda r: r[0] > 0)[2:]),
                vector("the kept key begins with a zero byte", first(lambda r: derived(r)["private_key"][:4] == "0x00")),
                vector(
                    "the stripped key takes a second round",
                    first(lambda r: r[0] == 0 and r[1] > 0 and derived(r[1:])["rounds"] > 1),
                ),
            ],
        },
        indent=1,
    )
)
