namespace DemEngine.Merging.Mixtures;

/// <summary>A matrix of a gated MLP, which computes down·(act(gate·x) ∘ up·x).</summary>
internal enum MlpMatrix
{
    /// <summary>The matrix whose products pass through the activation.</summary>
    Gate,

    /// <summary>The matrix whose products are multiplied by the gate's.</summary>
    Up,

    /// <summary>The matrix that leads back, and whose products are added to the hidden state.</summary>
    Down,
}

/// <summary>Names of the matrices in dense models.</summary>
internal static class MlpMatrices
{
    /// <summary>All matrices, in the order in which they are written.</summary>
    public static readonly IReadOnlyList<MlpMatrix> All = [MlpMatrix.Gate, MlpMatrix.Up, MlpMatrix.Down];

    /// <summary>The last part but one of a matrix's name, such as <c>gate_proj</c>.</summary>
    public static string Word(this MlpMatrix matrix) => matrix switch
    {
        MlpMatrix.Gate => "gate_proj",
        MlpMatrix.Up => "up_proj",
        _ => "down_proj",
    };

    /// <summary>Name of a layer's matrix in a dense model.</summary>
    public static string NameIn(this MlpMatrix matrix, int layer) => $"model.layers.{layer}.mlp.{matrix.Word()}.weight";
}
