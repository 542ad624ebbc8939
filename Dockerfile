# Not run here: no container engine was at hand when this was written.
# Build:  docker build -t maibo .
# Run:    docker run -p 8000:8000 -v maibo:/data -e MAIBO_BASE_URL=https://mon.example.org maibo
FROM rust:1.95-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends build-essential && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN cargo build --release --locked

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin maibo \
    && install -d -o maibo -g maibo -m 700 /data
COPY --from=build /src/target/release/maibo /usr/local/bin/maibo
USER maibo
WORKDIR /data
VOLUME /data
ENV MAIBO_LISTEN=0.0.0.0:8000 MAIBO_DATA=/data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=15s --start-period=10s \
    CMD ["/usr/local/bin/maibo", "health"]
ENTRYPOINT ["/usr/local/bin/maibo"]
CMD ["serve"]
