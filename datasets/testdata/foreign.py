"""Writes small files in the formats of data sets with the tools that the sets were
made with: python3 foreign.py, in this folder. It needs numpy and scipy; the files
here were made by Python 3.11, numpy 2 and scipy 1.17.

Pixel c of row y, column x of image i is (31 i + 7 y + 13 x + 101 c + x y) mod 256,
its label 3 i mod 10."""
import io
import pickle
import tarfile

import numpy
import scipy.io


def images(n, side, channels):
    i, y, x, c = numpy.ogrid[:n, :side, :side, :channels]
    return ((31 * i + 7 * y + 13 * x + 101 * c + x * y) % 256).astype(numpy.uint8)


def labels(n):
    return [3 * i % 10 for i in range(n)]


def planes(n):
    return numpy.ascontiguousarray(images(n, 32, 3).transpose(0, 3, 1, 2)).reshape(n, 3072)


def save(name, value, protocol):
    with open(name, "wb") as f:
        pickle.dump(value, f, protocol)


# CIFAR, Python version: as torchvision has it, keys bytes; and as one writes it now.
save("cifar-protocol2.pickle", {b"batch_label": b"batch", b"labels": labels(4), b"data": planes(4)}, 2)
save("cifar-protocol4.pickle", {"fine_labels": labels(4), "labels": labels(4), "data": planes(4)}, 4)
save("cifar-protocol5.pickle", {"labels": numpy.array(labels(4)), "data": planes(4)}, 5)
save("cifar-int16.pickle", {"labels": labels(4), "data": planes(4).astype(numpy.int16)}, 4)
save("cifar-fortran.pickle", {"labels": labels(4), "data": numpy.asfortranarray(planes(4))}, 4)
save("meta.pickle", {b"fine_label_names": [b"apple", b"bear"]}, 2)

# A tarball: two files of CIFAR's records, and what else may be in one.
for name, form in ("ustar.tar.gz", tarfile.USTAR_FORMAT), ("gnu.tar.gz", tarfile.GNU_FORMAT), ("pax.tar.gz", tarfile.PAX_FORMAT):
    with tarfile.open(name, "w:gz", format=form) as t:

        def add(name, data, kind=tarfile.REGTYPE, link=""):
            info = tarfile.TarInfo(name)
            info.size, info.type, info.linkname = len(data), kind, link
            t.addfile(info, io.BytesIO(data))

        record = lambda i: bytes([labels(4)[i]]) + planes(4)[i].tobytes()
        add("set", b"", tarfile.DIRTYPE)
        add("set/readme.html", b"<html>")
        add("set/second.bin", record(2) + record(3))
        add("set/first.bin", b"", tarfile.SYMTYPE, "/etc/passwd")
        add("../set/first.bin", b"outside")
        add("set/deep/first.bin", b"deep")
        add("set/" + "long" * 30 + "/first.bin", b"a long name")
        add("./set/first.bin", record(0) + record(1))

# MNIST as Keras has it.
x_train, x_test = images(3, 28, 1)[..., 0], images(2, 28, 1)[..., 0]
numpy.savez_compressed("compressed.npz", x_train=x_train, y_train=numpy.array(labels(3), numpy.uint8),
                       x_test=x_test, y_test=numpy.array(labels(2), numpy.uint8))
numpy.savez("stored.npz", x_test=x_test, y_test=numpy.array(labels(2)), x_train=x_train, y_train=numpy.array(labels(3), ">f4"))

# SVHN: label 10 is the digit 0.
for name, compress, kind in ("compressed.mat", True, numpy.uint8), ("stored.mat", False, numpy.float64):
    y = numpy.array(labels(4), kind)[:, None]
    y[y == 0] = 10
    scipy.io.savemat(name, {"text": "not a number", "X": images(4, 32, 3).transpose(1, 2, 3, 0), "y": y}, do_compression=compress)
