"""Prints each event of a town once, and has sent again what is missing; needs aiomqtt and pyjwt[crypto]. See README."""

import asyncio
import json
import os
import sqlite3
import ssl
import sys
import time
import uuid

import aiomqtt
import jwt

ROOT, HEARD, ENV = "edge/v1", ("event/+", "camera/+/event/+", "reply/+"), os.environ
HOLES = """SELECT agent, boot, before + 1, sequence - 1 FROM (SELECT *, lag(sequence, 1, 0) OVER
    (PARTITION BY agent, boot ORDER BY sequence) AS before FROM seen) WHERE sequence > before + 1 LIMIT 20"""
seen = sqlite3.connect(ENV.get("CSU_STATE", "seen.sqlite"), isolation_level=None)
asked = {}  # holes by the id of the command that asks for them


def note(agent, boot, first, last):
    """Remembers numbers; returns whether any is new."""
    rows = [(agent, boot, number) for number in range(first, last + 1)]
    return seen.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?, ?)", rows).rowcount > 0


def take(topic, told):
    """Prints an event that did not come before, or hears what came of a wish."""
    agent = topic.split("/")[2]
    if "/reply/" in topic:
        hole = asked.pop(told["id"], None)
        if hole and told["ok"] and not told["result"]["again"] + told["result"]["waiting"]:
            note(*hole)
            print("lost for good:", *hole, file=sys.stderr, flush=True)
    elif note(agent, told["data"]["boot"], told["data"]["sequence"], told["data"]["sequence"]):
        print(json.dumps(told), flush=True)
        for gone in told["data"].get("missing", ()):  # a gap names what will never come
            note(agent, gone["boot"], gone["first"], gone["last"])


async def ask(client):
    """Looks for holes and has them filled; a hole may be events that an alarm has overtaken, so there is no hurry."""
    while True:
        await asyncio.sleep(float(ENV.get("CSU_EVERY", "30")))
        asked.clear()  # what was not answered is asked for again
        for agent, boot, first, last in seen.execute(HOLES).fetchall():
            now, name = int(time.time()), uuid.uuid4().hex
            claims = {"aud": agent, "sub": "consumer", "jti": name, "iat": now, "exp": now + 60}
            token = jwt.encode(claims | {"scope": "events.replay:*"}, ENV["CSU_KEY"], algorithm="EdDSA")
            command = {"id": name, "arguments": {"boot": boot, "first": first, "last": last}, "token": token}
            asked[name] = agent, boot, first, last
            await client.publish(f"{ROOT}/{agent}/command/events.replay", json.dumps(command), qos=1)


async def main():
    who = {"username": "csu", "password": ENV["CSU_PASSWORD"], "identifier": "csu", "clean_session": False}
    who |= {"hostname": ENV["CSU_HOST"], "port": int(ENV["CSU_PORT"])}
    who["tls_context"] = ssl.create_default_context(cafile=ENV["CSU_CA"])
    while True:
        try:
            async with aiomqtt.Client(**who) as client, asyncio.TaskGroup() as tasks:
                await client.subscribe([(f"{ROOT}/+/{what}", 1) for what in HEARD])
                tasks.create_task(ask(client))
                async for message in client.messages:
                    take(str(message.topic), json.loads(message.payload))
        except* aiomqtt.MqttError as lost:
            print("no broker:", *lost.exceptions, file=sys.stderr, flush=True)
            await asyncio.sleep(3)


seen.execute("CREATE TABLE IF NOT EXISTS seen (agent, boot, sequence, UNIQUE (agent, boot, sequence))")
asyncio.run(main())
