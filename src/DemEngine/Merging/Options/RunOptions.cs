using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Files;

namespace DemEngine.Merging.Options;

/// <summary>Options of a run. Only the shard size and the policies on tensors affect the bytes of the output.</summary>
public sealed record RunOptions
{
    /// <summary>Default of <see cref="MaxMemoryBytes"/>: 512 MB (decimal).</summary>
    public const long DefaultMaxMemoryBytes = 512_000_000;

    // An output tile of this size stays in a core's second-level cache while it is computed, hashed and written.
    internal const int DefaultTileBytes = 1 << 20;

    /// <summary>Way of reading input files and writing output files.</summary>
    public IoMode Io { get; init; } = IoMode.Auto;

    /// <summary>Number of threads that read, compute and write. More are used where the backend needs more to be busy.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Upper bound on the size of all buffers together, in bytes.</summary>
    public long MaxMemoryBytes { get; init; } = DefaultMaxMemoryBytes;

    /// <summary>Maximum bytes of data in a shard of the output, exceeded only by a shard of a single larger tensor.</summary>
    public long MaxShardBytes { get; init; } = ShardLayout.DefaultMaxShardBytes;

    /// <summary>Whether an existing output folder is replaced once the new one is complete.</summary>
    public bool Overwrite { get; init; }

    /// <summary>Policy for an unfinished run found beside the output.</summary>
    public UnfinishedRun Unfinished { get; init; }

    /// <summary>
    /// Whether a merge that goes into a folder has a model card, <c>README.md</c> as the Hugging Face Hub shows it, and its
    /// recipe as <c>mergekit_config.yml</c>.
    /// </summary>
    public bool Card { get; init; } = true;

    /// <summary>
    /// Whether the plan is only looked at and not carried out. Whether weights that a model stores twice are the same is then
    /// judged by samples, and no whole tensor is read.
    /// </summary>
    public bool PlansOnly { get; init; }

    /// <summary>
    /// Whether nothing but headers is read, for a plan that is neither carried out nor shown: models have no fingerprints,
    /// vectors are not compared with their base, and weights that a model stores twice are judged by samples.
    /// </summary>
    internal bool HeadersOnly { get; init; }

    /// <summary>Policy for infinities and NaNs in the output.</summary>
    public NonFinitePolicy NonFinite { get; init; }

    /// <summary>Maximum output tile in bytes, before the memory bound is applied. Set only by tests and measurements.</summary>
    internal int TileBytes { get; init; } = DefaultTileBytes;

    /// <summary>
    /// Bytes that the page cache has room for. <see cref="IoMode.Auto"/> reads and writes more than that past it.
    /// </summary>
    internal long PageCacheBytes { get; init; } = PageCacheRoom.Bytes;

    /// <summary>Whether inputs are read ahead of time past the page cache, or from stores, which takes memory.</summary>
    internal bool ReadsAhead { get; init; }

    /// <summary>Whether outputs are written past the page cache, which takes memory.</summary>
    internal bool WritesBehind { get; init; }

    /// <summary>Returns these options for a run that reads some checkpoints, all of which are open.</summary>
    internal RunOptions Reading(IEnumerable<Checkpoint> checkpoints) =>
        this with { ReadsAhead = checkpoints.Any(checkpoint => checkpoint.IsReadAhead) };

    /// <summary>Returns these options for a run that writes files of some bytes together.</summary>
    internal RunOptions Writing(long bytes) =>
        this with { WritesBehind = Io == IoMode.Direct || (Io == IoMode.Auto && bytes > PageCacheBytes) };

    /// <summary>Returns these options with at least as many threads as a backend needs to be busy.</summary>
    internal RunOptions For(IMergeBackend backend) => this with { Threads = Math.Max(Threads, backend.MinWorkers) };
}

/// <summary>Policies for sources of a merge that do not match its base.</summary>
public sealed record AlignmentOptions
{
    /// <summary>Policy for tensors that the base has and a source lacks.</summary>
    public MissingTensors Missing { get; init; }

    /// <summary>Policy for tensors that a source has and the base lacks.</summary>
    public ExtraTensors Extra { get; init; }

    /// <summary>Policy for vocabularies of different sizes.</summary>
    public VocabularyPolicy Vocabulary { get; init; }

    /// <summary>How the output stores the experts of a mixture.</summary>
    public ExpertStorage Experts { get; init; }
}
