namespace DemEngine.Lab.Benchmarking;

/// <summary>
/// Results of <see cref="Bench"/>. Rates are bytes read and written per second, in units of 10⁹; each is the median of its runs.
/// </summary>
/// <param name="Machine">Processor, memory and operating system.</param>
/// <param name="Method">Name of the merge method.</param>
/// <param name="Shape">Name of the models' shape.</param>
/// <param name="ModelBytes">Size of one model in bytes.</param>
/// <param name="Threads">Number of threads used.</param>
/// <param name="Repeats">Number of runs of each kind.</param>
/// <param name="MemoryCopy">Rate of copying memory to memory, in GB/s.</param>
/// <param name="FileCopy">
/// Rate of copying file to file with the system's own copy, on one thread or on all, whichever is faster, in GB/s.
/// </param>
/// <param name="Merges">Results of the merges, one entry for each number of sources and cache state.</param>
/// <param name="Sweeps">Results of the sweeps, one entry for each number of sources; empty if none were requested.</param>
/// <param name="PeakAnonymousBytes">Peak anonymous memory of the process during the merges, in bytes.</param>
/// <param name="Device">Results of the device; null if the backend is not a device.</param>
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

/// <summary>Results of the merges with one number of sources.</summary>
/// <param name="Sources">Number of sources besides the base.</param>
/// <param name="Cache">State of the page cache: <c>warm</c> if it had the inputs, <c>cold</c> if not.</param>
/// <param name="Seconds">Duration of a merge in seconds.</param>
/// <param name="Passes">Number of times that the inputs are read.</param>
/// <param name="Null">Rate of the pipeline without arithmetic, in GB/s.</param>
/// <param name="Merge">Rate of the merge, in GB/s.</param>
/// <param name="MergeToNull">Rate of the merge divided by that of the neighbouring null run; the median over the rounds.</param>
/// <param name="NullToFileCopy">Rate of the null runs divided by that of copying files.</param>
/// <param name="MergeToMemoryCopy">Rate of the merge divided by that of copying memory.</param>
/// <param name="Input">Rate at which the merge reads its inputs, in GB/s.</param>
/// <param name="InputToHostToDevice">
/// Input rate divided by the rate of copies from the host to the device; null if there is no device.
/// </param>
/// <param name="OnDisk">Duration of a merge until its output was on disk, in seconds.</param>
/// <param name="ToDirectCopy">
/// Duration of reading and writing as many bytes past the page cache, until they were on disk, divided by that of the merge; null
/// if the inputs were in the cache, or where there is no such reading.
/// </param>
public sealed record BenchMerge(
    int Sources,
    string Cache,
    double Seconds,
    double Passes,
    double Null,
    double Merge,
    double MergeToNull,
    double NullToFileCopy,
    double MergeToMemoryCopy,
    double Input,
    double? InputToHostToDevice,
    double OnDisk,
    double? ToDirectCopy);

/// <summary>Results of one sweep. Ratios are medians of the ratios within each round.</summary>
/// <param name="Sources">Number of sources besides the base.</param>
/// <param name="Candidates">Number of merges in the sweep.</param>
/// <param name="One">Duration of one merge in seconds, from opening the models to the published output.</param>
/// <param name="Sweep">Duration of the sweep in seconds, from opening the models to the published outputs.</param>
/// <param name="SweepToOne">Duration of the sweep divided by that of one merge.</param>
/// <param name="MemoryToOne">
/// Duration of the same merges kept in memory, as a search keeps them, divided by that of one merge.
/// </param>
/// <param name="NullToOne">
/// Duration of a sweep that reads and writes as much without arithmetic, divided by that of one merge.
/// </param>
/// <param name="CopyToOne">
/// Duration of copying a model as often as the sweep writes one, divided by that of one merge.
/// </param>
public sealed record BenchSweep(
    int Sources,
    int Candidates,
    double One,
    double Sweep,
    double SweepToOne,
    double MemoryToOne,
    double NullToOne,
    double CopyToOne);
