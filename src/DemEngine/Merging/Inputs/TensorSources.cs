using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Methods.Definition;
using DemEngine.Numerics;

namespace DemEngine.Merging.Inputs;

/// <summary>One source's part in a merged tensor.</summary>
/// <param name="Tensor">Its tensor; null if the source lacks it.</param>
/// <param name="Rows">The rows it has of those that are made.</param>
internal readonly record struct SourceTensor(TensorReader? Tensor, long Rows);

/// <summary>
/// What a merged tensor is made from. Rows that a source lacks, because it lacks the tensor or has a smaller vocabulary, are made without
/// it: its difference from the base counts as zero, and where whole tensors are averaged the base's rows stand in.
/// </summary>
internal sealed class TensorSources
{
    private readonly bool _staysBase;
    private readonly bool _readsBase;

    /// <param name="shape">Of the output.</param>
    /// <param name="baseTensor">The base's tensor.</param>
    /// <param name="sources">One for each source of the recipe.</param>
    /// <param name="isVector">Of each source whether it is a stored difference.</param>
    /// <param name="use">What the method makes of the base.</param>
    /// <param name="isRelative">Whether differences from the base are merged.</param>
    public TensorSources(
        TensorShape shape, TensorReader baseTensor, ImmutableArray<SourceTensor> sources, ImmutableArray<bool> isVector, BaseUse use, bool isRelative)
    {
        Base = baseTensor;
        IsVector = isVector;
        All = use == BaseUse.First ? sources.Insert(0, new SourceTensor(baseTensor, baseTensor.Spec.Shape.Rows)) : sources;
        IsRelative = isRelative;
        _staysBase = use == BaseUse.First;
        bool standsIn = All.Any(source => source.Tensor is null || source.Rows < shape.Rows);
        IEnumerable<TensorReader> present = All.Select(source => source.Tensor).OfType<TensorReader>();
        _readsBase = isRelative || standsIn || _staysBase;
        Inputs = [.. (_readsBase ? present.Prepend(baseTensor) : present).Distinct()];
        RowElements = shape.RowElements;
        CommonElements = All.Min(source => source.Tensor is null ? 0 : Math.Min(source.Rows, shape.Rows)) * shape.RowElements;

        long[] cuts = [.. All.Select(source => source.Tensor is null ? 0 : Math.Min(source.Rows, shape.Rows)).Append(0).Append(shape.Rows).Distinct().Order()];
        Segments =
        [
            .. cuts.Zip(cuts.Skip(1), (from, to) => new Segment(
                from * shape.RowElements,
                to * shape.RowElements,
                [.. All.Select(source => source.Rows >= to ? source.Tensor : null)])),
        ];
    }

    public TensorReader Base { get; }

    /// <summary>The sources, after the base where that is the first of them.</summary>
    public ImmutableArray<SourceTensor> All { get; }

    /// <summary>Whether the sources count by their differences from the base.</summary>
    public bool IsRelative { get; }

    /// <summary>Of each source of the recipe whether it is a stored difference; only where <see cref="IsRelative"/>.</summary>
    public ImmutableArray<bool> IsVector { get; }

    /// <summary>Number of vectors whose Gram matrix a method asks for: the sources, and the base where it is subtracted.</summary>
    public int VectorCount => All.Length + (IsRelative ? 1 : 0);

    /// <summary>Every tensor that is read, once.</summary>
    public ImmutableArray<TensorReader> Inputs { get; }

    /// <summary>Elements in one of the rows that a source has or lacks.</summary>
    public long RowElements { get; }

    /// <summary>Elements that all sources have: the tensor's first ones.</summary>
    public long CommonElements { get; }

    /// <summary>Parts that are made from the same sources.</summary>
    public ImmutableArray<Segment> Segments { get; }

    /// <summary>What stands behind the letters of formulas.</summary>
    /// <param name="models">What the recipe calls the base and its sources.</param>
    public IEnumerable<PlannedSource> Named(IReadOnlyList<string> models) => All
        .Select((source, k) => (source.Tensor, Place: Place(k)))
        .Where(source => source.Place > 0)
        .Prepend((Tensor: _readsBase ? Base : null, Place: 0))
        .Where(source => source.Tensor is not null)
        .Select(source => new PlannedSource(LinearInput.SymbolOf(source.Place), models[source.Place], source.Tensor!.Spec.Name));

    /// <summary>Measures the Gram matrix of a part, leaf by leaf.</summary>
    /// <param name="inputs">The base where it is subtracted, and the sources: so many elements from the start of a leaf.</param>
    /// <param name="leafSums">For each leaf the products of each two vectors.</param>
    /// <param name="workspace">The calling thread's.</param>
    public void Gram(ReadOnlySpan<TypedBytes> inputs, Span<double> leafSums, ITileContext workspace)
    {
        if (IsRelative)
            DifferenceGram.Measure(inputs, IsVector.AsSpan(), leafSums, workspace);
        else
            workspace.Worker.Gram(relativeToBase: false, inputs, leafSums);
    }

    /// <summary>What a sum over all sources is in one segment.</summary>
    public LinearPart PartOf(LinearCombination sum, Segment segment)
    {
        // On the way from the base to another model, what the other lacks stays the base's.
        if (_staysBase && segment.Sources.Any(source => source is null))
            return new LinearPart(LinearCombination.BaseAlone, [new LinearInput(0, Base)]);

        // Where no base is subtracted, a sum that starts from one starts from the first source.
        bool startsFromFirst = sum.StartsFromBase && !IsRelative;
        var terms = ImmutableArray.CreateBuilder<Term>();
        var inputs = ImmutableArray.CreateBuilder<LinearInput>();
        for (int s = startsFromFirst ? 1 : 0; s < segment.Sources.Length; s++)
        {
            if (segment.Sources[s] is null && IsRelative)
                continue;
            terms.Add(sum.Terms[startsFromFirst ? s - 1 : s]);
            inputs.Add(InputOf(s, segment));
        }

        var part = new LinearCombination(sum.StartsFromBase, terms.ToImmutable());
        if (part.UsesBase)
            inputs.Insert(0, startsFromFirst ? InputOf(0, segment) : new LinearInput(0, Base));
        return new LinearPart(part, inputs.ToImmutable());
    }

    private LinearInput InputOf(int source, Segment segment) =>
        segment.Sources[source] is { } tensor ? new LinearInput(Place(source), tensor) : new LinearInput(0, Base);

    /// <summary>Of one of <see cref="All"/>: 0 for the base, and from 1 its place among the recipe's sources.</summary>
    private int Place(int source) => _staysBase ? source : source + 1;
}

/// <summary>Elements that are made from the same sources.</summary>
/// <param name="First">Index of the first.</param>
/// <param name="End">Index after the last.</param>
/// <param name="Sources">Each source's tensor; null if it lacks these elements.</param>
internal sealed record Segment(long First, long End, ImmutableArray<TensorReader?> Sources);

/// <summary>A sum with its inputs, in the order in which it wants them.</summary>
internal sealed record LinearPart(LinearCombination Sum, ImmutableArray<LinearInput> Inputs);

/// <summary>One input of a sum.</summary>
/// <param name="Place">0 for the base, and from 1 the place among the recipe's sources.</param>
/// <param name="Tensor">The tensor.</param>
internal readonly record struct LinearInput(int Place, TensorReader Tensor)
{
    /// <summary>What formulas call it.</summary>
    public string Symbol => SymbolOf(Place);

    /// <summary>What formulas call what has a place.</summary>
    public static string SymbolOf(int place) => place == 0 ? Formula.Base : Formula.Source(place);
}
