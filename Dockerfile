# syntax=docker/dockerfile:1
# The sidecar of Argo CD's repo-server: presync without its cluster commands, helm and kustomize.
#
# helm and kustomize are built from the Go modules that the tests use: go.mod pins the version, go.sum the checksum of
# every source file.
ARG RUST=1.95
ARG GO=1.26
ARG ALPINE=3.22

FROM rust:${RUST}-alpine AS presync
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY src src
# The plugin reads what app owners wrote, so it holds no network client.
RUN cargo build --release --locked --no-default-features --package argocd-presync-plugin --bin presync \
    && ./target/release/presync --version

FROM golang:${GO}-bookworm AS tools
# helm3 is what Argo CD itself renders with; helm4 is there too.
ARG HELM=helm3
WORKDIR /src
COPY tests/tools tests/tools
RUN tests/tools/build "${HELM}" kustomize \
    && mv "target/tools/${HELM}" target/tools/helm

FROM alpine:${ALPINE}
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="argocd-presync-plugin" \
      org.opencontainers.image.description="Argo CD plugin that turns migration Jobs into sync hooks" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.source="https://github.com/argocd-presync-plugin/argocd-presync-plugin" \
      org.opencontainers.image.licenses="Apache-2.0"
# git is for kustomize's remote bases. Argo CD's image runs as 999 and its socket directory belongs to that user.
# hadolint ignore=DL3018
RUN apk add --no-cache ca-certificates git \
    && adduser -D -u 999 -h /home/argocd argocd
COPY --from=presync /src/target/release/presync /usr/local/bin/
COPY --from=tools /src/target/tools/helm /src/target/tools/kustomize /usr/local/bin/
COPY plugin.yaml /home/argocd/cmp-server/config/plugin.yaml
# Everything that is written goes below /tmp, which is a volume in the sidecar: the root may be read-only.
ENV HOME=/tmp
USER 999
RUN presync --version && helm version --short && kustomize version
# The server is put there by the init container of Argo CD's repo-server Deployment.
ENTRYPOINT ["/var/run/argocd/argocd-cmp-server"]
