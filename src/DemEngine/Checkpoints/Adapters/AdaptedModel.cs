using System.Collections.Immutable;
using DemEngine.Checkpoints.Adapters.Changes;
using DemEngine.Checkpoints.Layers;
using DemEngine.Errors;
using DemEngine.Files;

namespace DemEngine.Checkpoints.Adapters;

/// <summary>
/// A model with an adapter: each matrix that the adapter changes is one tensor under its usual name, and its change is computed
/// from the factors part by part while it is read. No dense copy of the model or of a change is made.
/// </summary>
internal static class AdaptedModel
{
    /// <summary>Makes the view of a model with an adapter.</summary>
    /// <param name="model">The model, with its real values. It stays its owner's.</param>
    /// <param name="adapter">The adapter as it is stored. It stays its owner's.</param>
    /// <param name="part">The component of a pipeline that the model is; null for a model that is none.</param>
    /// <param name="packed">Right factors of a run's adapters; null for a model that is opened alone.</param>
    /// <exception cref="DemException">
    /// DEM2047 (AdapterDoesNotFit): the adapter changes what the model does not have. DEM2048 (BadAdapter): its tensors or its
    /// configuration contradict each other. DEM2049 (UnknownAdapter): it is of a kind that is not read. DEM2050 (NotAnAdapter):
    /// it is a model.
    /// </exception>
    public static Checkpoint Of(
        Checkpoint model, Checkpoint adapter, PipelinePart? part = null, PackedFactors? packed = null)
    {
        AdapterContents contents = AdapterContents.Read(adapter);
        contents.RequireLayers(model);
        var remarks = new List<string>();
        var names = new ModuleNames(model, part);
        IReadOnlyList<AdapterModule> changing = ParameterModules.Divide(contents, adapter, model, names);
        string[] modules =
            [.. changing.Select(module => module.Name).Distinct(), .. contents.Whole.Select(WholeTensors.ModuleOf)];
        TiedHead? head = TiedHead.Find(model, modules);
        Dictionary<string, string> places =
            names.Find([.. modules.Where(module => module != head?.Module)], adapter.Path, remarks);
        if (head is not null)
            places.Add(head.Module, head.Module);
        bool areTransposed = contents.IsTransposed || changing.Any(module =>
            module.IsTransposed is null && places.TryGetValue(module.Name, out string? place)
            && WeightOf(model, place) is { } weight && ModuleChange.IsTransposed(module, weight.Spec.Shape));

        packed ??= new PackedFactors();
        packed.ExpectAdapter();
        Dictionary<string, StoredTensor> replaced = WholeTensors.Place(contents, adapter, model, places);
        if (head is not null)
        {
            replaced.TryAdd(head.Name, head.Embedding.Named(head.Name));
            remarks.Add(
                $"{adapter.Path}: it has an output matrix of its own, and the model's is its embedding: both are stored, and "
                + "config.json says so");
        }

        var changed = new ChangedTensors();
        foreach (AdapterModule module in changing)
        {
            if (!places.TryGetValue(module.Name, out string? place))
                continue;
            if (module[AdapterPart.TokenRows] is { } rows)
            {
                IReadOnlyList<long> tokens = contents.TokensOf(module);
                foreach (StoredTensor tensor in EmbeddingsOf(module, model, replaced, place))
                    changed.Add(module, tensor, new ReplacedRows(tensor, rows, tokens));
                continue;
            }

            ModuleChange change = new(contents.ConfigOf(module.Name), areTransposed, packed);
            foreach (var (tensor, matrix) in ChangesOf(module, model, replaced, place, change))
            {
                if (module.Expert is { } expert)
                    changed.AddExpert(module, tensor, matrix, expert);
                else if (module[AdapterPart.Lengths] is { } lengths && tensor.Spec.Shape.Dimensions.Length > 1)
                    changed.Add(
                        module,
                        tensor,
                        new DecomposedTensor(tensor, matrix, lengths, change.HasLengthsOfColumns(module, tensor.Spec.Shape)));
                else
                    changed.AddSum(module, tensor, matrix);
            }
        }

        long start = 1 + Math.Max(
            model.Stamps.Concat(adapter.Stamps).Max(stamp => stamp.Length),
            model.Tensors.Select(tensor => tensor.Offset + tensor.Spec.ByteLength).DefaultIfEmpty().Max());
        Dictionary<StoredTensor, StoredTensor> views = changed.Views(adapter.Path, start);
        ImmutableArray<StoredTensor> tensors =
        [
            .. model.Tensors.Select(tensor =>
                Changed(replaced.Remove(tensor.Spec.Name, out StoredTensor? whole) ? whole : tensor)),
            .. replaced.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => Changed(pair.Value)),
        ];
        remarks.Insert(0, Summary(model, adapter, contents, changed.Count));
        return new Checkpoint(
            $"{model.Path}+{AdapterFiles.NameOf(adapter)}",
            model,
            adapter,
            tensors,
            head is null ? model.ReadSideFiles() : TiedHead.Untied(model),
            [.. remarks]);

