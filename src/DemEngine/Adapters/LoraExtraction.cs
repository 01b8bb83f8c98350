using System.Collections.Immutable;
using System.IO.Hashing;
using System.Text;
using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Adapters.Changes;
using DemEngine.Errors;
using DemEngine.Memory;
using DemEngine.Merging.Options;
using DemEngine.Numerics;
using DemEngine.Numerics.LowRank;

namespace DemEngine.Adapters;

/// <summary>
/// Extracts an adapter from a fine-tuned model: each changed matrix's difference from the base is approximated by the largest
/// singular vectors of it (see <see cref="RandomizedSvd"/>), which no other factors of that rank come nearer to in ‖·‖ but for
/// the random range finder's error (Eckart and Young 1936). Vectors that changed, such as norms, are saved whole. Each matrix is
/// computed by one thread in a fixed order, so that the bytes are the same on every machine and number of threads.
/// </summary>
internal static class LoraExtraction
{
    // Where a share of the change is asked for, the first guess at the rank.
    private const int FirstGuess = 24;

    /// <summary>Extracts an adapter.</summary>
    /// <param name="origin">The base, with its real values.</param>
    /// <param name="tuned">The fine-tuned model.</param>
    /// <param name="choice">How ranks are chosen.</param>
    /// <param name="type">Element type that the factors are stored in.</param>
    /// <param name="options">Run options: the number of threads.</param>
    /// <param name="backend">Backend that computes the products with the matrices.</param>
    /// <param name="progress">Progress callback, in order; null for none.</param>
    /// <param name="cancel">Token that stops the work.</param>
    /// <exception cref="DemException">
    /// DEM2014 (MissingTensor), DEM2016 (ShapeMismatch): the models do not match. DEM2088 (ExpertsTogether): experts that
    /// are stored in one tensor changed. DEM4004 (NonFiniteOutput): a difference is not finite.
    /// </exception>
    public static WrittenAdapter Run(
        Checkpoint origin,
        Checkpoint tuned,
        RankChoice choice,
        ElementType type,
        RunOptions options,
        IMergeBackend backend,
        Action<RunProgress>? progress,
        CancellationToken cancel)
    {
        choice.Check();
        (StoredTensor Origin, StoredTensor Tuned)[] pairs = [.. Pairs(origin, tuned)];
        var fits = new (FactorPair Factors, ModuleFit Fit)?[pairs.Length];
        var whole = new FactorTensor?[pairs.Length];
        var gate = new Lock();
        long done = 0;
        long total = pairs.Sum(pair => pair.Tuned.Spec.ByteLength);
        int next = -1;
        WorkerThreads.Run(
            Math.Clamp(options.Threads, 1, Math.Max(1, pairs.Length)),
            (_, stop) =>
            {
                using IThinProducts products = backend.CreateThinProducts();
                while (!stop.IsCancellationRequested && Interlocked.Increment(ref next) is var k && k < pairs.Length)
                {
                    if (pairs[k].Origin.Spec.Shape.Dimensions.Length == 1)
                        whole[k] = Changed(pairs[k].Origin, pairs[k].Tuned);
                    else
                        fits[k] = Fit(pairs[k].Origin, pairs[k].Tuned, choice, type, products, stop);
                    lock (gate)
                    {
                        done += pairs[k].Tuned.Spec.ByteLength;
                        progress?.Invoke(new RunProgress("extracting", done, total, pairs[k].Origin.Spec.Name)
                        {
                            TensorsDone = 0,
                            TensorsTotal = pairs.Length,
                        });
                    }
                }
            },
            cancel);
        origin.CheckUnchanged();
        tuned.CheckUnchanged();
        ImmutableArray<(FactorPair, ModuleFit)> modules = [.. fits.OfType<(FactorPair, ModuleFit)>()];
        return new WrittenAdapter(
            modules, [.. whole.OfType<FactorTensor>()], [.. Remarks(modules.Length, whole.Count(one => one is not null), pairs)]);
    }

