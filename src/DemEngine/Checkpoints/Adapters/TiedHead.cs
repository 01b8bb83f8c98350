using DemEngine.Checkpoints.Folders;
using DemEngine.Checkpoints.Layers;

namespace DemEngine.Checkpoints.Adapters;

/// <summary>
/// The output matrix of a model that stores none, since its embedding is that too. An adapter that changes it or has it whole
/// makes two matrices of them.
/// </summary>
/// <param name="Module">The output matrix, as the adapter names its module.</param>
/// <param name="Embedding">The model's embedding.</param>
internal sealed record TiedHead(string Module, StoredTensor Embedding)
{
    /// <summary>Name of the output matrix as a tensor.</summary>
    public string Name => $"{Module}.weight";

    /// <summary>Finds the output matrix among an adapter's modules.</summary>
    /// <param name="model">The model.</param>
    /// <param name="modules">Paths of modules as the adapter has them.</param>
    /// <returns>Null if the adapter does not name it, or if the model has one of its own or says that it would.</returns>
    public static TiedHead? Find(Checkpoint model, IEnumerable<string> modules)
    {
        if (modules.FirstOrDefault(IsHead) is not { } head
            || model.Tensors.Any(tensor => IsHead(ModuleOf(tensor.Spec.Name)))
            || EmbeddingTie.Read(model.ReadSideFiles().Files) is false)
            return null;
        StoredTensor[] embeddings =
        [
            .. model.Tensors.Where(tensor =>
                tensor.Spec.Shape.Dimensions.Length == 2 && VocabularyName.IsInput(tensor.Spec.Name)),
        ];
        return embeddings is [var only] ? new TiedHead(head, only) : null;
    }

    /// <summary>
    /// Finds the output matrix of a model that says that its embedding is that too, and stores it all the same; null for others.
    /// </summary>
    /// <param name="model">The model.</param>
    public static StoredTensor? CopyIn(Checkpoint model) => EmbeddingTie.Read(model.ReadSideFiles().Files) is true
        ? model.Tensors.FirstOrDefault(tensor => IsHead(ModuleOf(tensor.Spec.Name)))
        : null;

    /// <summary>The model's small files, with a configuration that says that both are stored.</summary>
    /// <param name="model">The model.</param>
    public static FolderFiles Untied(Checkpoint model)
    {
        FolderFiles files = model.ReadSideFiles();
        var changed = new Dictionary<string, byte[]>(files.Files, StringComparer.Ordinal);
        EmbeddingTie.Untie(changed);
        return files with { Files = changed };
    }

    private static bool IsHead(string module) => module[(module.LastIndexOf('.') + 1)..] is "lm_head" or "embed_out";

    private static string ModuleOf(string tensor) =>
        tensor.EndsWith(".weight", StringComparison.Ordinal) ? tensor[..^".weight".Length] : tensor;
}
