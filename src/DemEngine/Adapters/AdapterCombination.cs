using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Adapters;
using DemEngine.Checkpoints.Adapters.Changes;
using DemEngine.Errors;
using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Numerics.LowRank;

namespace DemEngine.Adapters;

/// <summary>An adapter that is combined with others.</summary>
/// <param name="Adapter">The open file.</param>
/// <param name="Weight">Factor on its change.</param>
internal sealed record WeightedAdapter(Checkpoint Adapter, double Weight);

/// <summary>
/// Combines adapters by their products, Σ wᵢ·sᵢ·Bᵢ·Aᵢ: factors side by side are one adapter of the summed rank, which loses
/// nothing but one rounding of each element; or that is cut to a rank by the singular value decomposition of the product, which
/// needs the factors alone (of both the orthonormal basis, and of the small product of their triangles the singular vectors).
/// Means of the factors A and B themselves would be another product.
/// </summary>
internal static class AdapterCombination
{
    private const string ByTheModel =
        "Merge the adapters with their model, each as `model: MODEL` with `lora: ADAPTER`, and extract an adapter of that.";

    /// <summary>Combines adapters.</summary>
    /// <param name="adapters">The adapters, of one model.</param>
    /// <param name="choice">How ranks are chosen; null for the sum of the ranks.</param>
    /// <param name="type">Element type that the factors are stored in.</param>
    /// <param name="threads">Number of threads.</param>
    /// <param name="cancel">Token that stops the work.</param>
    /// <exception cref="DemException">
    /// DEM2047 (AdapterDoesNotFit): the adapters change a module in different shapes. DEM2048 (BadAdapter), DEM2049
    /// (UnknownAdapter): one is damaged, or of a kind that is no product of two factors. DEM1001 (BadArgument).
    /// </exception>
    public static WrittenAdapter Run(
        IReadOnlyList<WeightedAdapter> adapters, RankChoice? choice, ElementType type, int threads, CancellationToken cancel)
    {
        choice?.Check();
        AdapterContents[] contents = [.. adapters.Select(one => AdapterContents.Read(one.Adapter))];
        AdapterLayout layout = LayoutOf(contents, adapters);
        foreach (AdapterContents one in contents.Where(one => one.Whole.Count > 0))
            throw NoProduct(one.Whole[0], "it was saved whole");
        foreach (AdapterContents one in contents.Where(one => one.HasParameters))
            throw NoProduct(one.Modules.First().Any, "the adapter changes experts as parameters (\"target_parameters\")");
        string[] modules =
            [.. contents.SelectMany(one => one.Modules).Select(module => module.Name).Distinct(StringComparer.Ordinal)];
        var fits = new (FactorPair, ModuleFit)[modules.Length];
        int next = -1;
        WorkerThreads.Run(
            Math.Clamp(threads, 1, Math.Max(1, modules.Length)),
            (_, stop) =>
            {
                while (!stop.IsCancellationRequested && Interlocked.Increment(ref next) is var k && k < modules.Length)
                {
                    Summand[] summands =
                    [
                        .. contents.Zip(adapters).SelectMany(pair => pair.First.Modules
                            .Where(module => module.Name == modules[k])
                            .Select(module => Read(module, pair.First, pair.Second.Weight))),
                    ];
                    fits[k] = Combine(modules[k], summands, layout, choice, type, stop);
                }
            },
            cancel);
        foreach (WeightedAdapter one in adapters)
            one.Adapter.CheckUnchanged();
        return new WrittenAdapter([.. fits], [], []);
    }

    private static AdapterLayout LayoutOf(AdapterContents[] contents, IReadOnlyList<WeightedAdapter> adapters)
    {
        AdapterLayout[] layouts =
            [.. contents.Select(one => one.IsPeft ? AdapterLayout.Peft : AdapterLayout.SingleFile).Distinct()];
        return layouts is [var only]
            ? only
            : throw new DemException(
                ErrorCode.AdapterDoesNotFit,
                $"{adapters[0].Adapter.Path} and others: folders of PEFT and single files name modules in different ways",
                remedy: ByTheModel);
    }

    private static (FactorPair, ModuleFit) Combine(
        string module, Summand[] summands, AdapterLayout layout, RankChoice? choice, ElementType type, CancellationToken cancel)
    {
        foreach (Summand other in summands.Skip(1).Where(other =>
            other.Weight != summands[0].Weight || other.IsEmbedding != summands[0].IsEmbedding))
        {
            throw new DemException(
                ErrorCode.AdapterDoesNotFit,
                $"{other.Place.File}: the change of {Quoted.Name(module)} is {other.Weight}, "
                + $"and {summands[0].Weight} in {summands[0].Place.File}",
                remedy: "Combine adapters of one model.")
            {
                Path = other.Place.File,
            };
        }

        ThinMatrix left = SideBySide(summands.Select(summand => summand.Left));
        ThinMatrix right = SideBySide(summands.Select(summand => summand.Right));
        var names = new FactorNames(module, summands[0].Weight, summands[0].IsEmbedding, layout);
        var whole = new ProductRows(left, right);
        double squares = Squares(whole, cancel);
        if (choice is { } ranks)
            (left, right) = Cut(left.Copy(), right.Copy(), ranks);
        var factors = new FactorPair(names, left, right, type);
        double error = squares == 0 ? 0 : Math.Sqrt(factors.SquaredError(whole, cancel) / squares);
        return (factors, new ModuleFit(names.Tensor, factors.Rank, Math.Sqrt(squares), error));
    }

