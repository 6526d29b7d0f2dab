# Training: recipes, voices, export. In the repository's root:
#   docker build -f tools/docker/train.Dockerfile -t kwskit-train .
#   docker run --rm -it --gpus all --shm-size 8g --user "$(id -u)" -v "$PWD/runs:/runs" kwskit-train
#   kwskit recipe copy synth mine && cd mine && bash run.sh
# For machines without a GPU, a smaller torch: --build-arg TORCH="--extra-index-url https://download.pytorch.org/whl/cpu torch==2.13.0"
FROM python:3.12-slim AS build
ARG TORCH="torch>=2.11,<2.15"
WORKDIR /source
# torch before the rest: it is big, and changes seldom. Its argument may be several words.
# hadolint ignore=SC2086
RUN python -m venv /kwskit && set -f && /kwskit/bin/pip install --no-cache-dir $TORCH "torchaudio==2.11.*"
COPY . .
RUN /kwskit/bin/pip install --no-cache-dir ".[train,voices,export,index]"

FROM python:3.12-slim
COPY --from=build /kwskit /kwskit
RUN useradd --create-home --uid 1000 kwskit && install -d -o kwskit /runs
USER 1000
WORKDIR /runs
ENV PATH=/kwskit/bin:$PATH VIRTUAL_ENV=/kwskit HOME=/tmp
CMD ["bash"]
