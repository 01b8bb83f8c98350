using DemEngine.Checkpoints.Adapters.Changes;
using DemEngine.Errors;

namespace DemEngine.Checkpoints.Adapters;

/// <summary>The tensors of an adapter, sorted by the modules that they change.</summary>
internal sealed class AdapterContents
{
    private readonly AdapterConfig? _config;
    private readonly AdapterMetadata _metadata;
    private readonly SortedDictionary<string, AdapterModule> _modules = new(StringComparer.Ordinal);
    private readonly List<StoredTensor> _whole = [];

    private AdapterContents(bool isPeft, AdapterConfig? config, AdapterMetadata metadata)
    {
        IsPeft = isPeft;
        _config = config;
        _metadata = metadata;
    }

    /// <summary>Whether the file has the name that PEFT gives it.</summary>
    public bool IsPeft { get; }

    /// <summary>Modules with changes, by their names.</summary>
    public IReadOnlyCollection<AdapterModule> Modules => _modules.Values;

    /// <summary>Tensors of the model that were saved whole.</summary>
    public IReadOnlyList<StoredTensor> Whole => _whole;

    /// <summary>Whether the configuration says that the model's matrices are stored transposed.</summary>
    public bool IsTransposed => _config?.IsTransposed ?? false;

    /// <summary>Returns the configuration that holds for a module; null where none is given.</summary>
    public AdapterConfig? ConfigOf(string module) => _config ?? _metadata.ConfigOf(module);

    /// <summary>Sorts the tensors of an adapter.</summary>
    /// <param name="adapter">The open file.</param>
    /// <exception cref="DemException">
    /// DEM2048 (BadAdapter), DEM2049 (UnknownAdapter), DEM2050 (NotAnAdapter); see <see cref="AdaptedModel.Of"/>.
    /// </exception>
    public static AdapterContents Read(Checkpoint adapter)
    {
        // Beside a file with a name of its own may lie the configuration of another adapter.
        bool isPeft = adapter.Files.Any(file => AdapterFiles.IsPeftName(Path.GetFileName(file)));
        AdapterConfig? config = isPeft ? AdapterConfig.Read(adapter.Folder) : null;
        var contents = new AdapterContents(isPeft, config, AdapterMetadata.Read(adapter));
        foreach (StoredTensor tensor in adapter.Tensors)
            contents.Add(tensor);
        if (contents._modules.Count == 0 && !isPeft)
            throw new DemException(
                ErrorCode.NotAnAdapter, $"{adapter.Path}: none of its {adapter.Tensors.Length} tensors is an adapter's factor")
            {
                Path = adapter.Path,
            };
        if (isPeft && config is null && contents.Modules.FirstOrDefault(module => module.NeedsScale) is { } bare)
            throw AdapterFault.Missing(bare.Any, $"{AdapterConfig.FileName} that says how its product is scaled");
        return contents;
    }

    private void Add(StoredTensor tensor)
    {
        AdapterName name = AdapterName.Parse(tensor.Spec.Name);
        switch (name.Part)
        {
            case AdapterPart.Unused:
                break;
            case AdapterPart.Unknown:
                throw new DemException(
                    ErrorCode.UnknownAdapter,
                    $"{tensor.File}: tensor {Quoted.Name(tensor.Spec.Name)} belongs to a kind of adapter that is not read here")
                {
                    Path = tensor.File,
                    Tensor = tensor.Spec.Name,
                };
            case AdapterPart.Whole:
                _whole.Add(tensor);
                break;
            default:
                if (!_modules.TryGetValue(name.Module, out AdapterModule? module))
                    _modules.Add(name.Module, module = new AdapterModule(name.Module));
                module.Add(name.Part, tensor);
                break;
        }
    }
}
