"""Prints every record of a Varve log on Kafka that counts, each once, also
over restarts: log_consumer.py BROKERS TOPIC STATE_FILE"""
import hashlib, json, os, struct, sys  # noqa: E401
from confluent_kafka import Consumer, TopicPartition


def prev_of(body):  # field 1 of the root table (schemas/record.fbs)
    table, = struct.unpack_from("<I", body)
    vtable = table - struct.unpack_from("<i", body, table)[0]
    at = table + struct.unpack_from("<H", body, vtable + 6)[0]
    return body[at:at + 32].hex()


brokers, topic, path = sys.argv[1:]
consumer = Consumer({"bootstrap.servers": brokers, "group.id": "none",
                     "enable.auto.commit": False, "auto.offset.reset": "error"})
places = json.load(open(path)) if os.path.exists(path) else {}
for p in consumer.list_topics(topic, 10).topics[topic].partitions:
    places.setdefault(str(p), {"offset": 0, "index": 0, "head": "00" * 32})
consumer.assign([TopicPartition(topic, int(p), place["offset"])
                 for p, place in places.items()])
while message := consumer.poll(3600):
    if message.error():
        sys.exit(f"cannot go on: {message.error()}")
    place = places[str(message.partition())]
    own, body = message.value()[:32], message.value()[32:]
    if hashlib.sha256(body).digest() != own:
        sys.exit(f"corrupt, at or after index {place['index']}")
    place["offset"] = message.offset() + 1
    if prev_of(body) == place["head"]:  # else it is void: nobody heeds it
        print(message.partition(), place["index"], own.hex(), flush=True)
        place.update(index=place["index"] + 1, head=own.hex())
    json.dump(places, open(path + ".new", "w"))
    os.replace(path + ".new", path)