        StoredTensor Changed(StoredTensor tensor) => views.GetValueOrDefault(tensor, tensor);
    }

    private static IEnumerable<(StoredTensor Tensor, WeightMatrix Change)> ChangesOf(
        AdapterModule module,
        Checkpoint model,
        Dictionary<string, StoredTensor> replaced,
        string place,
        ModuleChange change)
    {
        // A layer that is saved along with its factors, as PEFT does with embeddings, is what they change.
        StoredTensor? bias = module[AdapterPart.UpBias] ?? module[AdapterPart.BiasDifference];
        if (bias is null || module.HasWeights)
        {
            StoredTensor weight = replaced.GetValueOrDefault($"{place}.weight") ?? replaced.GetValueOrDefault(place)
                ?? WeightOf(model, place) ?? throw Absent(module, $"{place}.weight");
            yield return (weight, change.Of(module, weight));
        }

        if (bias is not null)
        {
            StoredTensor own = replaced.GetValueOrDefault($"{place}.bias")
                ?? model.Find($"{place}.bias") ?? throw Absent(module, $"{place}.bias");
            yield return (own, change.OfBias(module, bias, own));
        }
    }

    private static StoredTensor? WeightOf(Checkpoint model, string place) =>
        model.Find($"{place}.weight") ?? model.Find(place);

    /// <summary>
    /// The embedding that a module is, and its copy where the model says that the output matrix is the same and stores both.
    /// </summary>
    private static IEnumerable<StoredTensor> EmbeddingsOf(
        AdapterModule module, Checkpoint model, Dictionary<string, StoredTensor> replaced, string place)
    {
        StoredTensor weight = replaced.GetValueOrDefault($"{place}.weight") ?? WeightOf(model, place)
            ?? throw Absent(module, $"{place}.weight");
        yield return weight;
        if (VocabularyName.IsInput(weight.Spec.Name) && TiedHead.CopyIn(model) is { } head
            && !replaced.ContainsKey(head.Spec.Name))
            yield return head;
    }

    private static DemException Absent(AdapterModule module, string tensor) => new(
        ErrorCode.AdapterDoesNotFit,
        $"{module.Any.File}: {Quoted.Name(module.Name)} changes {Quoted.Name(tensor)}, which the model does not have")
    {
        Path = module.Any.File,
        Tensor = tensor,
    };

    private static string Summary(Checkpoint model, Checkpoint adapter, AdapterContents contents, int changed) =>
        $"{model.Path}: {changed} of {model.Tensors.Length} tensors are changed by the adapter {AdapterFiles.NameOf(adapter)}"
        + (contents.Whole.Count > 0 ? $", and {contents.Whole.Count} are taken from it whole" : "");
}
