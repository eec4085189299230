"""Runs a program in a terminal of its own and plays a person: waits for a text, types, waits for the next one.

Reads a JSON object on standard input: argv, env, cwd, columns, steps: [{"await": regex, "type": text}]; prints one:
{"screen": everything shown, "code": exit code or -signal, "echo": [whether the terminal echoes, at each step and at the end], "environ": [...]}
"""
import json
import os
import re
import select
import struct
import fcntl
import sys
import termios
import time

asked = json.load(sys.stdin)
# The program's end stays open here, too: what it left of the modes can be read when it has ended.
terminal, kept = os.openpty()
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, asked["columns"], 0, 0))
pid = os.fork()
if pid == 0:
    os.setsid()
    fcntl.ioctl(kept, termios.TIOCSCTTY, 0)
    for number in range(3):
        os.dup2(kept, number)
    os.closerange(3, 256)
    os.chdir(asked["cwd"])
    os.execvpe(asked["argv"][0], asked["argv"], asked["env"])


def echoes():
    return bool(termios.tcgetattr(kept)[3] & termios.ECHO)


screen = ""
echo = []
seen = []
steps = list(asked["steps"])
at = 0
ends = time.monotonic() + 50
code = None
while True:
    if time.monotonic() > ends:
        os.kill(pid, 9)
        code = -9
        os.waitpid(pid, 0)
        break
    ready, _, _ = select.select([terminal], [], [], 0.02)
    if ready:
        try:
            screen += os.read(terminal, 65536).decode("utf-8", "replace")
        except OSError:
            pass
    while steps:
        found = re.search(steps[0]["await"], screen[at:])
        if not found:
            break
        at += found.end()
        step = steps.pop(0)
        echo.append(echoes())
        # What other users of the machine could see of the process.
        for name in ("cmdline", "environ"):
            with open(f"/proc/{pid}/{name}", "rb") as file:
                seen.append(file.read().decode("utf-8", "replace"))
        os.write(terminal, step["type"].encode())
    if not ready:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            code = os.waitstatus_to_exitcode(status)
            break
while select.select([terminal], [], [], 0.05)[0]:
    try:
        screen += os.read(terminal, 65536).decode("utf-8", "replace")
    except OSError:
        break
echo.append(echoes())
print(json.dumps({"screen": screen, "code": code, "echo": echo, "seen": seen, "missed": [step["await"] for step in steps]}))
