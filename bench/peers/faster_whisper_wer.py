"""Transcribes clips with faster-whisper, as one more row of the table that bench/wer.ts prints.

Reads one JSON object from standard input:
  {"model": folder, "computeType": "int8", "threads": 2, "isBatched": false,
   "options": {...}, "clips": [{"id", "path", "language" or null}, ...]}
`options` are the keyword arguments of faster-whisper's own `transcribe`; everything else keeps its defaults.

Writes one JSON object per line, the first one about the run itself:
  {"version", "loadSeconds"}
  {"id", "text", "language", "seconds", "segments": [{"start", "end", "text", "words"}]}  or  {"id", "error", "seconds"}
"""

import json
import sys
import time

import faster_whisper


def transcribe(transcriber, clip, options):
    segments, info = transcriber.transcribe(clip["path"], language=clip["language"], **options)
    segments = list(segments)  # lazy until now: this is where the work is done
    return {
        "text": "".join(segment.text for segment in segments).strip(),
        "language": info.language,
        "segments": [
            {
                "start": round(segment.start, 3),
                "end": round(segment.end, 3),
                "text": segment.text,
                "words": [
                    {"start": round(word.start, 3), "end": round(word.end, 3), "word": word.word}
                    for word in segment.words
                ]
                if segment.words is not None
                else None,
            }
            for segment in segments
        ],
    }


def say(record):
    print(json.dumps(record, ensure_ascii=False), flush=True)


def main():
    job = json.load(sys.stdin)
    started = time.perf_counter()
    transcriber = faster_whisper.WhisperModel(
        job["model"],
        device="cpu",
        compute_type=job["computeType"],
        cpu_threads=job["threads"],
        local_files_only=True,
    )
    if job["isBatched"]:
        transcriber = faster_whisper.BatchedInferencePipeline(transcriber)
    say({"version": faster_whisper.__version__, "loadSeconds": time.perf_counter() - started})

    for clip in job["clips"]:
        started = time.perf_counter()
        try:
            result = transcribe(transcriber, clip, job["options"])
        except Exception as error:  # a clip that fails is a result of its own; the others go on
            result = {"error": f"{type(error).__name__}: {error}"}
        say({"id": clip["id"], "seconds": round(time.perf_counter() - started, 3), **result})


main()
