using DemEngine.Checkpoints;
using DemEngine.Tests.Merging;

namespace DemEngine.Tests.Adapters;

/// <summary>An adapter of one tensor, and what its maker's definition says that the tensor becomes, computed densely in double.</summary>
/// <param name="Form">What is special about it.</param>
/// <param name="Target">The model's tensor.</param>
/// <param name="Factors">Tensors of the adapter.</param>
/// <param name="Config">Contents of <c>adapter_config.json</c>; null for a single file.</param>
/// <param name="Change">What is added to each element.</param>
internal sealed record AdapterCase(
    string Form,
    (TensorSpec Spec, byte[] Bytes) Target,
    IReadOnlyList<(TensorSpec Spec, byte[] Bytes)> Factors,
    string? Config,
    double[] Change)
{
    /// <summary>Free text in the header of a single file; null for none.</summary>
    public Dictionary<string, string>? Metadata { get; init; }

    /// <summary>Length that each row is given afterwards; null for none.</summary>
    public double[]? Lengths { get; init; }

    /// <summary>Whether the lengths are those of columns.</summary>
    public bool AreLengthsOfColumns { get; init; }

    /// <summary>The values that replace the tensor; null where something is added to it.</summary>
    public double[]? Whole { get; init; }

    /// <summary>The tensor with the adapter, in double.</summary>
    public double[] Expected
    {
        get
        {
            if (Whole is not null)
                return Whole;
            double[] own = Values.Of(Target.Spec.Type, Target.Bytes);
            double[] sum = [.. own.Select((w, k) => w + Change[k])];
            if (Lengths is null)
                return sum;
            int columns = (int)Target.Spec.Shape.RowElements;
            if (AreLengthsOfColumns)
                return
                [
                    .. sum.Select((x, k) => x * Lengths[k % columns]
                        / Math.Sqrt(sum.Where((_, other) => other % columns == k % columns).Sum(y => y * y))),
                ];
            return
            [
                .. sum.Select((x, k) => x * Lengths[k / columns]
                    / Math.Sqrt(sum.Skip(k / columns * columns).Take(columns).Sum(y => y * y))),
            ];
        }
    }

    /// <summary>Writes a model <c>base</c> and the adapter <c>lora</c>.</summary>
    /// <returns>The adapter's path in the folder.</returns>
    public string Write(ModelFolder folder, params (TensorSpec Spec, byte[] Bytes)[] others)
    {
        folder.Model("base", [Target, .. others]);
        if (Config is not null)
        {
            TestCheckpoint.Write(folder.PathOf("lora"), Factors.ToArray());
            File.Move(
                Path.Combine(folder.PathOf("lora"), "model.safetensors"),
                Path.Combine(folder.PathOf("lora"), "adapter_model.safetensors"));
            folder.File("lora", "adapter_config.json", Config);
            return "lora";
        }

        TestCheckpoint.Write(folder.PathOf("loras"), Factors.ToArray(), metadata: Metadata);
        return "loras/model.safetensors";
    }

    public override string ToString() => Form;
}