    /// <summary>
    /// Cuts L·Rᵀ to a rank: L = Q·S and R = P·T, so that L·Rᵀ = Q·(S·Tᵀ)·Pᵀ, and S·Tᵀ is small. Both are overwritten.
    /// </summary>
    private static (ThinMatrix Left, ThinMatrix Right) Cut(ThinMatrix left, ThinMatrix right, RankChoice choice)
    {
        int rank = left.Columns;
        double[][] s = OrthonormalBasis.Make(left);
        double[][] t = OrthonormalBasis.Make(right);
        double[][] core = [.. Enumerable.Range(0, rank).Select(_ => new double[rank])];
        for (int i = 0; i < rank; i++)
        {
            for (int j = 0; j < rank; j++)
            {
                for (int k = 0; k < rank; k++)
                    core[j][i] += s[k][i] * t[k][j];
            }
        }

        var small = new SmallSvd(core);
        double squares = small.Values.Sum(value => value * value);
        var found = new Factorization(left.Times(small.Left, rank), small.Values, right.Times(small.Right, rank), squares);
        int most = Math.Min(choice.Rank ?? rank, Math.Min(rank, Math.Min(left.Rows, right.Rows)));
        int kept = choice.Energy is { } energy ? Math.Min(most, found.RankOf(energy) ?? most) : most;
        return found.Cut(kept);
    }

    private static double Squares(ProductRows product, CancellationToken cancel)
    {
        double sum = 0;
        RandomizedSvd.ForEachStrip(product, cancel, (_, strip) =>
        {
            foreach (float value in strip)
                sum += (double)value * value;
        });
        return sum;
    }

    /// <summary>Reads the factors of a module, with its weight and its scale in the left one.</summary>
    private static Summand Read(AdapterModule module, AdapterContents contents, double weight)
    {
        bool isEmbedding = module[AdapterPart.EmbeddingDown] is not null;
        StoredTensor? down = isEmbedding ? module[AdapterPart.EmbeddingUp] : module[AdapterPart.Down];
        StoredTensor? up = isEmbedding ? module[AdapterPart.EmbeddingDown] : module[AdapterPart.Up];
        if (module.HasMoreThanFactors || (down is null && up is null))
            throw NoProduct(module.Any, "it is more than a product of two factors");
        if (down is null || up is null)
            throw AdapterFault.Missing(module.Any, "other factor");
        var left = new StoredFactor(up, isTransposed: isEmbedding);
        var right = new StoredFactor(down, isTransposed: isEmbedding);
        if (left.Columns != right.Rows)
            throw AdapterFault.Wrong(up, $"its rank is {left.Columns}, that of {down.Spec.Name} is {right.Rows}");
        int rank = left.Columns;
        double scale = module.ReadAlpha() is { } alpha
            ? alpha / rank
            : contents.ConfigOf(module.Name)?.ScaleOf(module.Name, rank, down) ?? 1;
        var rows = new ThinMatrix(left.Rows, rank);
        left.Read(0, left.Rows, 0, rank, rows.Values, rows.Stride);
        for (int k = 0; k < rows.Values.Length; k++)
            rows.Values[k] = (float)(weight * scale * rows.Values[k]);
        return new Summand(
            rows,
            ReadTransposed(right),
            new TensorShape([left.Rows, .. isEmbedding ? [right.Columns] : down.Spec.Shape.Dimensions[1..]]),
            isEmbedding,
            up);
    }

    private static ThinMatrix ReadTransposed(StoredFactor factor)
    {
        var matrix = new ThinMatrix(factor.Columns, factor.Rows);
        var row = new double[factor.Columns];
        for (int k = 0; k < factor.Rows; k++)
        {
            factor.Read(k, 1, 0, factor.Columns, row, factor.Columns);
            for (int j = 0; j < factor.Columns; j++)
                matrix[j, k] = row[j];
        }

        return matrix;
    }

    private static ThinMatrix SideBySide(IEnumerable<ThinMatrix> matrices)
    {
        ThinMatrix[] all = [.. matrices];
        var joined = new ThinMatrix(all[0].Rows, all.Sum(matrix => matrix.Columns));
        for (int i = 0; i < joined.Rows; i++)
        {
            int column = 0;
            foreach (ThinMatrix matrix in all)
            {
                for (int k = 0; k < matrix.Columns; k++)
                    joined[i, column++] = matrix[i, k];
            }
        }

        return joined;
    }

    private static DemException NoProduct(StoredTensor tensor, string why) => new(
        ErrorCode.UnknownAdapter,
        $"{tensor.File}: {Quoted.Name(tensor.Spec.Name)}: {why}, which no sum of factors stands for",
        remedy: ByTheModel)
    {
        Path = tensor.File,
        Tensor = tensor.Spec.Name,
    };

    private sealed record Summand(ThinMatrix Left, ThinMatrix Right, TensorShape Weight, bool IsEmbedding, StoredTensor Place);
}
