# Prints the classes and then the files of a folder of images in the order of
# torchvision's ImageFolder, which sorts what os.walk finds.
#
#   cd datasets/testdata && python3 order.py      (Python 3.11)
#
# makes the files of order.txt in a temporary folder and writes their order there.
import os, tempfile

names = """Zebra/1.png yak/1.png a/10.png a/9.png a/B.png a/c.PNG a/_.jpeg a/.x.gif a/x/1.png a/x-y/1.png a/x/y/1.png
a/xa/1.png a/x.png a/ä.png a/z.png a-b/1.png a.b/1.png ä/1.webp é/1.png 10/1.png 9/1.png 日本/1.TIFF ﬀ/1.png 𝒳/1.png
.hidden/1.bmp a/~.JPG a/no.txt a/png a/1.png.bak a/album.png/1.png""".split()

with tempfile.TemporaryDirectory() as root:
    for name in names:
        os.makedirs(os.path.join(root, os.path.dirname(name)), exist_ok=True)
        open(os.path.join(root, name), "w").close()
    classes = sorted(e.name for e in os.scandir(root) if e.is_dir())
    extensions = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
    files = []
    for c in classes:
        for folder, _, found in sorted(os.walk(os.path.join(root, c), followlinks=True)):
            files += [os.path.relpath(os.path.join(folder, f), root) for f in sorted(found) if f.lower().endswith(extensions)]
    with open("order.txt", "w", encoding="utf-8") as f:
        print(*names, "", *classes, "", *files, sep="\n", file=f)
