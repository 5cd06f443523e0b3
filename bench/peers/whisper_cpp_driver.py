"""whisper.cpp by pywhispercpp for bench/peers.ts. Job: {"model", "threads", "beamSize"}; see driver.py."""

import driver


def load(job):
    from importlib.metadata import version

    import _pywhispercpp
    from pywhispercpp.model import Model

    # The strategy is chosen with the model: this binding cannot change it between clips.
    beams = {"beam_search": {"beam_size": job["beamSize"], "patience": -1.0}} if job["beamSize"] > 1 else {}
    model = Model(
        job["model"],
        n_threads=job["threads"],
        params_sampling_strategy=1 if beams else 0,
        print_progress=False,
        redirect_whispercpp_logs_to=None,
        **beams,
    )

    def transcribe(clip):
        segments = model.transcribe(driver.read_samples(clip["path"]), language=clip["language"])
        return " ".join(segment.text for segment in segments)

    instructions = "AVX-512" if "AVX512 = 1" in _pywhispercpp.whisper_print_system_info() else "no AVX-512"
    return f"{version('pywhispercpp')} ({instructions})", transcribe


driver.serve(load, ["pywhispercpp.model"])
