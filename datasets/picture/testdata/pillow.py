# Writes small pictures in every format, and pillow.txt: what Pillow's
# convert("RGB") makes of each, a line of name, height, width and hexadecimal
# pixels. Of the 16 bits of a grey PNG it has the upper 8, which is not what
# Pillow does: it cuts off at 255. fit.txt has what Resize and CenterCrop of
# torchvision make of two of them: Pillow does the work, the sizes are theirs.
#
#   cd datasets/picture/testdata && python3 pillow.py     (Pillow 13.0, numpy)
import numpy as np
from PIL import Image

h, w = 13, 18
y, x = np.mgrid[0:h, 0:w]
rgb = np.stack([20 + 12 * x, 30 + 15 * y, 128 + 90 * np.sin(0.5 * x + 0.7 * y)], -1).astype(np.uint8)
alpha = ((x * 37 + y * 91) % 256).astype(np.uint8)
alpha[0, :3] = 0
colour = Image.fromarray(rgb)
rgba = Image.fromarray(np.dstack([rgb, alpha]))
grey = colour.convert("L")
palette = colour.quantize(40)

# Tiles of one colour have no frequencies: what is read depends on the colours alone.
tiles = np.random.default_rng(2).integers(0, 256, (2, 3, 3), np.uint8)
tiles = Image.fromarray(tiles.repeat(16, 0).repeat(16, 1)[:, :42])

files = {
    "rgb.png": (colour, {}),
    "rgba.png": (rgba, {}),
    "grey.png": (grey, {}),
    "grey-alpha.png": (Image.merge("LA", [grey, Image.fromarray(alpha)]), {}),
    "bits.png": (grey.convert("1"), {}),
    "palette.png": (palette, {}),
    "palette-alpha.png": (palette, {"transparency": 3}),
    "rgb.bmp": (colour, {}),
    "palette.bmp": (palette, {}),
    "rgb.tif": (colour, {}),
    "lzw.tiff": (colour, {"compression": "tiff_lzw"}),
    "rgba.tif": (rgba, {}),
    "grey.tif": (grey, {}),
    "palette.gif": (palette, {}),
    "lossless.webp": (colour, {"lossless": True}),
    "rgba-lossless.webp": (rgba, {"lossless": True, "exact": True}),
    "lossy.webp": (colour, {"quality": 90}),
    "rgba-lossy.webp": (rgba, {"quality": 90}),
    "444.jpg": (colour, {"quality": 90, "subsampling": 0}),
    "422.jpg": (colour, {"quality": 90, "subsampling": 1}),
    "420.JPEG": (colour, {"quality": 90, "subsampling": 2}),
    "progressive.jpg": (colour, {"quality": 90, "progressive": True}),
    "tiles-422.jpg": (tiles, {"quality": 100, "subsampling": 1}),
    "tiles-420.jpg": (tiles, {"quality": 100, "subsampling": 2}),
    "grey.jpg": (grey, {"quality": 90}),
    "cmyk.jpg": (colour.convert("CMYK"), {"quality": 90}),
}
lines = []
for name, (picture, options) in files.items():
    if name.endswith(".JPEG"):
        options = dict(options, format="JPEG")
    picture.save(name, **options)
    lines.append((name, np.array(Image.open(name).convert("RGB"))))

deep = (np.arange(h * w).reshape(h, w) * 280).astype(np.uint16)
Image.fromarray(deep).save("grey16.png")
lines.append(("grey16.png", np.repeat((deep >> 8).astype(np.uint8)[:, :, None], 3, 2)))

Image.fromarray(np.random.default_rng(1).integers(0, 256, (41, 30, 3), np.uint8)).save("noise.png")
with open("fit.txt", "w") as f:
    for name in ["rgb.png", "noise.png"]:
        for side in [5, 12, 13, 20, 30]:
            m = Image.open(name)
            short = min(m.size)
            m = m.resize([side * n // short for n in m.size], Image.BILINEAR)
            left, top = [round((n - side) / 2) for n in m.size]
            m = m.crop((left, top, left + side, top + side))
            print(name, side, side, np.array(m).tobytes().hex(), file=f)

with open("pillow.txt", "w") as f:
    for name, want in lines:
        print(name, *want.shape[:2], want.tobytes().hex(), file=f)
