"""What is downloaded at paper scale: addresses to try in order, checksum, size and terms."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Archive:
    """A published file; `checksum` is `algorithm:hex`, where `sha256-prefix` is its beginning."""

    urls: tuple[str, ...]
    checksum: str
    size: int | None  # bytes, where it is known
    terms: str


_OXFORD = "http://host.robots.ox.ac.uk/pascal/VOC"
_VOC_MIRROR = "https://huggingface.co/datasets/JimmyUnleashed/Pascal_VOC/resolve/main"
_SBD = "eecs.berkeley.edu/Research/Projects/CS/vision/grouping/semantic_contours/benchmark.tgz"
_VOC_TERMS = "PASCAL VOC; the photographs are subject to Flickr's terms of use"

ARCHIVES = {
    "VOCtrainval_25-May-2011.tar": Archive(
        urls=(
            f"{_OXFORD}/voc2011/VOCtrainval_25-May-2011.tar",
            f"{_VOC_MIRROR}/VOCtrainval_25-May-2011.tar",
        ),
        checksum="md5:6c3384ef61512963050cb5d687e5bf1e",
        size=None,
        terms=_VOC_TERMS,
    ),
    "VOCtrainval_11-May-2012.tar": Archive(
        urls=(
            f"{_OXFORD}/voc2012/VOCtrainval_11-May-2012.tar",
            f"{_VOC_MIRROR}/VOCtrainval_11-May-2012.tar",
            "https://dataset.bj.bcebos.com/voc/VOCtrainval_11-May-2012.tar",
            "http://pjreddie.com/media/files/VOCtrainval_11-May-2012.tar",
        ),
        checksum="sha256:e14f763270cf193d0b5f74b169f44157a4b0c6efa708f4dd0ff78ee691763bcb",
        size=1_999_639_040,
        terms=_VOC_TERMS,
    ),
    "VOCtrainval_03-May-2010.tar": Archive(
        urls=(
            f"{_OXFORD}/voc2010/VOCtrainval_03-May-2010.tar",
            f"{_VOC_MIRROR}/VOCtrainval_03-May-2010.tar",
            "https://www.dropbox.com/s/wtdibo9lb2fur70/VOCtrainval_03-May-2010.tar?dl=1",
        ),
        checksum="sha256:1af4189cbe44323ab212bff7afbc7d0f55a267cc191eb3aac911037887e5c7d4",
        size=1_345_040_896,
        terms=_VOC_TERMS,
    ),
    "benchmark.tgz": Archive(
        urls=(f"http://www.{_SBD}", f"https://www2.{_SBD}"),
        checksum="md5:82b4d87ceb2ed10f6038a1cba92111cb",
        size=None,
        terms="SBD (Hariharan et al. 2011), for research; photographs as PASCAL VOC",
    ),
    # The paper's ILSVRC weights, converted from Caffe: they expect BGR, 0..255, mean subtracted.
    "vgg16-00b39a1b.pth": Archive(
        urls=(
            "https://web.eecs.umich.edu/~justincj/models/vgg16-00b39a1b.pth",
            "https://s3-us-west-2.amazonaws.com/jcjohns-models/vgg16-00b39a1b.pth",
            "https://huggingface.co/spaces/AfrodreamsAI/afrodreams/resolve/main/vgg16-00b39a1b.pth",
        ),
        checksum="sha256-prefix:00b39a1b",
        size=None,
        terms="VGG ILSVRC-2014 weights, CC BY 4.0",
    ),
    # Trained by torchvision, another net for the same layers: RGB, 0..1, mean and deviation.
    "vgg16-397923af.pth": Archive(
        urls=("https://download.pytorch.org/models/vgg16-397923af.pth",),
        checksum="sha256-prefix:397923af",
        size=None,
        terms="torchvision, BSD-3-Clause",
    ),
}
