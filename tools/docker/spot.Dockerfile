# Spotting and the page, without torch. In the repository's root:
#   docker build -f tools/docker/spot.Dockerfile -t kwskit .
#   docker run --rm -v "$PWD:/sound:ro" kwskit spot --keyword "hey nova" /sound/meeting.wav
#   docker compose -f tools/docker/compose.yaml up
# Extras of setup.cfg, for example --build-arg EXTRAS=index, are left out unless asked for.
FROM python:3.12-slim AS build
ARG EXTRAS=""
WORKDIR /source
COPY . .
RUN python -m venv /kwskit && /kwskit/bin/pip install --no-cache-dir ".${EXTRAS:+[$EXTRAS]}"

FROM python:3.12-slim
COPY --from=build /kwskit /kwskit
RUN useradd --create-home --uid 1000 kwskit
USER 1000
WORKDIR /home/kwskit
ENV PATH=/kwskit/bin:$PATH
EXPOSE 8000
ENTRYPOINT ["kwskit"]
CMD ["--help"]
