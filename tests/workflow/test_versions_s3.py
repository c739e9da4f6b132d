"""DVC: versions in a bucket, on a real server of the S3 protocol on this machine."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from fixtures.clone import Clone, tiny
from moto.server import ThreadedMotoServer

pytestmark = pytest.mark.slow

NAME, SECRET = "someone", "a-secret"


@pytest.fixture
def endpoint() -> Iterator[str]:
    """The address of a server with a bucket `store`."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    client = boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=NAME,
        aws_secret_access_key=SECRET,
    )
    client.create_bucket(Bucket="store")
    try:
        yield url
    finally:
        server.stop()


def test_a_clone_gets_data_and_results_from_a_bucket(endpoint: str, tmp_path: Path) -> None:
    clone = Clone(tmp_path / "here")
    clone.environment |= {
        "AWS_ACCESS_KEY_ID": NAME,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    clone.configure(tiny(clone.config(), ["voc-fcn32s"]))
    clone.run("dvc", "remote", "add", "--default", "store", "s3://store/fcn")
    clone.run("dvc", "remote", "modify", "store", "endpointurl", endpoint)
    clone.run("dvc", "repro", "train")
    clone.commit()
    clone.run("dvc", "push")

    other = Clone(tmp_path / "there", source=clone.folder)
    other.environment |= {k: v for k, v in clone.environment.items() if k.startswith("AWS_")}
    other.run("dvc", "pull", "--allow-missing")
    for name in ("data/demo/archives/benchmark.tgz", "results/demo/checkpoints/voc-fcn32s/0.pt"):
        assert (other.folder / name).read_bytes() == (clone.folder / name).read_bytes()
