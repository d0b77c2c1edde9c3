# inadekit built and tested in an image of Debian, on the CPU:
#
#     docker build -t inadekit .
#     docker run --rm -v "$PWD/runs:/root/inadekit/runs" inadekit run pipelines/quickstart.yaml
#
# --build-arg RELEASE=trixie takes Debian 13. The steps are those of tests/clean_room; the test
# `dockerfile` compares them.
ARG RELEASE=bookworm
FROM debian:$RELEASE
ENV LC_ALL=C
RUN apt-get -q update && \
    apt-get -q install -y --no-install-recommends git ca-certificates
COPY . /root/inadekit
WORKDIR /root/inadekit
RUN tests/newcomer
ENTRYPOINT ["/root/inadekit/build/bin/inadekit"]
CMD ["--help"]
