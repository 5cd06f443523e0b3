"""Times one peer's bare model for bench/peers-graphs.ts: an encoder window of 30 s and a decoding step of one text.

Usage: graph_times.py SYSTEM MODEL THREADS MEL_BANDS REPEATS; prints one JSON object:
  {"version", "openSeconds", "encoder30sSeconds", "tokenMs", "peakResidentMb"}
`open(model, threads, mels)` of each system gives back its version, a function that encodes the window and one that
takes the encoder's output and decodes greedily; the latter is a generator, so that each step can be timed.
"""

import importlib
import json
import os
import re
import statistics
import sys
import time

STEPS = 40
FIRST_STEPS = 8  # not timed: the prompt, and what a system prepares at its first tokens
PROMPT = [50258, 50259, 50359, 50363]


def open_ctranslate2(model, threads, mels):
    import ctranslate2
    import numpy

    whisper = ctranslate2.models.Whisper(model, compute_type="int8", intra_threads=threads)
    window = ctranslate2.StorageView.from_array(numpy.random.randn(1, mels, 3000).astype(numpy.float32))

    def decode(encoded):
        # It has no single step: texts of two lengths, so that their difference is that of the steps alone.
        def seconds(length):
            started = time.perf_counter()
            # Suppressing the end of text makes the texts as long as was asked for.
            result = whisper.generate(
                encoded, [PROMPT], beam_size=1, max_length=length, suppress_tokens=[50257], suppress_blank=False
            )
            return time.perf_counter() - started, len(result[0].sequences_ids[0])

        seconds(16)
        short, n_short = seconds(16)
        long, n_long = seconds(2 * STEPS)
        if long <= short or n_long <= n_short:
            raise RuntimeError("a long text took no longer than a short one: this machine is too busy to measure")
        yield from [(long - short) / (n_long - n_short)] * STEPS

    return ctranslate2.__version__, lambda: whisper.encode(window), decode


def open_openvino(model, threads, mels):
    import numpy
    import openvino

    core = openvino.Core()
    config = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"}
    encoder, decoder = (
        core.compile_model(os.path.join(model, f"openvino_{name}_model.xml"), "CPU", config).create_infer_request()
        for name in ("encoder", "decoder")
    )
    window = numpy.random.randn(1, mels, 3000).astype(numpy.float32)

    def decode(encoded):
        decoder.reset_state()
        tokens = PROMPT
        while True:
            started = time.perf_counter()
            inputs = {
                "input_ids": numpy.array([tokens]),
                "encoder_hidden_states": encoded,
                "beam_idx": numpy.zeros(1, numpy.int32),
            }
            tokens = [int(decoder.infer(inputs)["logits"][0, -1, :50000].argmax())]
            yield time.perf_counter() - started

    return openvino.__version__, lambda: encoder.infer({"input_features": window})["last_hidden_state"].copy(), decode


def open_transformers(model, threads, mels, dtype):
    import torch
    import transformers

    torch.set_num_threads(threads)
    torch.set_grad_enabled(False)  # for the rest of the process
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    whisper = transformers.WhisperForConditionalGeneration.from_pretrained(model, dtype=getattr(torch, dtype))
    window = torch.randn(1, mels, 3000).to(whisper.dtype)

    def decode(encoded):
        tokens = torch.tensor([PROMPT])
        past = None
        while True:
            started = time.perf_counter()
            out = whisper(
                decoder_input_ids=tokens, encoder_outputs=encoded, past_key_values=past, use_cache=True
            )
            past = out.past_key_values
            tokens = out.logits[:, -1, :50000].argmax(-1, keepdim=True)
            yield time.perf_counter() - started

    return transformers.__version__, lambda: whisper.get_encoder()(window), decode


# Imported before the time of opening begins.
LIBRARIES = {
    "ctranslate2": ["ctranslate2"],
    "openvino": ["openvino"],
    "transformers": ["torch", "transformers.models.whisper.modeling_whisper"],
}

OPEN = {
    "ctranslate2-int8": open_ctranslate2,
    "openvino-int8": open_openvino,
    "transformers-bfloat16": lambda *args: open_transformers(*args, "bfloat16"),
    "transformers-float32": lambda *args: open_transformers(*args, "float32"),
}


def main():
    system, model, threads, mels, repeats = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print must not get between
    for library in LIBRARIES[system.split("-")[0]]:
        importlib.import_module(library)
    started = time.perf_counter()
    version, encode, decode = OPEN[system](model, int(threads), int(mels))
    open_seconds = time.perf_counter() - started

    seconds = []
    for _ in range(int(repeats) + 1):  # the first warms up
        started = time.perf_counter()
        encoded = encode()
        seconds.append(time.perf_counter() - started)
    steps = [step for step, _ in zip(decode(encoded), range(STEPS))]
    with open("/proc/self/status") as status:
        peak = int(re.search(r"VmHWM:\s+(\d+)", status.read()).group(1)) / 1024
    result = {
        "version": version,
        "openSeconds": open_seconds,
        "encoder30sSeconds": statistics.median(seconds[1:]),
        "tokenMs": statistics.median(steps[FIRST_STEPS:]) * 1000,
        "peakResidentMb": peak,
    }
    print(json.dumps(result), file=answers, flush=True)


main()
