"""Every set of torchvision that load knows: tiny, in its real format, on a server right here."""

import bz2
import gzip
import hashlib
import io
import pickle
import struct
import tarfile
import threading
import zipfile
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

COUNTS = {"train": 12, "test": 5}

# The set on which most is tested, and the first and last of its files.
NAME = "fashion_mnist"
FIRST = "train-images-idx3-ubyte.gz"
LAST = "t10k-labels-idx1-ubyte.gz"


@dataclass
class Tiny:
    """One set: what load must give, the files that hold it, and how to point torchvision there."""

    dataset: str
    images: dict
    labels: dict
    files: dict
    patch: dict = field(default_factory=dict)


def md5(data):
    return hashlib.md5(data).hexdigest()


def idx(array, kind=8):
    header = struct.pack(">BBBB", 0, 0, kind, array.ndim)
    return header + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def content(shape, classes):
    rng = np.random.default_rng(0)
    images = {
        split: rng.integers(0, 256, (count, *shape), np.uint8) for split, count in COUNTS.items()
    }
    labels = {split: rng.integers(0, classes, count) for split, count in COUNTS.items()}
    return images, labels


def of_idx(dataset):
    images, labels = content((1, 28, 28), 10)
    files = {}
    for split, prefix in (("train", "train"), ("test", "t10k")):
        files[f"{prefix}-images-idx3-ubyte.gz"] = gzip.compress(idx(images[split][:, 0]))
        files[f"{prefix}-labels-idx1-ubyte.gz"] = gzip.compress(idx(labels[split].astype("u1")))
    patch = {
        "mirrors": ["{base}/"],
        "resources": [(name, md5(data)) for name, data in files.items()],
    }
    return Tiny(dataset, images, labels, files, patch)


def of_emnist():
    images, labels = content((1, 28, 28), 47)
    inside = {"gzip/emnist-letters-train-images-idx3-ubyte.gz": b"not to be touched"}
    for split in COUNTS:
        stem = f"gzip/emnist-balanced-{split}"
        inside[f"{stem}-images-idx3-ubyte.gz"] = gzip.compress(
            idx(images[split][:, 0].transpose(0, 2, 1).copy())
        )
        inside[f"{stem}-labels-idx1-ubyte.gz"] = gzip.compress(idx(labels[split].astype("u1")))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in inside.items():
            archive.writestr(name, data)
    data = packed.getvalue()
    patch = {"url": "{base}/gzip.zip", "md5": md5(data)}
    return Tiny("EMNIST", images, labels, {"gzip.zip": data}, patch)


def of_qmnist():
    images, labels = content((1, 28, 28), 10)
    files, resources = {}, {}
    for split in COUNTS:
        rows = np.zeros((COUNTS[split], 8), ">i4")
        rows[:, 0] = labels[split]
        rows[:, 1:] = 99  # the writer and the like
        made = {
            f"qmnist-{split}-images-idx3-ubyte.gz": gzip.compress(idx(images[split][:, 0])),
            f"qmnist-{split}-labels-idx2-int.gz": gzip.compress(idx(rows, kind=12)),
        }
        files |= made
        resources[split] = [(f"{{base}}/{name}", md5(data)) for name, data in made.items()]
    return Tiny("QMNIST", images, labels, files, {"resources": resources})


