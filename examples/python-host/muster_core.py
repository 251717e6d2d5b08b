"""Muster's core in a Python program: pip install wasmtime, nothing else.

    python muster_core.py muster-core.component.wasm report usage.jsonl
    python muster_core.py muster-core.component.wasm replay run.events.jsonl PARENT-ID
    python muster_core.py muster-core.component.wasm diagnose bundle.json

Each prints what the command line tool prints with --json. The component imports
nothing, so there is nothing to link; memory is bounded below.
"""

import sys
import time

from wasmtime import Engine, Store
from wasmtime.component import Component, Linker, Record, Variant

MEMORY = 256 << 20
CHUNK = 256 << 10


def record(**fields):
    """A WIT record; underscores stand for the hyphens of its names."""
    made = Record()
    for name, value in fields.items():
        setattr(made, name.strip("_").replace("_", "-"), value)
    return made


class Core:
    """One instance of the component, with memory of its own."""

    def __init__(self, engine, component):
        self.store = Store(engine)
        self.store.set_limits(memory_size=MEMORY)
        self.instance = Linker(engine).instantiate(self.store, component)

    def call(self, interface, name, *arguments):
        """Calls a function of `muster:core/INTERFACE`; an error is raised."""
        index = self.instance.get_export_index(self.store, f"muster:core/{interface}@0.1.0")
        index = self.instance.get_export_index(self.store, name, index)
        function = self.instance.get_func(self.store, index)
        answer = function(self.store, *arguments)
        function.post_return(self.store)
        if isinstance(answer, Variant):
            raise ValueError(f"{answer.tag}: {answer.payload}")
        return answer


def chunks(path):
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def report(core, path):
    """The usage report over one log, of all time."""
    options = record(
        window=record(from_=None, to=None), against=None, recent=20, naive_offset_minutes=0
    )
    ingest = core.call("usage", "[constructor]ingest", options)
    core.call("usage", "[method]ingest.open", ingest, path)
    for chunk in chunks(path):
        core.call("usage", "[method]ingest.push-bytes", ingest, chunk)
    core.call("usage", "[method]ingest.close", ingest)
    files = record(file=None, failed=False, stale=False, limit=None)
    params = record(baseline_model=None, workflow=None, top=None, files=files)
    return core.call("usage", "[method]ingest.report-json", ingest, "usage", params)


def replay(core, path, parent_id):
    """The telemetry entries of a workflow's events, one a line."""
    options = record(
        parent_id=parent_id,
        producer=None,
        clock=None,
        outer_run=False,
        redact_names=False,
        classify=None,
        leave_open=False,
    )
    bridge = core.call("bridge", "[constructor]replay", options)
    now = lambda: time.time_ns() // 1000
    entries = [
        core.call("bridge", "[method]replay.push-bytes", bridge, now(), chunk)
        for chunk in chunks(path)
    ]
    entries.append(core.call("bridge", "[method]replay.finish", bridge, now()))
    return "".join(entries).rstrip("\n")


def diagnose(core, path):
    """What is wrong with a gateway."""
    with open(path, encoding="utf-8") as file:
        bundle = file.read()
    options = record(hours=None, records=None, now=None, profile=None, packs=[])
    return core.call("diagnosis", "diagnose", bundle, options)


def main(component, task, *arguments):
    engine = Engine()
    core = Core(engine, Component.from_file(engine, component))
    print({"report": report, "replay": replay, "diagnose": diagnose}[task](core, *arguments))


if __name__ == "__main__":
    main(*sys.argv[1:])
