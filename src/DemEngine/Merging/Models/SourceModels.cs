using DemEngine.Checkpoints;
using DemEngine.Recipes;

namespace DemEngine.Merging.Models;

/// <summary>Finds the models that a recipe names.</summary>
/// <param name="opened">The checkpoints.</param>
internal sealed class SourceModels(OpenedModels opened)
{
    private readonly Dictionary<string, SourceModel> _results = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SourceModel> _found = new(StringComparer.Ordinal);

    /// <summary>Makes the result of a recipe known, so that later ones can name it.</summary>
    public void Add(string stage, SourceModel result) => _results.Add(stage, result);

    /// <summary>Opens a model, once however often it is named.</summary>
    /// <exception cref="DemException">DEM2001 to DEM2013, DEM2022.</exception>
    public SourceModel Find(ModelPath path)
    {
        if (path.IsStage)
            return _results[path.Written];
        string key = opened.KeyOf(path.Written, path.Resolved);
        if (!_found.TryGetValue(key, out SourceModel? model))
            _found.Add(key, model = Open(key));
        return model;
    }

    /// <summary>Opens a whole model.</summary>
    /// <exception cref="DemException">DEM3004: it is a distribution vector; or what <see cref="Find"/> throws.</exception>
    public SourceModel FindWhole(ModelPath path)
    {
        SourceModel model = Find(path);
        return model.IsVector ? throw path.Place.Error(ErrorCode.WrongValue, "this is a distribution vector and no model") : model;
    }

    /// <summary>Opens a source of a part: a whole model, or a vector where the recipe says so.</summary>
    /// <param name="model">The source.</param>
    /// <param name="baseModel">What a vector must have been extracted from.</param>
    /// <exception cref="DemException">DEM2019, DEM2020, DEM3004; or what <see cref="Find"/> throws.</exception>
    public SourceModel FindSource(RecipeModel model, ModelPath baseModel)
    {
        SourceModel source = Find(model.Path);
        if (model.IsVector)
            CheckVector(model, source, baseModel);
        else if (source.IsVector)
            throw model.Place.Error(ErrorCode.WrongValue, "this is a distribution vector; give it as `vector:`");
        return source;
    }

    /// <summary>The small files of a model, which need not have weights beside them.</summary>
    /// <exception cref="DemException">DEM2023.</exception>
    public IReadOnlyDictionary<string, byte[]> FilesOf(ModelPath path)
    {
        if (path.IsStage)
            return _results[path.Written].Files;
        if (opened.KeyOf(path.Written, path.Resolved) != path.Resolved)
            return Find(path).Files;
        string folder = File.Exists(path.Resolved) ? Path.GetDirectoryName(Path.GetFullPath(path.Resolved))! : path.Resolved;
        return SideFiles.Read(folder);
    }

    private void CheckVector(RecipeModel model, SourceModel vector, ModelPath baseModel)
    {
        if (vector.Checkpoint is null)
            throw model.Place.Error(ErrorCode.WrongValue, "this is the result of a recipe and no distribution vector");
        if (Find(baseModel).Fingerprint is not { } fingerprint)
            throw model.Place.Error(ErrorCode.WrongValue, "the base is the result of a recipe, and no vector was extracted from that");
        DistributionVector.Check(vector.Checkpoint, fingerprint);
    }

    private SourceModel Open(string path)
    {
        Checkpoint checkpoint = opened.Open(path);
        return new SourceModel(checkpoint, opened.InputOf(checkpoint), opened.FingerprintOf(checkpoint));
    }
}
