using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Folders;
using DemEngine.Recipes;

namespace DemEngine.Merging.Models;

/// <summary>Finds the models that a recipe names.</summary>
/// <param name="opened">Checkpoints opened so far, to which further ones are added.</param>
internal sealed class SourceModels(OpenedModels opened)
{
    private readonly Dictionary<string, SourceModel> _results = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SourceModel> _found = new(StringComparer.Ordinal);

    /// <summary>Whether nothing is carried out, so that no whole tensor is read.</summary>
    public bool PlansOnly => opened.PlansOnly;

    /// <summary>Registers the result of a recipe, so that later recipes can name it.</summary>
    public void Add(string stage, SourceModel result) => _results.Add(stage, result);

    /// <summary>Finds a model, and opens it on first use.</summary>
    /// <exception cref="DemException">
    /// DEM2001 (CheckpointNotFound) to DEM2013 (AmbiguousCheckpoint), or DEM2022 (UnreadableFile).
    /// </exception>
    public SourceModel Find(ModelPath path)
    {
        if (path.IsStage)
            return _results[path.Written];
        string key = opened.KeyOf(path);
        if (!_found.TryGetValue(key, out SourceModel? model))
            _found.Add(key, model = Open(path));
        return model;
    }

    /// <summary>Finds a whole model.</summary>
    /// <exception cref="DemException">
    /// DEM3004 (WrongValue): the model is a distribution vector; or any error of <see cref="Find"/>.
    /// </exception>
    public SourceModel FindWhole(ModelPath path)
    {
        SourceModel model = Find(path);
        return model.IsVector
            ? throw path.Place.Error(ErrorCode.WrongValue, "this is a distribution vector and no model")
            : model;
    }

    /// <summary>Finds a source of a recipe part: a whole model, or a distribution vector where the recipe says so.</summary>
    /// <param name="model">Source as the recipe gives it.</param>
    /// <param name="baseModel">Base that a vector must have been extracted from.</param>
    /// <exception cref="DemException">
    /// DEM2019 (WrongBase), DEM2020 (NotAVector), DEM3004 (WrongValue), or any error of <see cref="Find"/>.
    /// </exception>
    public SourceModel FindSource(RecipeModel model, ModelPath baseModel)
    {
        SourceModel source = Find(model.Path);
        if (model.IsVector)
            CheckVector(model, source, baseModel);
        else if (source.IsVector)
            throw model.Place.Error(ErrorCode.WrongValue, "this is a distribution vector; give it as `vector:`");
        return source;
    }

    /// <summary>Reads the small files of a model, which need not have weights beside them.</summary>
    /// <exception cref="DemException">DEM2023 (BadSideFile): a file cannot be read.</exception>
    public IReadOnlyDictionary<string, byte[]> FilesOf(ModelPath path)
    {
        if (path.IsStage)
            return _results[path.Written].Files;
        if (path.Adapted is { } adapted)
            return FilesOf(new ModelPath(path.WrittenModel, adapted.Model, path.Place));
        if (opened.KeyOf(path) != path.Resolved || IsWeights(path.Resolved))
            return Find(path).Files;
        string folder = File.Exists(path.Resolved) ? Path.GetDirectoryName(Path.GetFullPath(path.Resolved))! : path.Resolved;
        return SideFiles.Read(folder);
    }

    // Beside a file of weights may lie other models, and not all there is its own.
    private static bool IsWeights(string path) =>
        path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase) && File.Exists(path);

    private void CheckVector(RecipeModel model, SourceModel vector, ModelPath baseModel)
    {
        if (vector.Checkpoint is null)
            throw model.Place.Error(ErrorCode.WrongValue, "this is the result of a recipe and no distribution vector");
        if (Find(baseModel).Fingerprint is not { } fingerprint)
            throw model.Place.Error(
                ErrorCode.WrongValue, "the base is the result of a recipe, and no vector was extracted from that");
        DistributionVector.Check(vector.Checkpoint, opened.HeadersOnly ? null : fingerprint);
    }

    private SourceModel Open(ModelPath path)
    {
        Checkpoint checkpoint = opened.Open(path);
        return new SourceModel(checkpoint, opened.InputOf(checkpoint), opened.FingerprintOf(checkpoint), opened.PlansOnly);
    }
}
