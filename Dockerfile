# One image for every service; the command picks which: `node dist/apps/gateway/src/main.js`, … See docs/containers.md.
# Needs BuildKit. Both bases must have Node 24 in PATH; the build's needs npm and a shell, too.
ARG BUILD_BASE=node:24-trixie-slim
ARG RUNTIME_BASE=node:24-trixie-slim

# The lock file's packages, behind a mirror with the secrets `npmrc` (a .npmrc) and `ca` (certificates to trust).
# No install script runs: what they would fetch (Node, PostgreSQL's programs) is not for the image.
FROM ${BUILD_BASE} AS sources
WORKDIR /berth
COPY .npmrc package.json package-lock.json ./

FROM sources AS production
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc --mount=type=secret,id=ca --mount=type=cache,target=/root/.npm \
  [ ! -f /run/secrets/ca ] || export NODE_EXTRA_CA_CERTS=/run/secrets/ca; \
  npm ci --omit=dev --omit=optional --ignore-scripts

FROM sources AS build
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc --mount=type=secret,id=ca --mount=type=cache,target=/root/.npm \
  [ ! -f /run/secrets/ca ] || export NODE_EXTRA_CA_CERTS=/run/secrets/ca; \
  npm ci --ignore-scripts
COPY . .
# The database volume of an all-in-one Berth gets its owner from this folder. `berth` is the command line.
RUN node scripts/build.js && mkdir /data && chown 65532:65532 /data \
  && chmod 755 dist/apps/cli/src/main.js && mkdir bin && ln -s /berth/dist/apps/cli/src/main.js bin/berth

FROM ${RUNTIME_BASE}
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Berth" \
  org.opencontainers.image.description="A self-hosted container registry on your own PostgreSQL and S3-compatible storage" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}"
WORKDIR /berth
COPY LICENSE package.json ./
COPY --from=production /berth/node_modules node_modules
COPY prisma/migrations prisma/migrations
COPY --from=build /berth/dist dist
COPY --from=build /berth/bin /usr/local/bin
COPY --from=build --chown=65532:65532 /data /data
# A container is reached from outside: what listens on the loopback address elsewhere listens on every address here.
ENV NODE_ENV=production NODE_OPTIONS=--enable-source-maps BERTH_LISTEN=:5000 BERTH_DATA_DIR=/data
USER 65532:65532
EXPOSE 5000
ENTRYPOINT []
CMD ["node", "dist/apps/all-in-one/src/main.js"]
