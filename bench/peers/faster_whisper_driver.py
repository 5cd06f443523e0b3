"""faster-whisper for bench/peers.ts. Job: {"model", "threads", "computeType", "isBatched"}; see driver.py."""

import driver


def load(job):
    import faster_whisper

    model = faster_whisper.WhisperModel(
        job["model"],
        device="cpu",
        compute_type=job["computeType"],
        cpu_threads=job["threads"],
        local_files_only=True,
    )
    transcriber = faster_whisper.BatchedInferencePipeline(model) if job["isBatched"] else model

    def transcribe(clip):
        segments, _ = transcriber.transcribe(clip["path"], language=clip["language"], beam_size=clip["beamSize"])
        return "".join(segment.text for segment in segments)  # lazy until here: this is where the work is done

    return faster_whisper.__version__, transcribe


driver.serve(load, ["faster_whisper"])
