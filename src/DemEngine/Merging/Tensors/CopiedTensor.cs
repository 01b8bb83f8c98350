using DemEngine.Checkpoints;
using DemEngine.Errors;
using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Numerics;

namespace DemEngine.Merging.Tensors;

/// <summary>
/// Copies a tensor that is no floating-point tensor from the base, and compares its bytes with those of the sources so as to warn
/// of differences.
/// </summary>
/// <param name="spec">Output tensor: the base's tensor, or its first rows.</param>
/// <param name="original">Tensor of the base.</param>
/// <param name="model">Name of the base in the recipe.</param>
/// <param name="others">Tensors of the sources, each with the name of its source in messages.</param>
internal sealed class CopiedTensor(
    TensorSpec spec, TensorReader original, string model, IReadOnlyList<(string Source, TensorReader Tensor)> others)
    : OutputTensor(spec)
{
    // A tensor with fewer rows differs, and need not be read.
    private readonly bool[] _differs =
        [.. others.Select(other => other.Tensor.Spec.Shape.ElementCount < spec.Shape.ElementCount)];

    public override IReadOnlyList<TensorReader> Inputs { get; } =
    [
        original,
        .. others.Select(other => other.Tensor)
            .Where(tensor => tensor.Spec.Shape.ElementCount >= spec.Shape.ElementCount)
            .Distinct(),
    ];

    public override string Operation => "copy of b";

    public override IEnumerable<PlannedSource> Sources => [new PlannedSource(Formula.Base, model, original.Spec.Name)];

    public override string? Remark
    {
        get
        {
            string[] differing = [.. others.Where((_, k) => _differs[k]).Select(other => other.Source)];
            return differing.Length == 0
                ? null
                : $"{Quoted.Name(Spec.Name)} ({Spec.Type.SafetensorsName}) is the base's; "
                    + $"it differs in {string.Join(", ", differing)}";
        }
    }

    public override NonFinite Produce(long first, TypedBytes output, ITileContext workspace)
    {
        ReadOnlySpan<byte> bytes = workspace.Read(original, first, output.Count).Bytes.Span;
        bytes.CopyTo(output.Bytes.Span);
        for (int k = 0; k < others.Count; k++)
        {
            // Threads only ever set a flag, so their order does not matter.
            if (!Volatile.Read(ref _differs[k])
                && !workspace.Read(others[k].Tensor, first, output.Count).Bytes.Span.SequenceEqual(bytes))
                Volatile.Write(ref _differs[k], true);
        }

        return default;
    }
}
