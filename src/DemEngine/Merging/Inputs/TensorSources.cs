using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Methods.Definition;
using DemEngine.Numerics;

namespace DemEngine.Merging.Inputs;

/// <summary>One source's contribution to a merged tensor.</summary>
/// <param name="Tensor">Tensor of the source; null if the source lacks it.</param>
/// <param name="Rows">Number of the output's rows that the source has.</param>
internal readonly record struct SourceTensor(TensorReader? Tensor, long Rows);

/// <summary>
/// The inputs of a merged tensor. Rows that a source lacks, because it lacks the tensor or has a smaller vocabulary, are made
/// without it: its difference from the base counts as zero, and where whole tensors are averaged the base's rows are used
/// instead.
/// </summary>
internal sealed class TensorSources
{
    private readonly bool _staysBase;
    private readonly bool _readsBase;

    /// <param name="shape">Shape of the output tensor.</param>
    /// <param name="baseTensor">Tensor of the base.</param>
    /// <param name="sources">Tensors of the recipe's sources, one for each source.</param>
    /// <param name="isVector">Flag for each source, set where it is a stored difference.</param>
    /// <param name="use">Role of the base in the method.</param>
    /// <param name="isRelative">Whether differences from the base are merged.</param>
    public TensorSources(
        TensorShape shape,
        TensorReader baseTensor,
        ImmutableArray<SourceTensor> sources,
        ImmutableArray<bool> isVector,
        BaseUse use,
        bool isRelative)
    {
        Base = baseTensor;
        IsVector = isVector;
        All = use == BaseUse.First ? sources.Insert(0, new SourceTensor(baseTensor, baseTensor.Spec.Shape.Rows)) : sources;
        IsRelative = isRelative;
        _staysBase = use == BaseUse.First;
        bool standsIn = false;
        long least = long.MaxValue;
        foreach (SourceTensor source in All)
        {
            standsIn |= source.Tensor is null || source.Rows < shape.Rows;
            least = Math.Min(least, RowsOf(source, shape));
        }

        _readsBase = isRelative || standsIn || _staysBase;
        Inputs = Distinct(_readsBase ? baseTensor : null, All);
        RowElements = shape.RowElements;
        CommonElements = least * shape.RowElements;
        Segments = standsIn || shape.Rows == 0 ? Cut(shape) : [SegmentOf(0, shape.Rows)];
    }

    public TensorReader Base { get; }

    /// <summary>
    /// All tensors to be merged: the sources, preceded by the base where the method merges it as the first of them.
    /// </summary>
    public ImmutableArray<SourceTensor> All { get; }

    /// <summary>Whether the sources' differences from the base are merged, instead of the sources themselves.</summary>
    public bool IsRelative { get; }

    /// <summary>
    /// Flags for the sources of the recipe, set where a source is a stored difference. Meaningful only if
    /// <see cref="IsRelative"/> is set.
    /// </summary>
    public ImmutableArray<bool> IsVector { get; }

    /// <summary>
    /// Number of vectors in the Gram matrix that a method asks for: the sources, and the base where it is subtracted.
    /// </summary>
    public int VectorCount => All.Length + (IsRelative ? 1 : 0);

    /// <summary>All tensors that are read, each listed once.</summary>
    public ImmutableArray<TensorReader> Inputs { get; }

    /// <summary>Number of elements in a row, the unit in which a source has or lacks a part of the tensor.</summary>
    public long RowElements { get; }

    /// <summary>Number of elements that all sources have. They are the first ones of the tensor.</summary>
    public long CommonElements { get; }

    /// <summary>Parts of the tensor, each made from the same sources throughout.</summary>
    public ImmutableArray<Segment> Segments { get; }

    /// <summary>Lists the tensors that the symbols in formulas stand for.</summary>
    /// <param name="models">Names of the base and of the sources in the recipe, in this order.</param>
    public IEnumerable<PlannedSource> Named(IReadOnlyList<string> models)
    {
        if (_readsBase)
            yield return new PlannedSource(LinearInput.SymbolOf(0), models[0], Base.Spec.Name);
        for (int k = 0; k < All.Length; k++)
        {
            if (Place(k) is > 0 and var place && All[k].Tensor is { } tensor)
                yield return new PlannedSource(LinearInput.SymbolOf(place), models[place], tensor.Spec.Name);
        }
    }

    /// <summary>Computes the Gram matrix of a part, leaf by leaf.</summary>
    /// <param name="inputs">
    /// The base where it is subtracted, then the sources: the same number of elements of each, beginning at the start of a leaf.
    /// </param>
    /// <param name="leafSums">Output: for each leaf the dot products of all pairs of vectors.</param>
    /// <param name="workspace">Workspace of the calling thread.</param>
    public void Gram(ReadOnlySpan<TypedBytes> inputs, Span<double> leafSums, ITileContext workspace)
    {
        if (IsRelative)
            DifferenceGram.Measure(inputs, IsVector.AsSpan(), leafSums, workspace);
        else
            workspace.Worker.Gram(relativeToBase: false, inputs, leafSums);
    }

