using System.Globalization;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Text;
using DemEngine.Backends;
using DemEngine.Backends.Cpu;
using DemEngine.Backends.Devices;
using DemEngine.Checkpoints;
using DemEngine.Lab.Synthesis;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Planning;
using DemEngine.Merging.Tensors;
using DemEngine.Recipes;

namespace DemEngine.Lab.Benchmarking;

/// <summary>
/// Compares a merge with the limits of the machine in one run: copying memory, copying files, the pipeline with
/// <see cref="NullBackend"/>, and the merge. Null runs and merges alternate, so that a slow minute of the machine affects both.
/// </summary>
public static class Bench
{
    private const int Shards = 8;

    /// <summary>Checks what can be said before anything is made.</summary>
    /// <param name="options">Benchmark options.</param>
    /// <param name="backend">Backend that computes the merges.</param>
    /// <returns>Disk space that the models, as far as they are not there yet, and the outputs take at once.</returns>
    /// <exception cref="DemException">
    /// DEM1001 (BadArgument): the backend is not a device whose timeline could be recorded, or the method does not take the
    /// sources or has nothing to sweep. DEM4001 (DiskFull): more is needed than is free.
    /// </exception>
    internal static DiskRoom Check(BenchOptions options, IMergeBackend backend)
    {
        if (options.Timeline && backend is not IDeviceBench)
            throw new DemException(
                ErrorCode.BadArgument, $"a timeline is of one device, which the backend {backend.Name} is not");
        BenchRecipe recipe = BenchRecipe.Of(options.Method);
        int sources = recipe.Sources(options.Sources).Max();
        if (options.Sweep is { } asked)
            recipe.Axis(asked);

        int models = Enumerable.Range(0, sources + 1).Count(k => !Directory.Exists(ModelPath(options, k)));
        int outputs = options.Sweep ?? 1;
        var room = new DiskRoom((models + outputs) * ModelBytes(options), DiskRoom.FreeFor(options.Folder));
        room.Require(options.Folder);
        return room;
    }

    /// <summary>Runs the whole benchmark: makes the models, measures the limits of the machine, then the merges.</summary>
    /// <param name="options">Benchmark options.</param>
    /// <param name="backend">Backend that computes the merges.</param>
    /// <param name="report">Progress callback; receives one line of text for each step.</param>
    /// <param name="cancel">Token that stops the run between tiles.</param>
    /// <exception cref="DemException">Those of <see cref="Check"/>. Merges may throw their own errors.</exception>
    internal static BenchReport Run(BenchOptions options, IMergeBackend backend, Action<string> report, CancellationToken cancel)
    {
        Check(options, backend);

        // Large models are stored in several shards.
        options = options with { Run = options.Run with { MaxShardBytes = Math.Max(1, ModelBytes(options) / Shards) } };
        string[] models = [.. MakeModels(options, SourceCounts(options).Max(), report, cancel)];

        // What is made and deleted lies apart from all else that may be in the folder.
        string outputs = Path.Combine(options.Folder, $"outputs-{Path.GetRandomFileName()}");
        Directory.CreateDirectory(outputs);
        try
        {
            return Measure(options with { Folder = outputs }, models, backend, report, cancel);
        }
        finally
        {
            Remove(outputs, report);
        }
    }

    private static BenchReport Measure(
        BenchOptions options, string[] models, IMergeBackend backend, Action<string> report, CancellationToken cancel)
    {
        var device = backend as IDeviceBench;
        IReadOnlyList<int> sourceCounts = SourceCounts(options);
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

    private static IReadOnlyList<int> SourceCounts(BenchOptions options) =>
        BenchRecipe.Of(options.Method).Sources(options.Sources);

    private static long ModelBytes(BenchOptions options) => options.Shape.Tensors(options.Type).Sum(spec => spec.ByteLength);

    /// <summary>
    /// Path of the base, whose number is 0, or of a source. A shape of one's own has the name of its file or folder, which others
    /// may have, too: there the path tells its tensors as well.
    /// </summary>
    internal static string ModelPath(BenchOptions options, int number)
    {
        string shape = ModelShapes.Names.Contains(options.Shape.Name) && options.Shape is not ConfiguredShape
            ? options.Shape.Name
            : $"{options.Shape.Name}-{TensorsHash(options)}";
        return Path.Combine(options.Folder, $"{shape}-{options.Type}-{(number == 0 ? "base" : $"tuned{number}")}");
    }

    private static string TensorsHash(BenchOptions options)
    {
        var hash = new XxHash3();
        foreach (TensorSpec tensor in options.Shape.Tensors(options.Type))
            hash.Append(Encoding.UTF8.GetBytes($"{tensor.Name} {tensor.Shape}\n"));
        return hash.GetCurrentHashAsUInt64().ToString("x16", CultureInfo.InvariantCulture);
    }

    private static IEnumerable<string> MakeModels(
        BenchOptions options, int sources, Action<string> report, CancellationToken cancel)
    {
        string basePath = ModelPath(options, 0);
        for (int k = 0; k <= sources; k++)
        {
            string path = ModelPath(options, k);
            if (!Directory.Exists(path))
            {
                report($"making {path}");
                using Checkpoint? baseModel = k == 0 ? null : Checkpoint.Open(basePath);
                OutputPlan plan = baseModel is null
                    ? SynthPlanner.PlanBase(options.Shape, options.Type, 0, options.Run.MaxShardBytes)
                    : SynthPlanner.PlanTuned(baseModel, null, k, SynthPlanner.DefaultScale, options.Run.MaxShardBytes);
                Make(plan, path, options.Run, cancel);
            }

            yield return path;
        }
    }

    /// <summary>Makes a model; of one that is stopped on the way nothing stays, since it would be made anew.</summary>
    private static void Make(OutputPlan plan, string path, RunOptions options, CancellationToken cancel)
    {
        using var cpu = new CpuBackend();
        try
        {
            OutputRun.Execute(plan, path, cpu, options with { Unfinished = UnfinishedRun.Restart }, null, cancel);
        }
        catch (OperationCanceledException)
        {
            StagingDirectory.Discard(path);
            throw;
        }
    }

    /// <summary>Removes a folder. Where that fails, the error of what was done in it counts.</summary>
    private static void Remove(string folder, Action<string> report)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            report($"{folder} could not be removed: {e.Message}");
        }
    }

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
