"""Drives a running service with OpenAI's own Python package, by its base URL alone, and prints what it got as JSON.

usage: openai_client.py BASE_URL < job.json
       job.json: {"english": FILE, "spanish": FILE, "broken": FILE}
"""

import json
import sys

import openai

BASE_URL = sys.argv[1]
JOB = json.load(sys.stdin)
CLIENT = openai.OpenAI(base_url=BASE_URL, api_key="any", max_retries=0)


def transcribe(name="english", **fields):
    with open(JOB[name], "rb") as file:
        return CLIENT.audio.transcriptions.create(file=file, **{"model": "whisper-1", **fields})


def translate(**fields):
    with open(JOB["spanish"], "rb") as file:
        return CLIENT.audio.translations.create(file=file, model="whisper-1", **fields)


def plain(answer):
    """What a JSON document can hold of an answer: the package's objects as their own fields, strings as they are."""
    return answer if isinstance(answer, str) else {"class": type(answer).__name__, **answer.to_dict()}


def stream():
    events = [event.to_dict() for event in transcribe(stream=True)]
    return {
        "types": [event["type"] for event in events],
        "joined": "".join(event.get("delta", "") for event in events),
        "done": events[-1],
    }


def refusal(call):
    try:
        return {"answered": plain(call())}
    except openai.APIStatusError as error:
        return {
            "class": type(error).__name__,
            "status": error.status_code,
            "code": error.code,
            "param": error.param,
            "type": error.type,
            "request_id": error.request_id,
        }


STEPS = {
    "json": lambda: plain(transcribe()),
    "text": lambda: plain(transcribe(response_format="text")),
    "srt": lambda: plain(transcribe(response_format="srt")),
    "vtt": lambda: plain(transcribe(response_format="vtt")),
    "verbose_json": lambda: plain(
        transcribe(response_format="verbose_json", timestamp_granularities=["word", "segment"])
    ),
    "logprobs": lambda: plain(transcribe(include=["logprobs"])),
    "chunked": lambda: plain(transcribe(chunking_strategy={"type": "server_vad", "threshold": 0.4})),
    "extra": lambda: plain(
        transcribe(prompt="An address.", temperature=0.2, extra_body={"languages": ["pt", "en"], "keywords": ["country"]})
    ),
    "stream": stream,
    "translation": lambda: plain(translate()),
    "translation_text": lambda: plain(translate(response_format="text")),
    "models": lambda: [plain(model) for model in CLIENT.models.list()],
    "model": lambda: plain(CLIENT.models.retrieve("base")),
    "unknown_model": lambda: refusal(lambda: transcribe(model="no-such-model")),
    "wrong_temperature": lambda: refusal(lambda: transcribe(temperature=3)),
    "broken_file": lambda: refusal(lambda: transcribe("broken")),
    "broken_stream": lambda: refusal(lambda: next(iter(transcribe("broken", stream=True)))),
}


def report(step):
    try:
        return step()
    except Exception as error:  # one step that fails must not hide the others
        return {"raised": f"{type(error).__name__}: {error}"}


print(json.dumps({name: report(step) for name, step in STEPS.items()}))
