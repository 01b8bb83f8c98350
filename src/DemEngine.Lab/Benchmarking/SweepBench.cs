using System.Diagnostics;
using DemEngine.Backends;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Recipes;
using DemEngine.Sweeps;

namespace DemEngine.Lab.Benchmarking;

/// <summary>
/// Compares a sweep with one merge, from opening the models to the published outputs, and with its minimum cost: writing as much
/// without arithmetic, copying as much, and the same merges kept in memory. All kinds alternate.
/// </summary>
internal static class SweepBench
{
    /// <summary>Measures a sweep of the given number of merges.</summary>
    /// <param name="options">Benchmark options.</param>
    /// <param name="models">Paths of the base and of the sources, the base first.</param>
    /// <param name="candidates">Number of merges in the sweep.</param>
    /// <param name="backend">Backend that computes the merges.</param>
    /// <param name="report">Progress callback; receives one line of text for each step.</param>
    /// <param name="cancel">Token that stops the run between tiles.</param>
    /// <exception cref="DemException">
    /// DEM1001 (BadArgument): the method has no number to sweep. Merges may throw their own errors.
    /// </exception>
    public static BenchSweep Measure(
        BenchOptions options,
        string[] models,
        int candidates,
        IMergeBackend backend,
        Action<string> report,
        CancellationToken cancel)
    {
        BenchRecipe recipe = BenchRecipe.Of(options.Method);
        IReadOnlyList<SweepCandidate> sweep = Sweep.Candidates(
            RecipeReader.Parse(recipe.Text(models[0], models.Skip(1)), "bench"), [recipe.Axis(candidates)]);
        string[] files = Directory.GetFiles(models[0], "*.safetensors");
        PageCache.Warm([.. models.SelectMany(model => Directory.GetFiles(model, "*.safetensors"))]);

        using var nothing = new NullBackend();
        using var memory = MemoryMerge.Open(sweep[0].Recipe, new AlignmentOptions(), backend, options.Run);
        string folder = Path.Combine(options.Folder, "sweep");
        Func<double>[] kinds =
        [
            () => Written(folder, () => Run(sweep.Take(1), backend)),
            () => Written(folder, () => Run(sweep, backend)),
            () => Time(() => memory.MergeTogether([.. sweep.Select(candidate => memory.Plan(candidate.Recipe))], cancel)),
            () => Written(folder, () => Run(sweep, nothing)),
            () => Written(folder, () => Copy(files, folder, candidates, options.Run.Threads)),
        ];
        void Run(IEnumerable<SweepCandidate> merges, IMergeBackend by) =>
            Sweep.Run(
                [.. merges],
                folder,
                new AlignmentOptions(),
                by,
                options.Run with { Unfinished = UnfinishedRun.Restart },
                null,
                cancel);

        var seconds = new double[kinds.Length][];
        for (int k = 0; k < kinds.Length; k++)
            seconds[k] = new double[options.Repeats];
        for (int repeat = 0; repeat <= options.Repeats; repeat++)
        {
            report($"{models.Length - 1} sources, sweep of {candidates}, {repeat} of {options.Repeats}");
            for (int k = 0; k < kinds.Length; k++)
            {
                double taken = kinds[k]();

                // The first round includes compilation and filling caches, so it does not count.
                if (repeat > 0)
                    seconds[k][repeat - 1] = taken;
            }
        }

        double ToOne(int kind) => Bench.Median(seconds[kind].Zip(seconds[0], (taken, one) => taken / one));
        return new BenchSweep(
            models.Length - 1,
            candidates,
            Bench.Median(seconds[0]),
            Bench.Median(seconds[1]),
            ToOne(1),
            ToOne(2),
            ToOne(3),
            ToOne(4));
    }

    /// <summary>Copies the files as often as the sweep has outputs, each time into a folder of its own.</summary>
    private static void Copy(string[] files, string folder, int copies, int threads)
    {
        (string From, string To)[] all =
        [
            .. Enumerable.Range(0, copies).SelectMany(copy =>
                files.Select(file => (file, Path.Combine(folder, $"{copy}", Path.GetFileName(file))))),
        ];
        foreach (string to in all.Select(one => Path.GetDirectoryName(one.To)!).Distinct())
            Directory.CreateDirectory(to);
        Parallel.ForEach(all, new ParallelOptions { MaxDegreeOfParallelism = threads }, one => File.Copy(one.From, one.To));
    }

    /// <summary>Measures an action that writes into a folder, then deletes the folder.</summary>
    private static double Written(string folder, Action write)
    {
        double seconds = Time(write);
        Directory.Delete(folder, recursive: true);
        return seconds;
    }

    private static double Time(Action work)
    {
        long start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
