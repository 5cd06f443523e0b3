"""OpenVINO GenAI's WhisperPipeline for bench/peers.ts. Job: {"model", "threads", "compiledCache"}; see driver.py.

The precision of the arithmetic stays its own choice: bfloat16 where the processor has it, with weights of any width.
"""

import driver


def load(job):
    import openvino_genai

    pipeline = openvino_genai.WhisperPipeline(
        job["model"], "CPU", INFERENCE_NUM_THREADS=job["threads"], CACHE_DIR=job["compiledCache"]
    )

    def transcribe(clip):
        config = pipeline.get_generation_config()
        config.language = f"<|{clip['language']}|>"
        config.task = "transcribe"
        config.num_beams = clip["beamSize"]
        return pipeline.generate(driver.read_samples(clip["path"]), config).texts[0]

    return openvino_genai.get_version(), transcribe


driver.serve(load, ["openvino_genai"])
