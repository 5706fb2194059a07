"""Writes one value in every protocol: python3 make.py, in this folder."""
import collections
import pickle

shared = [1, 2]
value = {
    "none": None,
    "bools": (True, False),
    "ints": [0, 1, -1, 255, 256, 65535, 65536, -(2**31), 2**31, 2**63 - 1, -(2**63), 2**63, -(2**63) - 1, 2**200, -(2**200)],
    "floats": [0.0, -0.5, 1e300, float("inf")],
    "text": ["", "plain", "t\u00e9xt \u4e16\U0001f600", "two\nlines\\u0041"],
    "bytes": [b"", b"plain", bytes(range(256)), bytearray(b"array")],
    "tuples": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)],
    "shared": [shared, shared],
    "ordered": collections.OrderedDict([("b", 1), ("a", 2)]),
    "class": collections.OrderedDict,
    3: "int key",
    b"raw": "bytes key",
    "long": "x" * 300,
    "many": list(range(2000)),
}
for protocol in range(6):
    with open(f"protocol{protocol}.pickle", "wb") as f:
        pickle.dump(value, f, protocol)
with open("set.pickle", "wb") as f:
    pickle.dump([{7}, frozenset([8])], f, 4)
