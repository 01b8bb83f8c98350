using DemEngine.Checkpoints.Adapters.Changes;
using DemEngine.Numerics;

namespace DemEngine.Checkpoints.Adapters;

/// <summary>The tensors of an adapter that belong to one module.</summary>
internal sealed class AdapterModule
{
    private readonly Dictionary<AdapterPart, StoredTensor> _parts = [];

    /// <param name="name">Path of the module as the adapter has it.</param>
    public AdapterModule(string name)
    {
        Name = name;
        KnownAs = name;
    }

    /// <summary>Path of the module as the adapter has it.</summary>
    public string Name { get; }

    /// <summary>Path by which a configuration's patterns know the module.</summary>
    public string KnownAs { get; init; }

    /// <summary>The expert that is changed, of those that the model stores in one tensor; null for a whole tensor.</summary>
    public int? Expert { get; init; }

    /// <summary>
    /// Whether the model stores the matrix transposed; null where the shapes or the other matrices are to tell.
    /// </summary>
    public bool? IsTransposed { get; init; }

    /// <summary>The parts that are there.</summary>
    public IEnumerable<KeyValuePair<AdapterPart, StoredTensor>> Parts => _parts;

    /// <summary>A part; null where it is not there.</summary>
    public StoredTensor? this[AdapterPart part] => _parts.GetValueOrDefault(part);

    /// <summary>Any of its tensors, for messages.</summary>
    public StoredTensor Any => _parts.Values.First();

    /// <summary>Whether there is anything but a bias's change.</summary>
    public bool HasWeights => _parts.Keys.Any(part => part is not (AdapterPart.UpBias or AdapterPart.BiasDifference));

    /// <summary>Whether there are factors whose product is scaled, and no number α.</summary>
    public bool NeedsScale => this[AdapterPart.Alpha] is null
        && _parts.Keys.Any(part =>
            part is AdapterPart.Down or AdapterPart.EmbeddingDown or AdapterPart.W1Right or AdapterPart.W2Right);

    /// <summary>Whether there is anything but a pair of factors and their scale.</summary>
    public bool HasMoreThanFactors => _parts.Keys.Any(part => part is not (AdapterPart.Down or AdapterPart.Up or AdapterPart.Alpha
        or AdapterPart.EmbeddingDown or AdapterPart.EmbeddingUp));

    /// <summary>Adds a part.</summary>
    /// <exception cref="DemException">DEM2048 (BadAdapter): there are two of them.</exception>
    public void Add(AdapterPart part, StoredTensor tensor)
    {
        if (!_parts.TryAdd(part, tensor))
            throw AdapterFault.Wrong(tensor, $"{_parts[part].Spec.Name} is the same part of the same module");
    }

    /// <summary>Returns the number α; null where there is none.</summary>
    /// <exception cref="DemException">DEM2048 (BadAdapter): it is not one finite number.</exception>
    public double? ReadAlpha()
    {
        if (this[AdapterPart.Alpha] is not { } stored)
            return null;
        if (!stored.Spec.Type.IsFloat || stored.Spec.Shape.ElementCount != 1)
            throw AdapterFault.Wrong(stored, "alpha is one number");
        Span<float> alpha = stackalloc float[1];
        ModelNumbers.Read(stored, 0, alpha);
        return float.IsFinite(alpha[0]) ? alpha[0] : throw AdapterFault.Wrong(stored, "alpha is not finite");
    }
}
