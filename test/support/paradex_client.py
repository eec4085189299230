"""paradex-py as its users have it, driven by lines of JSON. Only the host of the classes that have theirs fixed is changed.

A line makes a client, {"make": "Paradex", "as": "main", "with": {...}}, or calls a method of its api_client, or with "client." before
the name of itself: {"on": "main", "call": "submit_order", "with": [{"order": {...}}]}. It is answered by one line: {"result": ...} or
{"error": "ValueError: ..."}.
"""

import dataclasses
import functools
import json
import sys
from decimal import Decimal

import paradex_py
import paradex_py.paradex_api_key
import paradex_py.paradex_evm
import paradex_py.paradex_l2
from paradex_py.api.api_client import ParadexApiClient
from paradex_py.common.order import Order, OrderSide, OrderType

BASE_URL = sys.argv[1] + "/v1"
FIXED_HOST = (paradex_py.paradex_l2, paradex_py.paradex_evm, paradex_py.paradex_api_key)
for module in FIXED_HOST:
    module.ParadexApiClient = functools.partial(ParadexApiClient, api_base_url=BASE_URL)


def make(kind, settings):
    more = {"api_base_url": BASE_URL} if kind == "Paradex" else {"ws_enabled": False}
    return getattr(paradex_py, kind)(env="testnet", **more, **settings)


def order(of):
    """An order whose Decimals are made of the texts as they are, and written by the library."""
    decimals = {name: Decimal(of[name]) for name in ("size", "limit_price", "trigger_price") if name in of}
    sides = {"order_side": OrderSide(of["order_side"]), "order_type": OrderType(of["order_type"])}
    return Order(**{**of, **decimals, **sides})


def read(argument):
    if isinstance(argument, list):
        return [read(one) for one in argument]
    if isinstance(argument, dict) and list(argument) == ["order"]:
        return order(argument["order"])
    return argument


def shown(result):
    return dataclasses.asdict(result) if dataclasses.is_dataclass(result) else result


def hex_of(account, name):
    return hex(getattr(account, name)) if hasattr(account, name) else None


def describe(client):
    account = getattr(client, "account", None)
    names = {"address": "l2_address", "public_key": "l2_public_key"}
    return {**{shown: hex_of(account, name) for shown, name in names.items()}, "can_withdraw": client.can_withdraw}


clients = {}


def answer(asked):
    if "make" in asked:
        clients[asked["as"]] = make(asked["make"], asked.get("with", {}))
        return describe(clients[asked["as"]])
    client = clients[asked["on"]]
    owner, _, name = asked["call"].rpartition(".")
    target = client if owner == "client" else client.api_client
    return shown(getattr(target, name)(*(read(argument) for argument in asked.get("with", []))))


for line in sys.stdin:
    try:
        said = {"result": answer(json.loads(line))}
    except Exception as error:
        said = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(said), flush=True)
