"""partd itself at the work of partd_measurements.cc. Run as: partd_peer.py DIRECTORY BATCHES BATCH KEYS VALUE_BYTES

Prints a line for each row: a name, and items a second.
"""
import os
import random
import sys
import time

import partd


def batches(count, size, keys, value_bytes):
    choose = random.Random(1)
    value = os.urandom(value_bytes)
    for _ in range(count):
        data = {}
        for _ in range(size):
            key = f"key {choose.randrange(keys)}"
            data[key] = data.get(key, b"") + value
        yield data


def measure(name, store, count, size, keys, value_bytes):
    work = list(batches(count, size, keys, value_bytes))
    begin = time.perf_counter()
    for data in work:
        store.append(data)
    if hasattr(store, "flush"):
        store.flush()  # or else what is in memory is lost
    print(f"append_{name} {count * size / (time.perf_counter() - begin)}")
    wanted = [f"key {number}" for number in range(keys)]
    begin = time.perf_counter()
    store.get(wanted)
    print(f"get_{name} {keys / (time.perf_counter() - begin)}")


def main():
    directory, numbers = sys.argv[1], [int(number) for number in sys.argv[2:]]
    measure("file", partd.File(f"{directory}/file"), *numbers)
    half = numbers[0] * numbers[1] * numbers[3] / 2
    buffer = partd.Buffer(partd.Dict(), partd.File(f"{directory}/buffer"), available_memory=half)
    measure("buffer", buffer, *numbers)


main()
