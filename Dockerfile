# The service without its tests and tools. Build: docker build -t countersign .   Run: docs/deploying.md
FROM node:24-slim AS install
WORKDIR /app
COPY package.json package-lock.json ./
# Optional dependencies are the pinned Node.js of npm start; the image brings its own. Nothing here needs an install script.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM node:24-slim
ENV NODE_ENV=production \
    CSIGN_SERVER_HOST=0.0.0.0 \
    CSIGN_DATA_FOLDER=/data \
    CSIGN_MASTER_KEY_FILE=/keys/master.key
# The key stands apart from the data, so that a copy of one volume is worth nothing without the other.
RUN install -d -o node -g node -m 0700 /data /keys
WORKDIR /app
COPY --from=install /app/node_modules ./node_modules
COPY package.json LICENSE README.md SECURITY.md CHANGELOG.md ./
# A running server serves its own documentation.
COPY docs ./docs
COPY src ./src
# By number, for orchestrators that must see that it is not root.
USER 1000:1000
VOLUME ["/data", "/keys"]
EXPOSE 8080
STOPSIGNAL SIGTERM
# /readyz where the server has said that its operator API answers, whatever port, address or certificate it was given, and by whatever.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s \
  CMD ["node", "--disable-sigusr1", "src/healthcheck.ts"]
# node itself is the first process: signals reach it, and a stop finishes what is under way.
ENTRYPOINT ["node", "--disable-sigusr1", "src/main.ts"]
CMD ["serve"]
