namespace DemEngine.Lab.Benchmarking;

/// <summary>What <see cref="Bench"/> measured. Rates are bytes read and written a second, in units of 10⁹; each is the median of its runs.</summary>
/// <param name="Machine">Processor, memory, system.</param>
/// <param name="Method">By which was merged.</param>
/// <param name="Shape">Of the models.</param>
/// <param name="ModelBytes">Bytes of one model.</param>
/// <param name="Threads">That were used.</param>
/// <param name="Repeats">Runs of each kind.</param>
/// <param name="MemoryCopy">GB/s of memory to memory.</param>
/// <param name="FileCopy">GB/s of file to file by the system's own copy, on one thread or on all, whichever is faster.</param>
/// <param name="Merges">One line for each number of sources.</param>
/// <param name="Sweeps">The same for sweeps; none if they were not asked for.</param>
/// <param name="PeakAnonymousBytes">The most memory that the process held for itself during the merges.</param>
/// <param name="Device">The device, if the backend is one.</param>
internal sealed record BenchReport(
    string Machine,
    string Method,
    string Shape,
    long ModelBytes,
    int Threads,
    int Repeats,
    double MemoryCopy,
    double FileCopy,
    IReadOnlyList<BenchMerge> Merges,
    IReadOnlyList<BenchSweep> Sweeps,
    long PeakAnonymousBytes,
    DeviceReport? Device);

/// <summary>One merge.</summary>
/// <param name="Sources">Number of sources beside the base.</param>
/// <param name="Cache">Whether the inputs were in the page cache: <c>warm</c> or <c>cold</c>.</param>
/// <param name="Seconds">A merge takes.</param>
/// <param name="Passes">How often the inputs are read.</param>
/// <param name="Null">GB/s of the pipeline without arithmetic.</param>
/// <param name="Merge">GB/s of the merge.</param>
/// <param name="MergeToNull">Median of the ratios of neighbouring runs, merge to null.</param>
/// <param name="NullToFileCopy">Null's rate by that of copying files.</param>
/// <param name="MergeToMemoryCopy">The merge's rate by that of copying memory.</param>
/// <param name="Input">GB/s of the merge, its inputs alone counted.</param>
/// <param name="InputToHostToDevice">That by the rate of copies to the device, if there is one.</param>
public sealed record BenchMerge(
    int Sources, string Cache, double Seconds, double Passes, double Null, double Merge, double MergeToNull, double NullToFileCopy, double MergeToMemoryCopy, double Input, double? InputToHostToDevice);

/// <summary>One sweep. Ratios are medians of those within a round.</summary>
/// <param name="Sources">Number of sources beside the base.</param>
/// <param name="Candidates">Merges of the sweep.</param>
/// <param name="One">Seconds of one merge, from opening the models to the published output.</param>
/// <param name="Sweep">Seconds of the sweep, likewise.</param>
/// <param name="SweepToOne">The sweep's time by that of one merge.</param>
/// <param name="MemoryToOne">The time of the same merges kept in memory, as a search keeps them.</param>
/// <param name="NullToOne">The time of a sweep that reads and writes as much without arithmetic.</param>
/// <param name="CopyToOne">The time of copying a model as often as the sweep writes one.</param>
public sealed record BenchSweep(
    int Sources, int Candidates, double One, double Sweep, double SweepToOne, double MemoryToOne, double NullToOne, double CopyToOne);
