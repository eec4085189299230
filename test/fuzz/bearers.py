"""Hooks of schemathesis: each request carries another kind of bearer, in turn, and now and then names something that is really there.
The bearers come from the process that runs the server (test/fuzz/bearers.ts), which is asked for them over loopback."""

import atexit
import collections
import json
import os
import time
import urllib.request

import schemathesis

KINDS = os.environ["FUZZ_BEARERS"].split(",")
SOURCE = os.environ["FUZZ_BEARER_SOURCE"]
# A session lives 300 seconds.
FRESH_SECONDS = 100

given = {}
turn = 0
answers = collections.defaultdict(collections.Counter)


def ask(kind, purpose):
    with urllib.request.urlopen(f"{SOURCE}/{purpose}/{kind}", timeout=60) as answer:
        return json.load(answer)


def bearer_of(kind, ends_credentials):
    # Whoever ends everything must not end what the other requests go on with.
    if ends_credentials:
        return ask(kind, "thrown-away")
    asked_at, bearer = given.get(kind, (float("-inf"), None))
    if time.monotonic() - asked_at > FRESH_SECONDS:
        bearer = ask(kind, "kept")
        given[kind] = (time.monotonic(), bearer)
    return bearer


@schemathesis.hook
def before_call(context, case, kwargs):
    global turn
    turn += 1
    kind = KINDS[turn % len(KINDS)]
    bearer = bearer_of(kind, "Emergency" in case.operation.definition.raw.get("tags", []))
    case.headers = case.headers or {}
    case.headers.pop("Authorization", None)
    case.headers["X-Fuzz-Bearer"] = kind
    if bearer["jwt"] is not None:
        case.headers["Authorization"] = f"Bearer {bearer['jwt']}"
    if turn % 3 == 0 and case.path_parameters:
        for name, value in bearer["named"].items():
            if name in case.path_parameters:
                case.path_parameters[name] = value


@schemathesis.hook
def after_call(context, case, response):
    answers[case.headers.get("X-Fuzz-Bearer")][str(response.status_code)] += 1


@atexit.register
def tell():
    # Only after requests: the module is loaded by whatever schemathesis starts.
    if answers:
        with open("answers.json", "w") as file:
            json.dump(answers, file)