    private static IEnumerable<(StoredTensor Origin, StoredTensor Tuned)> Pairs(Checkpoint origin, Checkpoint tuned)
    {
        string[] missing =
        [
            .. origin.Tensors.Where(tensor => tensor.Spec.Type.IsFloat && tuned.Find(tensor.Spec.Name) is null)
                .Select(tensor => tensor.Spec.Name),
        ];
        if (missing.Length > 0)
            throw new DemException(
                ErrorCode.MissingTensor,
                $"{tuned.Path}: {missing.Length} tensors of the base are not in it: {Quoted.List(missing)}")
            {
                Path = tuned.Path,
            };
        foreach (StoredTensor tensor in origin.Tensors.Where(tensor => tensor.Spec.Type.IsFloat))
        {
            StoredTensor other = tuned.Find(tensor.Spec.Name)!;
            if (other.Spec.Shape != tensor.Spec.Shape)
                throw new DemException(
                    ErrorCode.ShapeMismatch,
                    $"{tuned.Path}: tensor {Quoted.Name(tensor.Spec.Name)} is {other.Spec.Shape}, "
                    + $"in the base {tensor.Spec.Shape}",
                    remedy: "An adapter changes matrices of the base in their shapes; bring the models to one vocabulary first.")
                {
                    Path = tuned.Path,
                    Tensor = tensor.Spec.Name,
                };
            if (other != tensor && tensor.Spec.Shape.ElementCount > 0)
                yield return (tensor, other);
        }
    }

    private static (FactorPair Factors, ModuleFit Fit)? Fit(
        StoredTensor origin,
        StoredTensor tuned,
        RankChoice choice,
        ElementType type,
        IThinProducts products,
        CancellationToken cancel)
    {
        var rows = new DifferenceRows(origin, tuned);
        int most = Math.Min(choice.Rank ?? int.MaxValue, Math.Min(rows.Rows, rows.Columns));
        var random = new Philox(XxHash64.HashToUInt64(Encoding.UTF8.GetBytes(origin.Spec.Name)));
        int guess = choice.Energy is null ? most : Math.Min(most, FirstGuess);
        Factorization found = RandomizedSvd.Run(rows, guess, random, products, cancel);
        if (!double.IsFinite(found.Squares))
            throw new DemException(
                ErrorCode.NonFiniteOutput,
                $"{tuned.File}: the difference of {Quoted.Name(origin.Spec.Name)} from the base holds infinities or NaNs")
            {
                Path = tuned.File,
                Tensor = origin.Spec.Name,
            };
        if (found.Squares == 0)
            return null;
        RequireMatrix(origin, tuned);
        int rank = most;
        if (choice.Energy is { } energy)
        {
            while (found.RankOf(energy) is null && guess < most)
            {
                guess = Math.Min(most, guess * 2);
                found = RandomizedSvd.Run(rows, guess, random, products, cancel);
            }

            rank = Math.Min(most, found.RankOf(energy) ?? most);
        }

        (ThinMatrix left, ThinMatrix right) = found.Cut(rank);
        var factors = new FactorPair(FactorNames.Of(origin.Spec), left, right, type);
        double error = Math.Sqrt(factors.SquaredError(rows, cancel) / found.Squares);
        return (factors, new ModuleFit(origin.Spec.Name, rank, Math.Sqrt(found.Squares), error));
    }

    // A convolution's weight is the weight of a module; a parameter of another name with three dimensions holds many matrices.
    private static void RequireMatrix(StoredTensor origin, StoredTensor tuned)
    {
        if (origin.Spec.Shape.Dimensions.Length == 3 && !origin.Spec.Name.EndsWith(".weight", StringComparison.Ordinal))
            throw new DemException(
                ErrorCode.ExpertsTogether,
                $"{tuned.File}: {Quoted.Name(origin.Spec.Name)} is {origin.Spec.Shape}: matrices of "
                + $"{origin.Spec.Shape.Rows} experts, each of which has a change of its own")
            {
                Path = tuned.File,
                Tensor = origin.Spec.Name,
            };
    }

    private static FactorTensor? Changed(StoredTensor origin, StoredTensor tuned)
    {
        var before = new float[origin.Spec.Shape.ElementCount];
        var after = new float[before.Length];
        ModelNumbers.Read(origin, 0, before);
        ModelNumbers.Read(tuned, 0, after);
        return before.AsSpan().SequenceEqual(after)
            ? null
            : new FactorTensor(FactorNames.PeftPrefix + origin.Spec.Name, tuned.ModelType, origin.Spec.Shape, after);
    }

    private static IEnumerable<string> Remarks(int modules, int whole, (StoredTensor, StoredTensor)[] pairs)
    {
        if (whole > 0)
            yield return $"{whole} vectors that changed, such as norms, are saved whole";
        if (pairs.Length > modules + whole)
            yield return $"{pairs.Length - modules - whole} of {pairs.Length} tensors did not change and are left out";
        if (modules == 0)
            yield return "no matrix changed; the adapter is empty";
    }
}
