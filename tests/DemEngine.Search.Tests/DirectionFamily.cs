using DemEngine.Backends.Cpu;
using DemEngine.Evaluation;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Numerics;
using DemEngine.Recipes;
using DemEngine.Search.Space;
using DemEngine.Search.Trials;
using DemEngine.Tests.Merging;

namespace DemEngine.Search.Tests;

/// <summary>
/// A base of zeros and models that lie 1 from it along axes of their own, so that the elements of a merge are its coefficients.
/// </summary>
internal sealed class DirectionFamily : IDisposable
{
    public const int Axes = 4;

    public static readonly string[] Names = ["math", "code", "chat"];

    public static readonly string[] Tensors =
        ["model.embed_tokens.weight", "model.layers.0.w.weight", "model.layers.1.w.weight", "model.layers.2.w.weight", "model.layers.3.w.weight", "model.norm.weight"];

    public DirectionFamily()
    {
        Folder.Model("base", [.. Tensors.Select(name => Values.Tensor(name, ElementType.F32, [Axes], 0.0))]);
        for (int k = 0; k < Names.Length; k++)
        {
            int axis = k;
            Folder.Model(Names[k], [.. Tensors.Select(name => Values.Tensor(name, ElementType.F32, [Axes], i => i == axis ? 1 : 0))]);
        }
    }

    public ModelFolder Folder { get; } = new();

    /// <summary>A recipe of the models with these names.</summary>
    public Recipe Recipe(params IEnumerable<string> names) => RecipeReader.Resolve(
        RecipeReader.Parse($"{{merge_method: dem, base_model: base, models: [{string.Join(", ", names.Select(name => $"{{model: {name}}}"))}]}}", "r.yaml"),
        Folder.Path);

    /// <summary>A search of a recipe, in the folder's own folder <c>search</c>.</summary>
    public SearchFixture Open(Recipe recipe, DistanceJudge judge, CoefficientOptions? options = null, ObjectiveKind kind = ObjectiveKind.Mean, bool retryFailed = false, bool slopes = false) =>
        new(recipe, judge, options ?? new CoefficientOptions(), new Objective(kind, Metric.Loss), Directory.CreateDirectory(Folder.PathOf("search")).FullName, retryFailed, slopes);

    public void Dispose() => Folder.Dispose();
}

/// <summary>Everything that a search works with, put together.</summary>
internal sealed class SearchFixture : IDisposable
{
    private readonly MemoryMerge _merge;
    private readonly TrialLog _log;

    public SearchFixture(Recipe recipe, DistanceJudge judge, CoefficientOptions options, Objective objective, string folder, bool retryFailed, bool slopes = false)
    {
        var backend = new CpuBackend();
        var run = new RunOptions { Threads = 1 };
        _merge = MemoryMerge.Open(recipe, new AlignmentOptions(), backend, run);
        Map = new CoefficientMap(recipe, _merge.TensorNames, options);
        Problem = SearchProblem.Of(recipe, Map, _merge.Inputs, new AlignmentOptions(), SearchProblem.BuiltInJudge(objective.Metric), []) with { Sets = judge.Identities };
        _log = TrialLog.Open(folder, Problem);
        Runner = new TrialRunner(_merge, Map, judge, objective, _log, backend, run, folder, retryFailed)
        {
            Directions = slopes ? new MergeDirections(recipe, Map, new AlignmentOptions(), backend, run, default) : null,
        };
    }

    public CoefficientMap Map { get; }

    public SearchProblem Problem { get; }

    public TrialRunner Runner { get; }

    public void Dispose()
    {
        _log.Dispose();
        _merge.Dispose();
    }
}
