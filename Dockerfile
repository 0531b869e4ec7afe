# A node in a container; compose.yaml runs it. It could be checked without an engine only: see
# docs/hosting.md.

FROM python:3.11.14-slim-bookworm AS build
WORKDIR /source
COPY requirements.lock ./
RUN python -m venv /opt/sdmpweb
RUN /opt/sdmpweb/bin/pip install --no-cache-dir --no-deps --requirement requirements.lock
COPY . .
RUN /opt/sdmpweb/bin/pip install --no-cache-dir --no-deps .

FROM python:3.11.14-slim-bookworm
RUN useradd --system --uid 10001 --user-group --home-dir /data --shell /usr/sbin/nologin sdmpweb
RUN install --directory --mode 0700 --owner sdmpweb --group sdmpweb /data
COPY --from=build /opt/sdmpweb /opt/sdmpweb
ENV PATH=/opt/sdmpweb/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    SDMPWEB_DATA=/data \
    SDMPWEB_HOST=0.0.0.0
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["sdmpweb"]
CMD ["up"]
