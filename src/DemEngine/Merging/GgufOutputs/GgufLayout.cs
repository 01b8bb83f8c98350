using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.GgufModels;
using DemEngine.Errors;
using DemEngine.Numerics;
using DemEngine.Numerics.Quantized.Blocks;

namespace DemEngine.Merging.GgufOutputs;

/// <summary>A tensor as the header of a GGUF file lists it.</summary>
/// <param name="Name">Name in the file.</param>
/// <param name="Dimensions">Sizes of the dimensions, outermost first.</param>
/// <param name="Type">Type of the data.</param>
/// <param name="Offset">Offset of the data from the first tensor's.</param>
internal sealed record GgufListedTensor(string Name, ImmutableArray<long> Dimensions, BlockEncoder Type, long Offset);

/// <summary>
/// Lays out the tensors of a GGUF file one behind the other. The experts of a layer, which models have one by one, or all gates
/// and ups in one tensor, are three tensors there.
/// </summary>
internal sealed class GgufLayout
{
    /// <summary>Places are multiples of so many bytes.</summary>
    public const int Alignment = 32;

    private readonly ImmutableArray<GgufListedTensor>.Builder _listed = ImmutableArray.CreateBuilder<GgufListedTensor>();
    private readonly ImmutableArray<GgufTensorPlan>.Builder _tensors = ImmutableArray.CreateBuilder<GgufTensorPlan>();
    private readonly Dictionary<string, Stack> _stacks = new(StringComparer.Ordinal);
    private readonly GgufForm _form;
    private readonly GgufFileConfig _config;
    private readonly bool _isTied;

    private GgufLayout(GgufForm form, GgufFileConfig config, bool isTied, long start)
    {
        _form = form;
        _config = config;
        _isTied = isTied;
        Length = Aligned(start);
    }

    /// <summary>Tensors as the header lists them.</summary>
    public ImmutableArray<GgufListedTensor> Listed => _listed.ToImmutable();

    /// <summary>Tensors of the output, with their places.</summary>
    public ImmutableArray<GgufTensorPlan> Tensors => _tensors.ToImmutable();

    /// <summary>Length of the data in bytes.</summary>
    public long Length { get; private set; }

    /// <summary>Lays out the tensors of an output.</summary>
    /// <param name="specs">The tensors in Hugging Face's layout.</param>
    /// <param name="form">The form.</param>
    /// <param name="config">What the file says of the architecture.</param>
    /// <param name="start">Number of bytes before the first tensor.</param>
    /// <exception cref="DemException">DEM2059 (NotForGguf): a tensor has no place.</exception>
    public static GgufLayout Of(IReadOnlyCollection<TensorSpec> specs, GgufForm form, GgufFileConfig config, long start)
    {
        var layout = new GgufLayout(form, config, specs.All(spec => spec.Name != GgufNames.Output), start);
        foreach (TensorSpec spec in specs)
            layout.Add(spec);
        foreach (var (name, stack) in layout._stacks.Where(one => one.Value.Seen.Count != config.Sizes.Experts))
            throw config.Wrong(
                $"layer tensor {Quoted.Name(name)} has {stack.Seen.Count} of {config.Sizes.Experts} experts; files have all of a "
                + "layer's in one tensor");
        int layers = layout._stacks.Count / 3;
        if (config.Sizes.Experts > 0 && layers != config.Sizes.Layers)
            throw config.Wrong(
                $"{layers} of {config.Sizes.Layers} layers have experts, and llama.cpp runs {config.Architecture.Name} "
                + "where all have");
        return layout;
    }

    /// <summary>Returns the next place at or after an offset.</summary>
    public static long Aligned(long offset) => (offset + Alignment - 1) / Alignment * Alignment;

    private void Add(TensorSpec spec)
    {
        if (spec.Type is not (ElementType.F32 or ElementType.F16 or ElementType.BF16))
            throw _config.Wrong(
                $"tensor {Quoted.Name(spec.Name)} is {spec.Type.SafetensorsName}; F32, F16 and BF16 are written as GGUF");
        GgufArchitecture architecture = _config.Architecture;
        ImmutableArray<GgufFileName> names = GgufNames.InFile(spec.Name, architecture);
        if (names.IsEmpty)
            throw _config.Wrong(
                $"tensor {Quoted.Name(spec.Name)} has no known place in a GGUF file of {architecture.Name}");
        if (spec.Shape.Dimensions.Length is < 1 or > 4 || spec.Shape.ElementCount == 0)
            throw _config.Wrong($"tensor {Quoted.Name(spec.Name)} is {spec.Shape}");
        GgufName place = names[0].Place;
        long heads = !architecture.IsPermuted ? 0 : place.IsQuery ? _config.Heads : place.IsKey ? _config.KeyHeads : 0;
        if (heads > 0 && spec.Shape.Rows % (2 * heads) != 0)
            throw _config.Wrong(
                $"tensor {Quoted.Name(spec.Name)} has {spec.Shape.Rows} rows, which do not divide into {heads} heads");
        bool isOutput = spec.Name == GgufNames.Output || (_isTied && spec.Name == GgufNames.Embedding);
        var type = _form.TypeOf(
            spec.Shape, GgufPlace.Of(names[0].FileName, place.IsNorm || place.IsRouter, isOutput), _config.Sizes);
        _tensors.Add(new GgufTensorPlan(
            spec,
            type,
            [.. names.Select(name => place.IsStacked
                ? InStack(name, spec, names.Length, type)
                : List(name.FileName, spec.Shape.Dimensions, type))],
            heads,
            place.IsNorm ? architecture.NormOffset : 0));
    }

    private long InStack(GgufFileName name, TensorSpec spec, int parts, BlockEncoder type)
    {
        int experts = _config.Sizes.Experts;
        ImmutableArray<long> sizes = name.Expert is null ? spec.Shape.Dimensions : [experts, .. spec.Shape.Dimensions];
        if (sizes is not [var count, var rows, var columns] || count != experts || rows % parts != 0)
            throw _config.Wrong($"tensor {Quoted.Name(spec.Name)} is {spec.Shape}, which is not that of {experts} experts");
        sizes = [count, rows / parts, columns];
        if (!_stacks.TryGetValue(name.FileName, out Stack? stack))
        {
            stack = new Stack(sizes, type, List(name.FileName, sizes, type), []);
            _stacks.Add(name.FileName, stack);
        }

        bool isNew = name.Expert is { } number
            ? number < experts && stack.Seen.Add(number)
            : stack.Seen.Count == 0 && Enumerable.Range(0, experts).All(stack.Seen.Add);
        if (!isNew || !stack.Sizes.SequenceEqual(sizes) || stack.Type != type)
            throw _config.Wrong(
                $"tensor {Quoted.Name(spec.Name)} does not fit the other experts of its layer: their numbers are those below "
                + $"{experts}, and their shapes and types the same");
        return stack.Offset + ((name.Expert ?? 0) * GgufTensorPlan.BytesOf(type, sizes[1] * sizes[2]));
    }

    private long List(string name, ImmutableArray<long> sizes, BlockEncoder type)
    {
        long offset = Length;
        _listed.Add(new GgufListedTensor(name, sizes, type, offset));
        Length = Aligned(offset + GgufTensorPlan.BytesOf(type, sizes.Aggregate((a, b) => a * b)));
        return offset;
    }

    private sealed record Stack(
        ImmutableArray<long> Sizes, BlockEncoder Type, long Offset, HashSet<int> Seen);
}
