# The package without its tests and tools. Build: docker build -t countersign .   Run: docs/deploying.md
FROM node:24-slim AS build
WORKDIR /build
COPY . .
RUN npm ci --ignore-scripts --no-audit --no-fund && mkdir /packed && npm pack --pack-destination /packed

FROM node:24-slim AS install
WORKDIR /app
COPY --from=build /packed /packed
# --no-same-owner: the files belong to root, so that the user of the service cannot change them.
RUN tar -xzf /packed/countersign-*.tgz --strip-components=1 --no-same-owner
# Beside the package, so that the image has exactly the versions that the tests ran with. A package has no lockfile.
COPY package-lock.json ./
# Optional dependencies are the pinned Node.js; the image brings its own. Nothing here needs an install script.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM node:24-slim
ENV NODE_ENV=production \
    CSIGN_SERVER_HOST=0.0.0.0 \
    CSIGN_DATA_FOLDER=/data \
    CSIGN_MASTER_KEY_FILE=/keys/master.key
# The key stands apart from the data, so that a copy of one volume is worth nothing without the other.
RUN install -d -o node -g node -m 0700 /data /keys
WORKDIR /app
# With its documents: a running server serves them.
COPY --from=install /app ./
# By number, for orchestrators that must see that it is not root.
USER 1000:1000
VOLUME ["/data", "/keys"]
EXPOSE 8080
STOPSIGNAL SIGTERM
# Asks /readyz at the address that the server has written into its data folder: no port or certificate is repeated here.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s \
  CMD ["node", "--disable-sigusr1", "dist/healthcheck.js"]
# node itself is the first process: signals reach it, and a stop finishes what is under way.
ENTRYPOINT ["node", "--disable-sigusr1", "dist/main.js"]
CMD ["serve"]
