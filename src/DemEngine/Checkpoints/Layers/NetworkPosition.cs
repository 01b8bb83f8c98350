namespace DemEngine.Checkpoints.Layers;

/// <summary>Where a tensor lies in the network, as far as its name shows.</summary>
internal enum NetworkPosition
{
    /// <summary>Before the layers: embeddings, the first convolutions, what prepares the input.</summary>
    Before,

    /// <summary>In one of the layers.</summary>
    InLayer,

    /// <summary>
    /// In what predicts further tokens (multi-token prediction), which goes on where the layers end and is none of them.
    /// </summary>
    Prediction,

    /// <summary>After the layers, or where the name does not tell.</summary>
    After,
}
