# Three images:
#
#   (default)         the sidecar of Argo CD's repo-server: presync without its cluster commands, helm, kustomize and git
#   --target slim     presync without its cluster commands, and nothing else: `presync install` in an init container
#   --target cluster  presync with doctor, repair and watch, and nothing else
#
# The base images are named by tag here. Renovate pins them by digest on its first run, and updates the digests
# (renovate.json).
#
# helm and kustomize are built from the Go modules that the tests use: go.mod pins the version, go.sum the checksum of
# every source file.
ARG RUST=1.95
ARG GO=1.26
ARG DEBIAN=trixie

FROM rust:${RUST}-${DEBIAN} AS source
WORKDIR /src
COPY Cargo.toml Cargo.lock build.rs plugin.yaml ./
COPY src src
# A member of the workspace, which Cargo.lock speaks of too.
COPY tests/e2e tests/e2e
# Static, to run in any image. Only what is built for a target that is named gets the flags: procedural macros, which
# cannot be static, do not.
ENV RUSTFLAGS='-C target-feature=+crt-static'
# What `presync --version` prints, since the context has no git.
ARG PRESYNC_COMMIT
ARG SOURCE_DATE_EPOCH

FROM source AS presync-sidecar
# It reads what app owners wrote, so it holds no network client.
RUN cargo install --path . --locked --no-default-features --target "$(rustc --print host-tuple)" --root /usr/local

FROM source AS presync-cluster
RUN cargo install --path . --locked --target "$(rustc --print host-tuple)" --root /usr/local

FROM golang:${GO}-${DEBIAN} AS tools
# helm3 is what Argo CD itself renders with; helm4 is there too.
ARG HELM=helm3
WORKDIR /src
COPY tests/tools tests/tools
RUN tests/tools/build "${HELM}" kustomize \
    && mv "target/tools/${HELM}" target/tools/helm

# What the images without a system share.
FROM scratch AS labelled
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="argocd-presync-plugin" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.source="https://github.com/argocd-presync-plugin/argocd-presync-plugin" \
      org.opencontainers.image.licenses="Apache-2.0"
USER 999:999
ENTRYPOINT ["/usr/local/bin/presync"]

FROM labelled AS slim
LABEL org.opencontainers.image.description="presync alone, to install into a sidecar of another image"
COPY --from=presync-sidecar /usr/local/bin/presync /usr/local/bin/

FROM labelled AS cluster
LABEL org.opencontainers.image.description="Diagnoses, repairs and watches Argo CD apps whose Jobs a TTL deletes"
# For a kubeconfig whose API server has a public certificate; in a cluster, the service account brings its own.
COPY --from=source /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=presync-cluster /usr/local/bin/presync /usr/local/bin/

FROM debian:${DEBIAN}-slim
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="argocd-presync-plugin" \
      org.opencontainers.image.description="Argo CD plugin that turns migration Jobs into sync hooks" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.source="https://github.com/argocd-presync-plugin/argocd-presync-plugin" \
      org.opencontainers.image.licenses="Apache-2.0"
# Argo CD's image runs as 999, and the directory of the plugins' sockets belongs to that user. git is for kustomize's
# remote bases; the packages are as new as DEBIAN has them.
# hadolint ignore=DL3008
RUN groupadd --gid 999 argocd \
    && useradd --system --uid 999 --gid argocd --home-dir /home/argocd --shell /usr/sbin/nologin argocd \
    && apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates git \
    && rm -rf /var/lib/apt/lists/*
COPY --from=tools /src/target/tools/helm /src/target/tools/kustomize /usr/local/bin/
COPY --from=presync-sidecar /usr/local/bin/presync /usr/local/bin/
COPY plugin.yaml /home/argocd/cmp-server/config/
# All that helm, kustomize and git write goes below /tmp, a volume in the sidecar: the root may be read-only.
ENV HOME=/tmp
USER 999:999
RUN presync --version && helm version --short && kustomize version
# The server is put there by the init container of Argo CD's repo-server Deployment.
ENTRYPOINT ["/var/run/argocd/argocd-cmp-server"]
