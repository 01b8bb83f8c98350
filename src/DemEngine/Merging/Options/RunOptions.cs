using DemEngine.Backends;
using DemEngine.Checkpoints;

namespace DemEngine.Merging.Options;

/// <summary>How a run is to be done. Of all this, only the shard size and the policies on tensors show in the output's bytes.</summary>
public sealed record RunOptions
{
    /// <summary>Default of <see cref="MaxMemoryBytes"/>: 512 MB, decimal.</summary>
    public const long DefaultMaxMemoryBytes = 512_000_000;

    // A tile of output that stays in a core's second-level cache between being computed, hashed and written.
    internal const int DefaultTileBytes = 1 << 20;

    /// <summary>How input files are read.</summary>
    public IoMode Io { get; init; } = IoMode.Mmap;

    /// <summary>Number of threads that read, compute and write; more where the backend needs more to be busy.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Upper bound, in bytes, of all buffers together.</summary>
    public long MaxMemoryBytes { get; init; } = DefaultMaxMemoryBytes;

    /// <summary>A shard of the output holds no more bytes of data than this, unless a single tensor does.</summary>
    public long MaxShardBytes { get; init; } = ShardLayout.DefaultMaxShardBytes;

    /// <summary>Whether an existing output folder is replaced, once the new one is complete.</summary>
    public bool Overwrite { get; init; }

    /// <summary>What to do about an unfinished run beside the output.</summary>
    public UnfinishedRun Unfinished { get; init; }

    /// <summary>What to do about infinities and NaNs in the output.</summary>
    public NonFinitePolicy NonFinite { get; init; }

    /// <summary>Largest output tile in bytes, before the memory bound; for tests and measurements.</summary>
    internal int TileBytes { get; init; } = DefaultTileBytes;

    /// <summary>These options with at least as many threads as a backend needs to be busy.</summary>
    internal RunOptions For(IMergeBackend backend) => this with { Threads = Math.Max(Threads, backend.MinWorkers) };
}

/// <summary>What to do where the sources of a merge do not match its base.</summary>
public sealed record AlignmentOptions
{
    /// <summary>Tensors that the base has and a source lacks.</summary>
    public MissingTensors Missing { get; init; }

    /// <summary>Tensors that a source has and the base lacks.</summary>
    public ExtraTensors Extra { get; init; }

    /// <summary>Vocabularies of different sizes.</summary>
    public VocabularyPolicy Vocabulary { get; init; }
}
