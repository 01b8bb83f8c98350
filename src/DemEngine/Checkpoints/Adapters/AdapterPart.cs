namespace DemEngine.Checkpoints.Adapters;

/// <summary>What a tensor of an adapter is to its module.</summary>
internal enum AdapterPart
{
    /// <summary>A tensor of the model, saved whole, that takes the place of the model's own.</summary>
    Whole,

    /// <summary>The factor of the inputs: A or down.</summary>
    Down,

    /// <summary>The factor of the outputs: B or up.</summary>
    Up,

    /// <summary>The core of a convolution's Tucker form.</summary>
    Middle,

    /// <summary>The number α, of which s is computed.</summary>
    Alpha,

    /// <summary>The lengths of the rows (DoRA).</summary>
    Lengths,

    /// <summary>A of an embedding, rank × tokens.</summary>
    EmbeddingDown,

    /// <summary>B of an embedding, width × rank.</summary>
    EmbeddingUp,

    /// <summary>Rows of an embedding that take the place of the model's.</summary>
    TokenRows,

    /// <summary>The change of a bias that belongs to B.</summary>
    UpBias,

    /// <summary>A change of the weights, stored whole.</summary>
    Difference,

    /// <summary>A change of the bias, stored whole.</summary>
    BiasDifference,

    /// <summary>LoHa's and LoKr's first matrix, or factors of it.</summary>
    W1,

    /// <summary>Left factor of the first matrix.</summary>
    W1Left,

    /// <summary>Right factor of the first matrix.</summary>
    W1Right,

    /// <summary>Core of the first matrix.</summary>
    W1Core,

    /// <summary>LoKr's second matrix.</summary>
    W2,

    /// <summary>Left factor of the second matrix.</summary>
    W2Left,

    /// <summary>Right factor of the second matrix.</summary>
    W2Right,

    /// <summary>Core of the second matrix.</summary>
    W2Core,

    /// <summary>A part that is of no use to a merged model, such as a copy of the model's own weights.</summary>
    Unused,

    /// <summary>A part of a kind of adapter that is not read.</summary>
    Unknown,
}
