using DemEngine.Checkpoints;
using DemEngine.Errors;
using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Numerics;

namespace DemEngine.Merging.Tensors;

/// <summary>A tensor of integers or booleans: the base's bytes, compared with those of the sources.</summary>
/// <param name="spec">The output: the base's tensor, or its first rows.</param>
/// <param name="original">The base's.</param>
/// <param name="model">What the recipe calls the base.</param>
/// <param name="others">The sources', with what messages call each source.</param>
internal sealed class CopiedTensor(TensorSpec spec, TensorReader original, string model, IReadOnlyList<(string Source, TensorReader Tensor)> others)
    : OutputTensor(spec)
{
    // One that has fewer rows differs without being read.
    private readonly bool[] _differs = [.. others.Select(other => other.Tensor.Spec.Shape.ElementCount < spec.Shape.ElementCount)];

    public override IReadOnlyList<TensorReader> Inputs { get; } =
    [
        original,
        .. others.Select(other => other.Tensor).Where(tensor => tensor.Spec.Shape.ElementCount >= spec.Shape.ElementCount).Distinct(),
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
                : $"{Quoted.Name(Spec.Name)} ({Spec.Type.SafetensorsName}) is the base's; it differs in {string.Join(", ", differing)}";
        }
    }

    public override NonFinite Produce(long first, TypedBytes output, ITileContext workspace)
    {
        ReadOnlySpan<byte> bytes = workspace.Read(original, first, output.Count).Bytes.Span;
        bytes.CopyTo(output.Bytes.Span);
        for (int k = 0; k < others.Count; k++)
        {
            // Threads only ever set a flag, so they need no order.
            if (!Volatile.Read(ref _differs[k]) && !workspace.Read(others[k].Tensor, first, output.Count).Bytes.Span.SequenceEqual(bytes))
                Volatile.Write(ref _differs[k], true);
        }

        return default;
    }
}
