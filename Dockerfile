# Fondaco with all its extras, for CPUs. Its use: docs/how-to/deployment.md, "Docker".
FROM python:3.11-slim

RUN apt-get update \
 && apt-get install -y --no-install-recommends libgomp1 libegl1 libgl1 \
 && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/fondaco
COPY requirements/server.txt requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/server.txt
COPY server server
RUN pip install --no-cache-dir --no-deps --no-build-isolation ./server

RUN useradd --system --create-home --uid 10001 fondaco \
 && install -d -o fondaco -m 0700 /var/lib/fondaco /var/cache/fondaco
USER fondaco
ENV FONDACO_HOME=/var/lib/fondaco FONDACO_MODELS=/var/cache/fondaco
VOLUME ["/var/lib/fondaco", "/var/cache/fondaco"]
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --start-period=60s --interval=15s --timeout=10s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=8)"]
ENTRYPOINT ["fondaco"]
CMD ["serve", "--host", "0.0.0.0", "--allow-remote"]
