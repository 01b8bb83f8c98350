using System.Runtime.InteropServices;
using DemEngine.Backends;
using DemEngine.Backends.Cpu;
using DemEngine.Backends.Devices;
using DemEngine.Checkpoints;
using DemEngine.Lab.Synthesis;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Planning;
using DemEngine.Recipes;

namespace DemEngine.Lab.Benchmarking;

/// <summary>
/// Compares a merge with the limits of the machine in one run: copying memory, copying files, the pipeline with
/// <see cref="NullBackend"/>, and the merge. Null runs and merges alternate, so that a slow minute of the machine affects both.
/// </summary>
public static class Bench
{
    private const int Shards = 8;

    /// <summary>Runs the whole benchmark: makes the models, measures the limits of the machine, then the merges.</summary>
    /// <param name="options">Benchmark options.</param>
    /// <param name="backend">Backend that computes the merges.</param>
    /// <param name="report">Progress callback; receives one line of text for each step.</param>
    /// <param name="cancel">Token that stops the run between tiles.</param>
    /// <exception cref="DemException">
    /// DEM1001 (BadArgument): the backend is not a device whose timeline could be recorded, or the method has nothing to sweep.
    /// Merges may throw their own errors.
    /// </exception>
    internal static BenchReport Run(BenchOptions options, IMergeBackend backend, Action<string> report, CancellationToken cancel)
    {
        var device = backend as IDeviceBench;
        if (options.Timeline && device is null)
            throw new DemException(
                ErrorCode.BadArgument, $"a timeline is of one device, which the backend {backend.Name} is not");

        IReadOnlyList<int> sourceCounts = BenchRecipe.Of(options.Method).Sources(options.Sources);
        if (options.Sweep is { } asked)
            BenchRecipe.Of(options.Method).Axis(asked); // An error here comes before the long measurements.

        // Large models are stored in several shards.
        long bytes = options.Shape.Tensors(options.Type).Sum(spec => spec.ByteLength);
        options = options with { Run = options.Run with { MaxShardBytes = Math.Max(1, bytes / Shards) } };

        string[] models = [.. MakeModels(options, sourceCounts.Max(), report, cancel)];
        string[] files = [.. Directory.GetFiles(models[0], "*.safetensors")];
        long modelBytes = files.Sum(file => new FileInfo(file).Length);

        report("copying memory");
        double memoryCopy = MemoryCopy.Measure(options.Run.Threads) / 1e9;
        report("copying files");
        double fileCopy = MeasureFileCopy(options, files, modelBytes, cancel);

        var limits = new Limits(memoryCopy, fileCopy, device?.MeasureRates(report, cancel));

        using var memory = new AnonymousMemory();
        var merges = new List<BenchMerge>();
        foreach (int sources in sourceCounts)
        {
            merges.Add(Measure(options, models[..(sources + 1)], isCold: false, backend, limits, report, cancel));
            if (options.Cold)
                merges.Add(Measure(options, models[..(sources + 1)], isCold: true, backend, limits, report, cancel));
        }

        long peak = memory.Peak;
        BenchSweep[] sweeps = options.Sweep is { } candidates
            ?
            [
                .. sourceCounts.Select(sources =>
                    SweepBench.Measure(options, models[..(sources + 1)], candidates, backend, report, cancel)),
            ]
            : [];
        DeviceTimeline? timeline = options.Timeline
            ? Trace(options, models[..(sourceCounts.Max() + 1)], device!, report, cancel)
            : null;
        DeviceReport? deviceReport = device is null
            ? null
            : new DeviceReport(
                device.Name, device.Description, limits.Device!, device.PeakDeviceBytes, device.UsedDeviceBytes, timeline);
        return new BenchReport(
            Machine(),
            options.Method,
            options.Shape.Name,
            modelBytes,
            options.Run.Threads,
            options.Repeats,
            memoryCopy,
            fileCopy,
            merges,
            sweeps,
            peak,
            deviceReport);
    }

    /// <summary>Runs one further merge and records the times of each tile.</summary>
    private static DeviceTimeline Trace(
        BenchOptions options, string[] models, IDeviceBench device, Action<string> report, CancellationToken cancel)
    {
        report($"timeline of {models.Length - 1} sources");
        device.StartTimeline();
        RunOnce(options, models, device, cancel);
        return device.StopTimeline();
    }

    private static IEnumerable<string> MakeModels(
        BenchOptions options, int sources, Action<string> report, CancellationToken cancel)
    {
        using var cpu = new CpuBackend();
        string basePath = Path.Combine(options.Folder, $"{options.Shape.Name}-{options.Type}-base");
        if (!Directory.Exists(basePath))
        {
            report($"making {basePath}");
            OutputRun.Execute(
                SynthPlanner.PlanBase(options.Shape, options.Type, 0, options.Run.MaxShardBytes),
                basePath,
                cpu,
                Making(options),
                null,
                cancel);
        }

        yield return basePath;
        for (int k = 1; k <= sources; k++)
        {
            string path = Path.Combine(options.Folder, $"{options.Shape.Name}-{options.Type}-tuned{k}");
            if (!Directory.Exists(path))
            {
                report($"making {path}");
                using Checkpoint baseModel = Checkpoint.Open(basePath);
                OutputRun.Execute(
                    SynthPlanner.PlanTuned(baseModel, null, k, SynthPlanner.DefaultScale, options.Run.MaxShardBytes),
                    path,
                    cpu,
                    Making(options),
                    null,
                    cancel);
            }

            yield return path;
        }
    }

