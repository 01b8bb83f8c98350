"""Options of the calls, as keyword arguments. Editors complete them and type checkers check them; all may be left out."""

from __future__ import annotations

from typing import Literal, TypedDict


class ReadOptions(TypedDict, total=False):
    """Options of open() and verify().

    threads     threads that read and compute; default: one a processor
    max_memory  most memory of all buffers together, in bytes; default: 512 000 000
    io          how files are read and written: mapped, copied, past the page cache, or as fits their size; default: "auto"
    """

    threads: int
    max_memory: int
    io: Literal["auto", "mmap", "pread", "direct"]


class MatchOptions(ReadOptions, total=False):
    """Options of distance(): those of ReadOptions, and what to do where models do not match.

    missing  tensors that the base has and a model lacks: refuse, or take the base's; default: "fail"
    extra    tensors that a model has and the base lacks: refuse, or leave them out; default: "fail"
    vocab    embeddings with different row counts: refuse, keep the base's rows, or those that all have; default: "fail"
    """

    missing: Literal["fail", "base"]
    extra: Literal["fail", "ignore"]
    vocab: Literal["fail", "base", "common"]


class MemoryOptions(MatchOptions, total=False):
    """Options of merge_tensors(): those of MatchOptions, and

    nonfinite  infinities and NaNs in the result: raise, or name them in the report; default: "fail"
    """

    nonfinite: Literal["fail", "warn"]


class _WriteOptions(MemoryOptions, total=False):
    overwrite: bool
    unfinished: Literal["refuse", "resume", "restart"]
    max_shard_size: int


class ExtractOptions(_WriteOptions, total=False):
    """Options of extract(): those of MemoryOptions; overwrite, unfinished and max_shard_size of MergeOptions; and

    dtype  element type of the differences; default: "f32"
    """

    dtype: Literal["f32", "bf16", "f16"]


class MergeOptions(_WriteOptions, total=False):
    """Options of merge() and plan(): those of MemoryOptions, and

    overwrite       replace an existing output of the engine, once the new one is complete; default: False
    unfinished      where a merge into that folder was stopped: refuse, go on with it, or discard it; default: "refuse"
    max_shard_size  largest file of the output, in bytes; default: 5 000 000 000
    card            write a model card; default: True
    single_file     write one .safetensors file in place of a folder; default: False
    """

    card: bool
    single_file: bool
