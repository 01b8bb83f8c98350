namespace DemEngine.Checkpoints.Layers;

/// <summary>
/// How the experts of a layer are named: a tensor for each matrix of each expert, or one tensor for the gates and ups of all, and
/// one for the downs. Mixtral's first files call the block and the matrices otherwise than all others.
/// </summary>
/// <param name="Block">Last part of the name of the block that holds the experts.</param>
/// <param name="Gate">Word for the matrix whose products pass through the activation.</param>
/// <param name="Up">Word for the matrix whose products are multiplied by the gate's.</param>
/// <param name="Down">Word for the matrix that leads back.</param>
internal sealed record ExpertNames(string Block, string Gate, string Up, string Down)
{
    private const string Experts = ".experts.";

    /// <summary>The names that most models have.</summary>
    public static readonly ExpertNames Usual = new("mlp", "gate_proj", "up_proj", "down_proj");

    /// <summary>The names of Mixtral and of models made after it.</summary>
    public static readonly ExpertNames Mixtral = new("block_sparse_moe", "w1", "w3", "w2");

    /// <summary>Ends of the names of what holds the experts of a layer together.</summary>
    public static readonly (string GateUp, string Down) Fused = (".experts.gate_up_proj", ".experts.down_proj");

    /// <summary>Ends of the names of the experts' biases, where they have some.</summary>
    public static readonly (string GateUp, string Down) FusedBiases =
        ($"{Fused.GateUp}_bias", $"{Fused.Down}_bias");

    /// <summary>Name of an expert's matrix, or of its bias.</summary>
    /// <param name="block">Name of the block.</param>
    /// <param name="expert">Number of the expert.</param>
    /// <param name="matrix">Word for the matrix.</param>
    /// <param name="isBias">Whether the bias is meant.</param>
    public static string Of(string block, int expert, string matrix, bool isBias = false) =>
        $"{block}{Experts}{expert}.{matrix}.{(isBias ? "bias" : "weight")}";

    /// <summary>Name of the block in these names for its name in others.</summary>
    public string BlockOf(string block) => block[..(block.LastIndexOf('.') + 1)] + Block;

    /// <summary>
    /// Finds what the first expert of a block is named by; null if a model has no tensors of single experts there.
    /// </summary>
    /// <param name="block">Name of the block, in any names.</param>
    /// <param name="has">Function that says whether the model has a tensor.</param>
    public static ExpertNames? In(string block, Func<string, bool> has) =>
        new[] { Usual, Usual with { Block = OwnOf(block) }, Mixtral, Mixtral with { Block = OwnOf(block) } }
            .FirstOrDefault(names => has(Of(names.BlockOf(block), 0, names.Down)));

    /// <summary>Last part of a block's name.</summary>
    public static string OwnOf(string block) => block[(block.LastIndexOf('.') + 1)..];
}