    private static RunOptions Making(BenchOptions options) => options.Run with { Unfinished = UnfinishedRun.Restart };

    private static double MeasureFileCopy(BenchOptions options, string[] files, long bytes, CancellationToken cancel)
    {
        PageCache.Warm(files);
        var seconds = new List<double>();
        string folder = Path.Combine(options.Folder, "copy");
        for (int repeat = 0; repeat < options.Repeats; repeat++)
        {
            cancel.ThrowIfCancellationRequested();
            seconds.Add(InFreshFolder(folder, () => FileCopy.Measure(files, folder, threads: 1)));
            seconds.Add(InFreshFolder(folder, () => FileCopy.Measure(files, folder, options.Run.Threads)));
        }

        // Two alternating series, on one thread and on all; the faster one stands for the machine.
        double one = Median(seconds.Where((_, k) => k % 2 == 0));
        double all = Median(seconds.Where((_, k) => k % 2 == 1));
        return 2 * bytes / Math.Min(one, all) / 1e9;
    }

    private static double InFreshFolder(string folder, Func<double> measure)
    {
        Directory.CreateDirectory(folder);
        try
        {
            return measure();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static BenchMerge Measure(
        BenchOptions options,
        string[] models,
        bool isCold,
        IMergeBackend backend,
        Limits limits,
        Action<string> report,
        CancellationToken cancel)
    {
        string cache = isCold ? "cold" : "warm";
        string[] files = [.. models.SelectMany(model => Directory.GetFiles(model, "*.safetensors"))];
        if (!isCold)
            PageCache.Warm(files);

        using var nothing = new NullBackend();
        var nulls = new List<double>();
        var merges = new List<double>();
        var inputs = new List<double>();
        var seconds = new List<double>();
        var onDisk = new List<double>();
        var ofDirect = new List<double>();
        long modelBytes = files.Sum(file => new FileInfo(file).Length);
        double passes = 0;
        for (int repeat = 0; repeat <= options.Repeats; repeat++)
        {
            report($"{models.Length - 1} sources, {cache}, {repeat} of {options.Repeats}");
            if (isCold && !PageCache.Drop(files))
                throw new DemException(ErrorCode.BadArgument, "this system cannot drop files from its cache; leave out --cold");
            double ofNull = RunOnce(options, models, nothing, cancel).GigabytesPerSecond;
            double? direct = isCold
                ? DirectCopy.Measure(files, Path.Combine(options.Folder, "direct"), modelBytes / models.Length, cancel)
                : null;
            if (isCold)
                PageCache.Drop(files);
            RunReport ofMerge = RunOnce(options, models, backend, cancel);

            // The first round includes compilation and filling caches, so it does not count.
            if (repeat > 0)
            {
                nulls.Add(ofNull);
                merges.Add(ofMerge.GigabytesPerSecond);
                inputs.Add(ofMerge.BytesRead / ofMerge.Seconds / 1e9);
                seconds.Add(ofMerge.Seconds);
                onDisk.Add(ofMerge.Seconds + ofMerge.SyncSeconds);
                if (direct is { } limit)
                    ofDirect.Add(limit / onDisk[^1]);
                passes = ofMerge.BytesRead / (double)modelBytes;
            }
        }

        double ratio = Median(merges.Zip(nulls, (merge, without) => merge / without));
        return new BenchMerge(
            models.Length - 1,
            cache,
            Median(seconds),
            passes,
            Median(nulls),
            Median(merges),
            ratio,
            Median(nulls) / limits.FileCopy,
            Median(merges) / limits.MemoryCopy,
            Median(inputs),
            Median(inputs) / limits.Device?.HostToDevice,
            Median(onDisk),
            ofDirect.Count > 0 ? Median(ofDirect) : null);
    }

    /// <summary>Merges once into a folder that is deleted afterwards.</summary>
    private static RunReport RunOnce(BenchOptions options, string[] models, IMergeBackend backend, CancellationToken cancel)
    {
        string output = Path.Combine(options.Folder, "merged");
        string recipe = BenchRecipe.Of(options.Method).Text(models[0], models.Skip(1));
        using MergePlan merge = MergePlanner.Plan(RecipeReader.Parse(recipe, "bench"), new AlignmentOptions(), options.Run);
        RunReport report = OutputRun.Execute(
            merge.Plan, output, backend, options.Run with { Unfinished = UnfinishedRun.Restart }, null, cancel);
        Directory.Delete(output, recursive: true);
        return report;
    }

    internal static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>Rates of the machine that merges are compared with.</summary>
    private sealed record Limits(double MemoryCopy, double FileCopy, DeviceRates? Device);

    private static string Machine()
    {
        const string path = "/proc/cpuinfo";
        string processor = File.Exists(path)
            ? File.ReadLines(path)
                .FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))
                ?.Split(':')[1]
                .Trim() ?? ""
            : "";
        long memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        return $"{processor} × {Environment.ProcessorCount}, {memory / (double)(1 << 30):0.0} GiB, "
            + $"{RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}, {new CpuBackend().Description}";
    }
}
