# Paradox ASR on the CPU. Models are not in the image: they come at first use and stay in the cache volume.
#
#   docker build -t paradox-asr .
#   docker run --init -p 8000:8000 -e HF_TOKEN -v cache_dir:/root/.cache/huggingface paradox-asr
#
# Debian 13, since its setpriv knows Landlock: it keeps ffmpeg from all files but the recording (src/audio/sandbox.ts). The
# digest is that of the index for all architectures; 'docker buildx imagetools inspect node:24-trixie-slim' tells a newer one.

# The page. Only what is built goes on; the packages for development do not.
FROM node:24.21.0-trixie-slim@sha256:8ec5d7557396cfe32d21c3f9c13072355ceab22b584578ca4bb28af31120cffe AS page
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts && npm cache clean --force
COPY tsconfig.json ./
COPY src/web ./src/web
COPY src/transcript ./src/transcript
RUN npm run build:web

FROM node:24.21.0-trixie-slim@sha256:8ec5d7557396cfe32d21c3f9c13072355ceab22b584578ca4bb28af31120cffe

RUN apt-get update \
 && apt-get install -y --no-install-recommends ffmpeg \
 && rm -rf /var/lib/apt/lists/*

WORKDIR /app

# Packages before sources, so that a change of the sources does not install them again. What is optional is Node 24
# for machines that have none; this image has it.
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional && npm cache clean --force

COPY LICENSE ./
COPY bin ./bin
COPY scripts/node ./scripts/node
COPY src ./src
COPY --from=page /app/dist/web ./dist/web

# Not as root. Callers mount their volume at /root/.cache/huggingface, as they always did, so that folder is this user's:
# a new volume takes its owner over, one of root's needs a chown (docs/operations.md#container). The compiled models go
# into the same volume, since compiling them again at every start would cost minutes.
RUN chmod 711 /root \
 && install -d -o 1000 -g 1000 /root/.cache /root/.cache/huggingface
USER 1000:1000

ENV NODE_ENV=production \
    HF_HOME=/root/.cache/huggingface \
    PARADOX_CACHE_DIR=/root/.cache/huggingface/paradox-asr

EXPOSE 8000

HEALTHCHECK --interval=15s --timeout=5s --start-period=20s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 8000}/health`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]

# The launcher becomes the service (exec), so the signal reaches it: it stops accepting and finishes what runs.
STOPSIGNAL SIGTERM
ENTRYPOINT ["/app/bin/paradox"]
CMD ["serve"]
