using System.Collections.Concurrent;
using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Layers;
using DemEngine.Errors;
using DemEngine.Merging.Tensors;
using DemEngine.Numerics;

namespace DemEngine.Merging.Quantizing;

/// <summary>The tensors of a quantised output, and how each is made from those of the plain output.</summary>
internal sealed class QuantizedPlan
{
    private readonly ImmutableArray<Entry> _entries;

    /// <param name="form">The quantised form.</param>
    /// <param name="plain">Tensors of the output without quantisation.</param>
    /// <exception cref="DemException">DEM2005 (DuplicateName): a tensor has the name of another's scales.</exception>
    public QuantizedPlan(IQuantizedOutput form, ImmutableArray<TensorSpec> plain)
    {
        var entries = ImmutableArray.CreateBuilder<Entry>();
        var layers = new NetworkLayers(plain.Select(spec => spec.Name));
        var taken = new List<TensorSpec>();
        var left = new List<TensorSpec>();
        for (int k = 0; k < plain.Length; k++)
        {
            TensorSpec spec = plain[k];
            if (!form.Takes(spec, layers))
            {
                left.Add(spec);
                entries.Add(new Entry(spec, k, Kind.Plain, null));
                continue;
            }

            taken.Add(spec);
            (long rows, long columns) = form.BlockOf(spec);
            BlockMaxima NewMaxima() => new(spec.Shape, rows, columns);
            entries.Add(new Entry(spec with { Type = ElementType.F8E4M3 }, k, Kind.Codes, NewMaxima));
            entries.Add(new Entry(form.ScalesOf(spec), k, Kind.Scales, NewMaxima));
        }

        if (taken.Count > 0 && form.MarkerOf(taken) is { } marker)
            entries.Add(new Entry(marker, -1, Kind.Marker, null));
        _entries = entries.ToImmutable();
        Specs = [.. _entries.Select(entry => entry.Spec)];
        Plain = [.. left];
        string[] twice =
            [.. Specs.CountBy(spec => spec.Name, StringComparer.Ordinal).Where(name => name.Value > 1).Select(name => name.Key)];
        if (twice.Length > 0)
            throw new DemException(
                ErrorCode.DuplicateName, $"a tensor of the output has the name of another's scales: {Quoted.List(twice)}");
        long elements = taken.Sum(spec => spec.Shape.ElementCount);
        Remark = taken.Count == 0
            ? $"no tensor is quantised to {form.Name}: none is a matrix within a layer that the form takes"
            : $"{taken.Count} matrices of {elements} elements are quantised to {form.Name}; {left.Count} tensors stay plain";
    }

    /// <summary>Tensors of the output.</summary>
    public ImmutableArray<TensorSpec> Specs { get; }

    /// <summary>Tensors that stay plain.</summary>
    public ImmutableArray<TensorSpec> Plain { get; }

    /// <summary>Note on what is quantised.</summary>
    public string Remark { get; }

    /// <summary>Plans a tensor.</summary>
    /// <param name="index">Index of the tensor in <see cref="Specs"/>.</param>
    /// <param name="plan">Function that plans a tensor of the plain output.</param>
    /// <param name="maxima">Maxima of the matrices of one output, which are measured when they are first needed.</param>
    /// <exception cref="DemException">DEM3007 (UnsupportedFeature): statistics over several tensors are needed.</exception>
    public OutputTensor Plan(int index, Func<int, OutputTensor> plan, ConcurrentDictionary<int, SharedMaxima> maxima)
    {
        Entry entry = _entries[index];
        if (entry.Kind == Kind.Marker)
            return new MarkerTensor(entry.Spec);
        OutputTensor tensor = plan(entry.Index);
        if (entry.Kind == Kind.Plain)
            return tensor;
        if (tensor.CrossTensorParts.Count > 0)
            throw new DemException(
                ErrorCode.UnsupportedFeature,
                $"tensor {Quoted.Name(tensor.Spec.Name)}: `scope: layer` and `scope: model` are not done together with a "
                + "quantised output; merge to a plain type, and convert that");
        SharedMaxima shared = maxima.GetOrAdd(entry.Index, _ => new SharedMaxima(entry.NewMaxima!));
        var matrix = new MeasuredMatrix(tensor);
        return entry.Kind == Kind.Codes
            ? new QuantizedCodes(entry.Spec, matrix, shared)
            : new QuantizedScales(entry.Spec, matrix, shared);
    }

    private enum Kind
    {
        Plain,
        Codes,
        Scales,
        Marker,
    }

    private sealed record Entry(TensorSpec Spec, int Index, Kind Kind, Func<BlockMaxima>? NewMaxima);
}
