"""Writes the files that the tests of column formats read: the same rows as Parquet and as Arrow, by pyarrow.

Usage: python3 tables.py
"""

import json
import pathlib

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as parquet

HERE = pathlib.Path(__file__).parent
rows = [
    {
        "messages": [
            {"role": "user", "content": f"Question {k} é😀"},
            {"role": "assistant", "content": None if k == 3 else "Answer " * k},
        ],
        "source": None if k % 3 == 0 else f"set {k % 2}",
        "score": k / 4,
        "count": k * 10**10,
        "good": k % 2 == 0,
        "tags": [f"t{j}" for j in range(k % 3)],
    }
    for k in range(1, 8)
]
schema = pa.schema(
    [
        ("messages", pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))),
        ("source", pa.string()),
        ("score", pa.float64()),
        ("count", pa.int64()),
        ("good", pa.bool_()),
        ("tags", pa.list_(pa.string())),
    ]
)
table = pa.Table.from_pylist(rows, schema=schema)
coded = table.set_column(1, "source", table.column("source").dictionary_encode())
(HERE / "rows.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
(HERE / "rows.json").write_text(json.dumps(rows, ensure_ascii=False, indent=1))
parquet.write_table(table, HERE / "snappy.parquet", row_group_size=3)
parquet.write_table(table, HERE / "zstd.parquet", compression="zstd")
parquet.write_table(pa.table({"tags": [["a", None, "b"], [], ["c"]], "id": [1, 2, 3]}), HERE / "nulls.parquet")

# Lists whose elements are declared to be never null, and data pages of the second version.
required = pa.schema([
    pa.field("messages", pa.list_(pa.field("element", pa.struct([("role", pa.string()), ("content", pa.string())]), False)), False),
    *list(schema)[1:5],
    pa.field("tags", pa.list_(pa.field("element", pa.string(), False)), False),
])
parquet.write_table(pa.Table.from_pylist(rows, schema=required), HERE / "required.parquet")
parquet.write_table(table, HERE / "pages2.parquet", data_page_version="2.0")
parquet.write_table(table.select(["source", "good"]), HERE / "truths2.parquet", data_page_version="2.0")
parquet.write_table(table.select(["source", "score", "count"]), HERE / "flat2.parquet", data_page_version="2.0")
feather.write_feather(coded, HERE / "lz4.feather", compression="lz4")
with pa.OSFile(str(HERE / "stream.arrow"), "wb") as file, pa.ipc.new_stream(file, schema) as writer:
    for batch in table.to_batches(max_chunksize=2):
        writer.write_batch(batch)
large = pa.Table.from_pylist(rows, schema=pa.schema([
    ("messages", pa.large_list(pa.struct([("role", pa.large_string()), ("content", pa.large_string())]))),
    ("source", pa.string_view()),
    ("score", pa.float32()),
    ("count", pa.uint64()),
    ("good", pa.bool_()),
    ("tags", pa.large_list(pa.string_view())),
]))
with pa.OSFile(str(HERE / "large.arrow"), "wb") as file, pa.ipc.new_file(file, large.schema) as writer:
    writer.write_table(large)
