using DemEngine.Checkpoints.Adapters.Changes;
using DemEngine.Errors;

namespace DemEngine.Checkpoints.Adapters;

/// <summary>
/// Makes the change of a module's weights from what an adapter stores of it. A further kind of adapter is a class of
/// <see cref="WeightMatrix"/> and its lines here and in <see cref="AdapterName"/>.
/// </summary>
/// <param name="config">Configuration of PEFT; null for adapters in one file, which state α as a tensor.</param>
/// <param name="areTransposed">Whether matrices whose shape does not tell are stored transposed in the model.</param>
/// <param name="packed">Right factors of the adapter.</param>
internal sealed class ModuleChange(AdapterConfig? config, bool areTransposed, PackedFactors packed)
{
    /// <summary>Makes the change of a module's weight.</summary>
    /// <param name="module">The module.</param>
    /// <param name="target">The model's tensor.</param>
    /// <exception cref="DemException">
    /// DEM2047 (AdapterDoesNotFit): the change has another shape than the tensor. DEM2048 (BadAdapter): parts are missing or
    /// contradict each other.
    /// </exception>
    public WeightMatrix Of(AdapterModule module, StoredTensor target)
    {
        TensorShape shape = ShapeOf(module, target);
        WeightMatrix change = Find(module, shape) ?? throw AdapterFault.Missing(module.Any, "whole pair of factors");
        return Fits(change, shape)
            ? change
            : throw new DemException(
                ErrorCode.AdapterDoesNotFit,
                $"{module.Any.File}: the change of {Quoted.Name(module.Name)} is [{change.Rows}, {change.Columns}], "
                + $"and {Quoted.Name(target.Spec.Name)} of the model is {target.Spec.Shape}")
            {
                Path = module.Any.File,
                Tensor = target.Spec.Name,
            };
    }

    /// <summary>Makes the change of a module's bias.</summary>
    /// <param name="module">The module.</param>
    /// <param name="bias">What the adapter stores of the bias.</param>
    /// <param name="target">The model's bias.</param>
    /// <exception cref="DemException">DEM2047 (AdapterDoesNotFit), DEM2048 (BadAdapter).</exception>
    public WeightMatrix OfBias(AdapterModule module, StoredTensor bias, StoredTensor target)
    {
        if (bias.Spec.Shape.ElementCount != target.Spec.Shape.ElementCount)
            throw new DemException(
                ErrorCode.AdapterDoesNotFit,
                $"{bias.File}: {Quoted.Name(bias.Spec.Name)} is {bias.Spec.Shape}, "
                + $"and {Quoted.Name(target.Spec.Name)} of the model is {target.Spec.Shape}")
            {
                Path = bias.File,
                Tensor = target.Spec.Name,
            };
        double scale = bias == module[AdapterPart.UpBias] && module[AdapterPart.Down] is { } down
            ? Scale(module, AdapterFault.MatrixOf(down).Rows, down)
            : 1;
        return StoredMatrix.Of(bias, scale);
    }

    private WeightMatrix? Find(AdapterModule module, TensorShape target)
    {
        if (module[AdapterPart.EmbeddingDown] is { } tokens)
        {
            StoredTensor width = module[AdapterPart.EmbeddingUp] ?? throw AdapterFault.Missing(tokens, "lora_embedding_B");
            var rows = new StoredFactor(tokens, isTransposed: true);
            return new ProductMatrix(
                rows, new StoredFactor(width, isTransposed: true), packed, Scale(module, rows.Columns, tokens));
        }

        if (module[AdapterPart.Down] is { } down)
            return Product(module, target, down, module[AdapterPart.Up] ?? throw AdapterFault.Missing(down, "B (up)"));
        if (module[AdapterPart.W2] is null && module[AdapterPart.W2Left] is null)
            return module[AdapterPart.Difference] is { } difference ? StoredMatrix.Of(difference) : null;
        return module[AdapterPart.W1] is null && module[AdapterPart.W2] is null && !IsKronecker(module)
            ? Hadamard(module)
            : Kronecker(module);
    }

    private ProductMatrix Product(
        AdapterModule module, TensorShape target, StoredTensor down, StoredTensor up)
    {
        if (module[AdapterPart.Middle] is { } middle)
        {
            var core = new TuckerFactor(middle, down);
            return new ProductMatrix(new StoredFactor(up), core, packed, Scale(module, core.Rows, down));
        }

        var left = new StoredFactor(up);
        var right = new StoredFactor(down);
        double scale = Scale(module, right.Rows, down);
        return IsStoredTransposed(module, target)
            ? new ProductMatrix(
                new StoredFactor(down, isTransposed: true), new StoredFactor(up, isTransposed: true), packed, scale)
            : new ProductMatrix(left, right, packed, scale);
    }