    /// <summary>Reduces a sum over all sources to the sources that one segment has.</summary>
    public LinearPart PartOf(LinearCombination sum, Segment segment)
    {
        // Where the base is interpolated with another model, elements that the other lacks stay those of the base.
        if (_staysBase && segment.Sources.Any(source => source is null))
            return new LinearPart(LinearCombination.BaseAlone, [new LinearInput(0, Base)]);

        // If no base is subtracted, a sum that starts from the base starts from the first source instead.
        bool startsFromFirst = sum.StartsFromBase && !IsRelative;
        var terms = ImmutableArray.CreateBuilder<Term>(segment.Sources.Length);
        var inputs = ImmutableArray.CreateBuilder<LinearInput>(segment.Sources.Length + 1);
        for (int s = startsFromFirst ? 1 : 0; s < segment.Sources.Length; s++)
        {
            if (IsRelative && (segment.Sources[s] is null || segment.Sources[s] == Base))
                continue;
            terms.Add(sum.Terms[startsFromFirst ? s - 1 : s]);
            inputs.Add(InputOf(s, segment));
        }

        var part = new LinearCombination(sum.StartsFromBase, terms.DrainToImmutable());
        if (part.UsesBase)
            inputs.Insert(0, startsFromFirst ? InputOf(0, segment) : new LinearInput(0, Base));
        return new LinearPart(part, inputs.DrainToImmutable());
    }

    private static long RowsOf(SourceTensor source, TensorShape shape) =>
        source.Tensor is null ? 0 : Math.Min(source.Rows, shape.Rows);

    // With few sources, as there mostly are, comparing each with those before it takes no memory.
    private static ImmutableArray<TensorReader> Distinct(TensorReader? first, ImmutableArray<SourceTensor> sources)
    {
        const int Few = 8;
        if (sources.Length > Few)
        {
            IEnumerable<TensorReader> present = sources.Select(source => source.Tensor).OfType<TensorReader>();
            return [.. (first is null ? present : present.Prepend(first)).Distinct()];
        }

        var distinct = ImmutableArray.CreateBuilder<TensorReader>(sources.Length + 1);
        if (first is not null)
            distinct.Add(first);
        foreach (SourceTensor source in sources)
        {
            if (source.Tensor is { } tensor && !distinct.Contains(tensor))
                distinct.Add(tensor);
        }

        return distinct.DrainToImmutable();
    }

    private ImmutableArray<Segment> Cut(TensorShape shape)
    {
        long[] cuts = [.. All.Select(source => RowsOf(source, shape)).Append(0).Append(shape.Rows).Distinct().Order()];
        return [.. cuts.Zip(cuts.Skip(1), SegmentOf)];
    }

    private Segment SegmentOf(long fromRow, long toRow)
    {
        var sources = ImmutableArray.CreateBuilder<TensorReader?>(All.Length);
        foreach (SourceTensor source in All)
            sources.Add(source.Rows >= toRow ? source.Tensor : null);
        return new Segment(fromRow * RowElements, toRow * RowElements, sources.MoveToImmutable());
    }

    private LinearInput InputOf(int source, Segment segment) =>
        segment.Sources[source] is { } tensor ? new LinearInput(Place(source), tensor) : new LinearInput(0, Base);

    /// <summary>
    /// Converts an index into <see cref="All"/> to a position in the recipe: 0 for the base, and from 1 on for the sources.
    /// </summary>
    private int Place(int source) => _staysBase ? source : source + 1;
}

/// <summary>A range of elements that are made from the same sources.</summary>
/// <param name="First">Index of the first element.</param>
/// <param name="End">Index after the last element.</param>
/// <param name="Sources">Tensors of all sources; null where a source lacks these elements.</param>
internal sealed record Segment(long First, long End, ImmutableArray<TensorReader?> Sources);

/// <summary>A sum together with its inputs, in the order in which the sum takes them.</summary>
internal sealed record LinearPart(LinearCombination Sum, ImmutableArray<LinearInput> Inputs);

/// <summary>One input of a sum.</summary>
/// <param name="Place">Position of the input's model in the recipe: 0 for the base, and from 1 on for the sources.</param>
/// <param name="Tensor">Tensor that is read.</param>
internal readonly record struct LinearInput(int Place, TensorReader Tensor)
{
    /// <summary>Symbol of the input in formulas.</summary>
    public string Symbol => SymbolOf(Place);

    /// <summary>Returns the symbol in formulas of the model at a position in the recipe.</summary>
    public static string SymbolOf(int place) => place == 0 ? Formula.Base : Formula.Source(place);
}
