# telltale as an image: one static file, no shell, not root, read-only root file system.
#
#   docker build -t telltale .
#   docker run --read-only -v telltale:/data -p 3000:3000 -p 4317:4317 -p 4318:4318 -e TELLTALE_TOKEN=... telltale
#
# A container has to listen on all addresses, so it starts only with TELLTALE_TOKEN (or the explicit --insecure).

FROM rust:1.95.0-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev make && rm -rf /var/lib/apt/lists/*
RUN rustup target add wasm32-unknown-unknown
WORKDIR /src
COPY . .
ENV TELLTALE_WEB=require
# The flag goes to the last link step alone: C and standard library become part of the file.
RUN cargo rustc --release --locked --package telltale --bin telltale -- -C target-feature=+crt-static \
    && mkdir -p /image/data && cp target/release/telltale /image/telltale

FROM scratch
COPY --from=build --chown=65532:65532 /image/ /
USER 65532:65532
ENV TELLTALE_DATA_DIR=/data \
    TELLTALE_LISTEN=0.0.0.0:3000 \
    TELLTALE_OTLP_GRPC=0.0.0.0:4317 \
    TELLTALE_OTLP_HTTP=0.0.0.0:4318
VOLUME /data
EXPOSE 3000 4317 4318
ENTRYPOINT ["/telltale"]
