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

    /// <summary>Whether experts, or other parameters, are changed that are no modules.</summary>
    public bool HasParameters => Modules.Any(module => ParametersOf(module.Name).Count > 0);

    /// <summary>Returns the names of a module's parameters that are changed as such.</summary>
    /// <param name="module">Path of the module.</param>
    public IReadOnlyList<string> ParametersOf(string module) =>
        _config?.ParametersOf(ParameterModules.Bare(module)) ?? [];

    /// <summary>Returns the configuration that holds for a module; null where none is given.</summary>
    public AdapterConfig? ConfigOf(string module) => _config ?? _metadata.ConfigOf(module);

    /// <summary>Refuses a model that lacks the copies of layers that the adapter was trained with.</summary>
    /// <param name="model">The model.</param>
    /// <exception cref="DemException">DEM2049 (UnknownAdapter): it has another number of layers.</exception>
    public void RequireLayers(Checkpoint model)
    {
        if (_config?.ReplicatedLayers is not { } layers
            || ModelConfig.TryOf(model.ReadSideFiles().Files)?.Number("num_hidden_layers") == layers)
            return;
        throw new DemException(
            ErrorCode.UnknownAdapter,
            $"{_config.Place}: the model that it was trained on has {layers} layers, some of them copies "
            + $"(\"layer_replication\"), and {Quoted.Name(model.Path)} has another number",
            remedy: "Make the model with the copies first, by a passthrough recipe with these ranges as `slices`, and give that "
            + "model with the adapter.")
        {
            Path = _config.Place,
        };
    }

    /// <summary>Returns the numbers of the tokens whose rows a module's tensor has.</summary>
    /// <param name="module">A module with <see cref="AdapterPart.TokenRows"/>.</param>
    /// <exception cref="DemException">DEM2048 (BadAdapter): the configuration does not say, or contradicts it.</exception>
    public IReadOnlyList<long> TokensOf(AdapterModule module)
    {
        StoredTensor rows = module[AdapterPart.TokenRows]!;
        if (module.Parts.FirstOrDefault(part => part.Key != AdapterPart.TokenRows).Value is { } other)
            throw AdapterFault.Wrong(other, $"{rows.Spec.Name} replaces rows of the same tensor");
        return _config?.TokensOf(module.Name, rows)
            ?? throw AdapterFault.Missing(rows, $"{AdapterConfig.FileName} that says which tokens its rows belong to");
    }

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
