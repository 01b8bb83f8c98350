using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Layers;

namespace DemEngine.Adapters;

/// <summary>Names and shapes of a module's factors.</summary>
/// <param name="Module">Path of the module.</param>
/// <param name="Weight">Shape of the model's tensor.</param>
/// <param name="IsEmbedding">Whether it is an embedding, whose factors PEFT stores the other way round.</param>
/// <param name="Layout">How tensors are named.</param>
internal sealed record FactorNames(string Module, TensorShape Weight, bool IsEmbedding, AdapterLayout Layout)
{
    /// <summary>What PEFT puts before the names of the model.</summary>
    public const string PeftPrefix = "base_model.model.";

    /// <summary>Names the factors of a model's tensor as PEFT does.</summary>
    public static FactorNames Of(TensorSpec weight) => new(
        weight.Name.EndsWith(".weight", StringComparison.Ordinal) ? weight.Name[..^".weight".Length] : weight.Name,
        weight.Shape,
        weight.Shape.Dimensions.Length == 2 && VocabularyName.IsInput(weight.Name),
        AdapterLayout.Peft);

    /// <summary>Name of the model's tensor.</summary>
    public string Tensor => $"{Module}.weight";

    /// <summary>Name of the factor of the rows, B or up; of an embedding A.</summary>
    public string Left => Layout == AdapterLayout.SingleFile ? $"{Module}.lora_up.weight"
        : IsEmbedding ? $"{PeftPrefix}{Module}.lora_embedding_A" : $"{PeftPrefix}{Module}.lora_B.weight";

    /// <summary>Name of the factor of the columns, A or down; of an embedding B.</summary>
    public string Right => Layout == AdapterLayout.SingleFile ? $"{Module}.lora_down.weight"
        : IsEmbedding ? $"{PeftPrefix}{Module}.lora_embedding_B" : $"{PeftPrefix}{Module}.lora_A.weight";

    /// <summary>Name of the number α; null where the configuration states it.</summary>
    public string? Alpha => Layout == AdapterLayout.SingleFile ? $"{Module}.alpha" : null;

    /// <summary>
    /// Shape of the factor of the rows. A convolution's window belongs to the other one, and this has one place.
    /// </summary>
    public TensorShape LeftShape(int rank) => IsEmbedding
        ? new TensorShape([rank, Weight.Rows])
        : new TensorShape([Weight.Rows, rank, .. Enumerable.Repeat(1L, Math.Max(0, Weight.Dimensions.Length - 2))]);

    /// <summary>Shape of the factor of the columns.</summary>
    public TensorShape RightShape(int rank) =>
        IsEmbedding ? new TensorShape([Weight.RowElements, rank]) : new TensorShape([rank, .. Weight.Dimensions[1..]]);
}
