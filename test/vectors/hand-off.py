"""Writes hand-off.json: hand-offs of docs/wire.md section 7.1, made by the cryptography package and a Stark curve of its own.

    python3 test/vectors/hand-off.py > test/vectors/hand-off.json      (needs cryptography)
"""
import base64
import json

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

P = 2**251 + 17 * 2**192 + 1
G = (
    0x1EF15C18599971B7BECED415A40F0C7DEACFD9B0D1819E03D723D8BC943CFCA,
    0x5668060AA49730B7BE4801DF46EC62DE53ECD11ABE43A32873000C36E8DC1F,
)


def add(a, b):
    if a is None:
        return b
    if b is None:
        return a
    if a[0] == b[0]:
        if (a[1] + b[1]) % P == 0:
            return None
        slope = (3 * a[0] * a[0] + 1) * pow(2 * a[1], -1, P)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P)
    x = (slope * slope - a[0] - b[0]) % P
    return (x, (slope * (a[0] - x) - a[1]) % P)


def public_key(k):
    result, point = None, G
    while k:
        if k & 1:
            result = add(result, point)
        point, k = add(point, point), k >> 1
    return result[0]


def word(n):
    return n.to_bytes(32, "big")


def text(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


LABEL = b"countersign/hand-off/v1"


def vector(name, account, k, e, nonce, console):
    K, E = public_key(k), public_key(e)
    key = HKDF(SHA256(), 32, salt=word(account) + word(K), info=LABEL).derive(word(e))
    aad = LABEL + b"\0" + word(account) + word(K) + word(E)
    sealed = AESGCM(key).encrypt(nonce, word(k), aad)
    return {
        "id": name,
        "account": hex(account),
        "private_key": "0x" + word(k).hex(),
        "public_key": hex(K),
        "ephemeral_key": "0x" + word(e).hex(),
        "eph_public_key": hex(E),
        "nonce": nonce.hex(),
        "key": key.hex(),
        "encrypted_key": text(b"\x01" + nonce + sealed),
        "console_url": console,
        "link": console + "/console/hand-off#" + text(b"\x01" + word(account) + word(K) + word(e)),
    }


VECTORS = [
    vector(
        "usual",
        0x129C135ED63DF9353885E292BE4426B8ED6122B13C6C0E1BB787288A1F5ADFA,
        0x509CF8B210F4866C047CD4845FC8520A3CC352F095C702E1B11E443872ABB30,
        0x4B36BF6CA47CC240E2EEFA88BD53AE0523B9D1E622CA26D82BBA58AFA34CC01,
        bytes(range(12)),
        "https://keys.venue.example",
    ),
    vector(
        "k below 2^248, so that its first byte is zero",
        0x72C394AAA3FAE59AD7749C856DC18E2A289E83885B80C0DA7731290A9163E17,
        0x00543B6CF6C91817A87174AAEA4FB370AC1C694E864D7740D728F8344D53E815,
        0x643B17FD3D0C403B8214AF3439ADBFF6D8359E034DE6C7D46B4AB5696C461DE,
        bytes.fromhex("ff" * 12),
        "https://keys.venue.example",
    ),
    vector(
        "account, k and e begin with zero bytes",
        0x4A1F00C92D,
        0x1,
        0x2,
        bytes(12),
        "http://127.0.0.1:8080",
    ),
]

print(json.dumps({"source": "test/vectors/hand-off.py", "hand_off": VECTORS}, indent=1))
