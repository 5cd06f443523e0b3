"""transformers' pipeline for bench/peers.ts. Job: {"model", "threads", "dtype"}; see driver.py."""

import driver


def load(job):
    import torch
    import transformers

    torch.set_num_threads(job["threads"])
    transformers.utils.logging.set_verbosity_error()
    pipeline = transformers.pipeline(
        "automatic-speech-recognition",
        model=job["model"],
        dtype=getattr(torch, job["dtype"]),
        device="cpu",
    )

    def transcribe(clip):
        # PyAV instead of the pipeline's own ffmpeg process, which takes longer to start than to decode.
        audio = {"raw": driver.read_samples(clip["path"]), "sampling_rate": 16000}
        options = {"language": clip["language"], "task": "transcribe", "num_beams": clip["beamSize"]}
        # Chunks in one batch are the quicker of its two ways through long files. Without timestamps the chunks are
        # joined by their words alone, and a third of the text is lost.
        is_long = len(audio["raw"]) > 30 * 16000
        long = {"chunk_length_s": 30, "batch_size": 8, "return_timestamps": True} if is_long else {}
        return pipeline(audio, generate_kwargs=options, **long)["text"]

    return transformers.__version__, transcribe


driver.serve(load, ["torch", "transformers.pipelines", "transformers.models.whisper.modeling_whisper"])
