# Makes the files here with pyarrow, and the one in datasets/testdata with the
# library datasets of Hugging Face: python3 make.py (pip install pyarrow datasets pillow)
import io
import datasets, pyarrow as pa, pyarrow.parquet as pq
from PIL import Image

n = 300
table = pa.table({
    "img": pa.array([{"bytes": bytes([i % 251]) * (i % 7), "path": f"{i}.png"} for i in range(n)],
                    type=pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
    "label": pa.array([i * i % 10 for i in range(n)], type=pa.int64()),
    "few": pa.array([i // 100 - 1 for i in range(n)], type=pa.int32()),
    "must": pa.array([f"row {i}" for i in range(n)], type=pa.string()),
}, schema=pa.schema([
    ("img", pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
    ("label", pa.int64()), ("few", pa.int32()), pa.field("must", pa.string(), nullable=False),
]))
for codec in ["none", "snappy", "gzip", "zstd", "brotli"]:
    pq.write_table(table, codec + ".parquet", compression=codec, row_group_size=128, data_page_size=256)
pq.write_table(table, "v2.parquet", compression="snappy", data_page_version="2.0", use_dictionary=False)
pq.write_table(table, "plain.parquet", compression="none", use_dictionary=False, data_page_size=256)
pq.write_table(pa.table({"label": pa.array([1, None, 3], type=pa.int64())}), "null.parquet")
pq.write_table(pa.table({"label": pa.array([[1], [2, 3]])}), "list.parquet")
pq.write_table(pa.table({"label": pa.array([1.5, 2.5])}), "float.parquet")


def png(i):
    m = Image.new("RGB", (32, 32))
    m.putdata([tuple((31 * i + 7 * y + 13 * x + 101 * c + x * y) % 256 for c in range(3)) for y in range(32) for x in range(32)])
    return m


images = datasets.Dataset.from_dict(
    {"img": [png(i) for i in range(4)], "label": [3 * i % 10 for i in range(4)]},
    features=datasets.Features({"img": datasets.Image(), "label": datasets.ClassLabel(names=[str(i) for i in range(10)])}))
images.to_parquet("../../../datasets/testdata/huggingface.parquet")