def of_cifar(classes):
    images, labels = content((3, 32, 32), classes)
    names = [f"thing {number}" for number in range(classes)]
    keys = ("labels", "label_names") if classes == 10 else ("fine_labels", "fine_label_names")
    folder = f"cifar-{classes}-of-a-kind"
    inside = {"meta": pickle.dumps({keys[1]: names}, protocol=2)}
    for split in COUNTS:
        entry = {"data": images[split].reshape(-1, 3072), keys[0]: labels[split].tolist()}
        modern = pickle.dumps(entry, protocol=2)
        # As NumPy pickled in 2009: integers for dtype's flags, which NumPy 2.4 warns of.
        assert modern.count(b"\x89\x88\x87") == 1
        inside[split] = modern.replace(b"\x89\x88\x87", b"K\x00K\x01\x87")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, data in inside.items():
            member = tarfile.TarInfo(f"{folder}/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    data = packed.getvalue()
    patch = {
        "base_folder": folder,
        "url": f"{{base}}/cifar-{classes}-python.tar.gz",
        "tgz_md5": md5(data),
        "train_list": [["train", md5(inside["train"])]],
        "test_list": [["test", md5(inside["test"])]],
        "meta": {"filename": "meta", "key": keys[1], "md5": md5(inside["meta"])},
    }
    files = {f"cifar-{classes}-python.tar.gz": data}
    return Tiny(f"CIFAR{classes}", images, labels, files, patch)


def of_svhn():
    """Its .mat files as .npz: the tests stand in for SciPy, which reads them."""
    images, labels = content((3, 32, 32), 10)
    files = {}
    for split in COUNTS:
        packed = io.BytesIO()
        ten_for_zero = np.where(labels[split] == 0, 10, labels[split])[:, None].astype("u1")
        np.savez(packed, X=images[split].transpose(2, 3, 1, 0), y=ten_for_zero)
        files[f"{split}_32x32.mat"] = packed.getvalue()
    return Tiny("SVHN", images, labels, files, {"split_list": by_split(files)})


def of_usps():
    images, labels = content((1, 16, 16), 10)
    files = {}
    for split, name in (("train", "usps.bz2"), ("test", "usps.t.bz2")):
        # Half a level up, since torchvision rounds down.
        values = (images[split].reshape(-1, 256) + 0.5) / 255 * 2 - 1
        values = np.where(images[split].reshape(-1, 256) == 255, 1, values)
        lines = [
            " ".join([str(label + 1), *(f"{at + 1}:{value:.6f}" for at, value in enumerate(row))])
            for label, row in zip(labels[split], values, strict=True)
        ]
        files[name] = bz2.compress("\n".join(lines).encode())
    return Tiny("USPS", images, labels, files, {"split_list": by_split(files)})


def by_split(files):
    return {
        split: [f"{{base}}/{name}", name, md5(data)]
        for split, (name, data) in zip(COUNTS, files.items(), strict=True)
    }


MAKERS = {
    "fashion_mnist": lambda: of_idx("FashionMNIST"),
    "kmnist": lambda: of_idx("KMNIST"),
    "emnist": of_emnist,
    "qmnist": of_qmnist,
    "cifar10": lambda: of_cifar(10),
    "cifar100": lambda: of_cifar(100),
    "svhn": of_svhn,
    "usps": of_usps,
}


def at(base, value):
    """A patched attribute with its addresses completed."""
    if isinstance(value, str):
        return value.replace("{base}", base)
    if isinstance(value, dict):
        return {key: at(base, entry) for key, entry in value.items()}
    return type(value)(at(base, entry) for entry in value)


class Host:
    """A web server on 127.0.0.1 that gives files, well or badly.

    bad: by file name, a status to answer, or "cut", "wrong", "silent", "hang up", "no length".
    asked: the names that were asked for.
    """

    def __init__(self):
        self.files, self.bad, self.asked = {}, {}, []
        self.closing = threading.Event()
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                host.answer(self)

            def log_message(self, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def answer(self, request):
        name = request.path.rpartition("/")[2]
        self.asked.append(name)
        how = self.bad.get(request.path.lstrip("/"))
        data = self.files.get(name)
        if isinstance(how, int) or data is None:
            request.send_error(how or 404)
            return
        if how == "silent":
            self.closing.wait(60)
        if how in ("silent", "hang up"):
            return
        if how == "wrong":
            data = bytes(len(data))
        request.send_response(200)
        if how != "no length":
            request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data[: len(data) // 2] if how == "cut" else data)

    def close(self):
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def left_in(root):
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))
