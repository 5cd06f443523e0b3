"""What the drivers of all peers share: JSON lines with the benchmark, and audio files as samples.

Reads one JSON object per line from standard input, the first one being the job, for `load`; each further one
  {"path", "language": code, "beamSize": 1}
is a clip for what `load` returned. Writes one JSON object per line to standard output:
  {"version", "loadSeconds"}, then per clip {"text", "seconds"} or {"error", "seconds"}
"""

import importlib
import json
import os
import sys
import time


def serve(load, libraries):
    """`load(job)` gives back (version, transcribe); `transcribe(clip)` gives back the text.

    The libraries are imported before, so that the time of loading is that of the model.
    """
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print must not get between the answers
    job = json.loads(sys.stdin.readline())
    for library in libraries:
        importlib.import_module(library)
    started = time.perf_counter()
    version, transcribe = load(job)
    say(answers, {"version": version, "loadSeconds": time.perf_counter() - started})
    for line in sys.stdin:
        clip = json.loads(line)
        started = time.perf_counter()
        try:
            result = {"text": transcribe(clip).strip()}
        except Exception as error:  # a clip that fails is a result of its own; the others go on
            result = {"error": f"{type(error).__name__}: {error}"}
        say(answers, {**result, "seconds": time.perf_counter() - started})


def say(answers, record):
    print(json.dumps(record, ensure_ascii=False), file=answers, flush=True)


def read_samples(path):
    """16 kHz mono float32, by PyAV: the quickest way for peers that take samples, as no process is started."""
    import av
    import numpy

    resampler = av.AudioResampler(format="flt", layout="mono", rate=16000)
    with av.open(path) as container:
        frames = [piece for frame in container.decode(audio=0) for piece in resampler.resample(frame)]
    frames.extend(resampler.resample(None))
    return numpy.concatenate([frame.to_ndarray()[0] for frame in frames])
