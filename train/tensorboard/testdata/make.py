"""Writes first.tfevents and second.tfevents with TensorBoard's own code:

    python make.py    (tensorboard 2.21)
"""
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import DATA_CLASS_TENSOR
from tensorboard.summary.writer.record_writer import RecordWriter

TIME = 1700000000.25


def write(name, events):
    with open(name, "wb") as file:
        writer = RecordWriter(file)
        for event in [Event(wall_time=TIME, file_version="brain.Event:2")] + events:
            writer.write(event.SerializeToString())


first = Event(wall_time=TIME, step=0)
text = first.summary.value.add(tag="configuration")
text.tensor.dtype = 7
text.tensor.tensor_shape.dim.add(size=1)
text.tensor.string_val.append("    lr = 0.1\n".encode())
text.metadata.plugin_data.plugin_name = "text"
text.metadata.data_class = DATA_CLASS_TENSOR

second = Event(wall_time=TIME, step=300)
second.summary.value.add(tag="train/loss", simple_value=0.1)
second.summary.value.add(tag="lr", simple_value=0)
image = second.summary.value.add(tag="images").image
image.height, image.width, image.colorspace = 2, 500, 3
image.encoded_image_string = b"\x89PNG no picture"
histogram = second.summary.value.add(tag="alpha").histo
values = [-1.0, 0.5, 2.0, 2.0]
histogram.min, histogram.max, histogram.num = -1, 2, 4
histogram.sum, histogram.sum_squares = sum(values), sum(v * v for v in values)
for i in range(30):
    histogram.bucket_limit.append(-1 + (i + 1) * ((2 - -1) / 30))
    histogram.bucket.append({0: 1, 15: 1, 29: 2}.get(i, 0))
histogram.bucket_limit[29] = 2

write("first.tfevents", [first, second])
write("second.tfevents", [Event(wall_time=TIME, step=7, session_log=SessionLog(status=SessionLog.START))])