    /// <summary>Whether lengths (DoRA) are those of a tensor's columns, and not of its rows.</summary>
    /// <param name="module">The module, with lengths.</param>
    /// <param name="target">Shape of the model's tensor.</param>
    public bool HasLengthsOfColumns(AdapterModule module, TensorShape target) =>
        module[AdapterPart.EmbeddingDown] is not null || IsStoredTransposed(module, target)
        || (config is null && target.Dimensions.Length == 2 && IsRow(module[AdapterPart.Lengths]!.Spec.Shape, target));

    private bool IsStoredTransposed(AdapterModule module, TensorShape target)
    {
        if (module.IsTransposed is { } isKnown)
            return isKnown;
        return module[AdapterPart.Down] is { } down && module[AdapterPart.Up] is { } up && module[AdapterPart.Middle] is null
            && (up.Spec.Shape.Rows == down.Spec.Shape.RowElements
                ? areTransposed
                : target.Rows == down.Spec.Shape.RowElements && target.RowElements == up.Spec.Shape.Rows
                    && up.Spec.Shape.RowElements == down.Spec.Shape.Rows);
    }

    // LyCORIS stores lengths of rows as [rows, 1], and those of columns as [1, columns].
    private static bool IsRow(TensorShape lengths, TensorShape target) =>
        lengths.Dimensions is [1, var columns] && columns == target.RowElements;

    private static TensorShape ShapeOf(AdapterModule module, StoredTensor target) => module.Expert is null
        ? target.Spec.Shape
        : new TensorShape(target.Spec.Shape.Dimensions[1..]);

    /// <summary>Whether a module's factors fit only if the model stores the matrix transposed.</summary>
    /// <param name="module">The module.</param>
    /// <param name="target">Shape of the model's tensor.</param>
    public static bool IsTransposed(AdapterModule module, TensorShape target) =>
        module[AdapterPart.Down] is { } down && module[AdapterPart.Up] is { } up && module[AdapterPart.Middle] is null
        && target.Dimensions.Length == 2
        && up.Spec.Shape.Rows == target.RowElements && down.Spec.Shape.RowElements == target.Rows
        && target.Rows != target.RowElements;

    private HadamardMatrix Hadamard(AdapterModule module)
    {
        ProductMatrix a = Factored(module, AdapterPart.W1Left, AdapterPart.W1Right, AdapterPart.W1Core);
        ProductMatrix b = Factored(module, AdapterPart.W2Left, AdapterPart.W2Right, AdapterPart.W2Core);
        return new HadamardMatrix(a, b, Scale(module, a.Rank, module[AdapterPart.W1Right]!));
    }

    private KroneckerMatrix Kronecker(AdapterModule module)
    {
        WeightMatrix a = module[AdapterPart.W1] is { } first
            ? StoredMatrix.Of(first)
            : Factored(module, AdapterPart.W1Left, AdapterPart.W1Right, core: null);
        WeightMatrix b = module[AdapterPart.W2] is { } second
            ? StoredMatrix.Of(second)
            : Factored(module, AdapterPart.W2Left, AdapterPart.W2Right, AdapterPart.W2Core);

        // Where neither matrix is a product, there is no rank that an α stored beside them could refer to.
        ProductMatrix? factored = b as ProductMatrix ?? a as ProductMatrix;
        double scale = factored is not null ? Scale(module, factored.Rank, factored.Parts[0])
            : module.ReadAlpha() is null && config is not null ? config.ScaleOf(module.KnownAs)
            : 1;
        return new KroneckerMatrix(a, b, scale);
    }

    private ProductMatrix Factored(AdapterModule module, AdapterPart left, AdapterPart right, AdapterPart? core)
    {
        StoredTensor l = module[left] ?? throw AdapterFault.Missing(module.Any, NameOf(left));
        StoredTensor r = module[right] ?? throw AdapterFault.Missing(module.Any, NameOf(right));

        // In the Tucker form the left factor is stored as rank × outputs, without it as outputs × rank.
        return core is { } name && module[name] is { } middle
            ? new ProductMatrix(new StoredFactor(l, isTransposed: true), new TuckerFactor(middle, r), packed)
            : new ProductMatrix(new StoredFactor(l), new StoredFactor(r), packed);
    }

    // LoHa has both matrices as products; LoKr has at least one of the two smaller ones whole, or says so by its names.
    private static bool IsKronecker(AdapterModule module) =>
        module.Any.Spec.Name.Contains("lokr_", StringComparison.Ordinal);

    private double Scale(AdapterModule module, int rank, StoredTensor factor) =>
        module.ReadAlpha() is { } alpha ? alpha / rank : config?.ScaleOf(module.KnownAs, rank, factor) ?? 1;

    private static bool Fits(WeightMatrix change, TensorShape target) =>
        change.Rows == target.Rows && change.Columns == target.RowElements;

    private static string NameOf(AdapterPart part) => part switch
    {
        AdapterPart.W1Left => "w1_a",
        AdapterPart.W1Right => "w1_b",
        AdapterPart.W2Left => "w2_a",
        _ => "w2_b",
    };
}
