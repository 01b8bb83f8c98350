using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Methods;
using DemEngine.Numerics;
using DemEngine.Recipes;

namespace DemEngine.Merging;

/// <summary>
/// The models of a recipe, opened and matched to each other: all of a plan that stays as it is while only parameters change. From it the
/// tensors of one merge after another can be planned, for nothing but solving for their coefficients.
/// </summary>
internal sealed class MatchedModels : IDisposable
{
    private readonly OpenedModels _opened;
    private readonly IMergeMethod _method;
    private readonly int[] _sourceIndices;
    private readonly List<AlignedSource> _sources = [];
    private readonly List<Checkpoint> _sourceCheckpoints = [];
    private readonly TensorAlignment _aligned;
    private readonly LayerDepth _depth;
    private readonly ElementType? _type;
    private ShardLayout? _layout;

    private MatchedModels(Recipe recipe, IMergeMethod method, AlignmentOptions alignment, OpenedModels opened)
    {
        _opened = opened;
        _method = method;
        _sourceIndices = [.. MergePlanner.Sources(recipe, method)];

        // Without base_model the first model says which tensors there are.
        ModelPath basePath = recipe.BaseModel ?? recipe.Models[0].Path;
        Base = opened.Open(basePath.Resolved);
        if (DistributionVector.IsVector(Base))
            throw basePath.Place.Error(ErrorCode.WrongValue, "this is a distribution vector and no model");
        string baseFingerprint = opened.FingerprintOf(Base);

        foreach (RecipeModel model in _sourceIndices.Select(k => recipe.Models[k]))
            _sources.Add(OpenSource(model, baseFingerprint));
        _aligned = new TensorAlignment(opened.InputOf(Base), _sources, alignment);
        _depth = new LayerDepth(Base.Tensors.Select(tensor => tensor.Spec.Name));
        _type = (recipe.OutDType ?? recipe.DType) is { } text && ElementTypes.TryParseFloat(text.Value, out ElementType parsed) ? parsed : null;
        Inputs =
        [
            new ManifestInput("base", basePath.Written, baseFingerprint),
            .. _sourceIndices.Zip(_sourceCheckpoints, (k, checkpoint) => new ManifestInput(
                recipe.Models[k].IsVector ? "vector" : "model", recipe.Models[k].Path.Written, opened.FingerprintOf(checkpoint))),
        ];
        SmallFiles = SideFiles.Read(Base, recipe.TokenizerSource?.Path?.Resolved);
        SideFiles.Amend(SmallFiles, _type, _aligned.VocabularyRows);
    }

    /// <summary>Says which tensors there are.</summary>
    public Checkpoint Base { get; }

    /// <summary>Every checkpoint that is open.</summary>
    public ImmutableArray<Checkpoint> Checkpoints => _opened.All;

    /// <summary>The base, then the sources in the recipe's order.</summary>
    public ImmutableArray<ManifestInput> Inputs { get; }

    /// <summary>Of the merged model, by name.</summary>
    public Dictionary<string, byte[]> SmallFiles { get; }

    /// <summary>Opens the models of a recipe, its paths resolved.</summary>
    /// <exception cref="DemException">DEM2001 to DEM2023, DEM3003 to DEM3009.</exception>
    public static MatchedModels Open(Recipe recipe, AlignmentOptions alignment, IoMode io)
    {
        IMergeMethod method = MergePlanner.CheckRecipe(recipe);
        var opened = new OpenedModels(io);
        try
        {
            return new MatchedModels(recipe, method, alignment, opened);
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    /// <summary>Plans one merge.</summary>
    /// <param name="recipe">The recipe that was opened, or one that differs from it in parameters only.</param>
    /// <param name="maxShardBytes">See <see cref="ShardLayout.Plan"/>; the same at every call.</param>
    public OutputPlan Plan(Recipe recipe, long maxShardBytes)
    {
        List<SourceQuestion> questions =
            [.. _sourceIndices.Zip(_sources, (k, source) => new SourceQuestion(recipe.ParametersOf(k), source.IsVector))];
        OutputTensor[] tensors = [.. _aligned.Tensors.Select(tensor => Plan(tensor, recipe, questions))];
        _layout ??= ShardLayout.Plan(tensors.Select(tensor => tensor.Spec), maxShardBytes);
        return new OutputPlan("merge", recipe.ToYaml(), Inputs, Checkpoints, tensors, _layout, SmallFiles);
    }

    /// <summary>Closes the models.</summary>
    public void Dispose() => _opened.Dispose();

    private AlignedSource OpenSource(RecipeModel model, string baseFingerprint)
    {
        Checkpoint checkpoint = _opened.Open(model.Path.Resolved);
        if (model.IsVector)
            DistributionVector.Check(checkpoint, baseFingerprint);
        else if (DistributionVector.IsVector(checkpoint))
            throw model.Place.Error(ErrorCode.WrongValue, "this is a distribution vector; give it as `vector:`");
        _sourceCheckpoints.Add(checkpoint);
        return new AlignedSource(Quoted.Name(model.Path.Written), _opened.InputOf(checkpoint), model.IsVector);
    }

    private OutputTensor Plan(AlignedTensor tensor, Recipe recipe, List<SourceQuestion> questions)
    {
        TensorSpec spec = tensor.Spec;
        if (!spec.Type.IsFloat)
        {
            return new CarriedTensor(spec, tensor.Base, [.. tensor.Sources
                .Select((source, k) => (_sources[k].Name, source.Tensor))
                .Where(pair => pair.Tensor is not null && !ReferenceEquals(pair.Tensor, tensor.Base))
                .Select(pair => (pair.Name, pair.Tensor!))]);
        }

        bool isRelative = MergePlanner.IsRelative(recipe, _method);
        MergeProgram program = _method.Program(new TensorQuestion(
            spec.Name,
            _depth.Of(spec.Name),
            recipe.GlobalParameters(),
            questions,
            isRelative,
            spec.Shape.ElementCount,
            spec.Shape.Dimensions.Length < 2 ? spec.Shape.ElementCount : spec.Shape.LastDimension));
        return new MergedTensor(
            spec with { Type = _type ?? spec.Type },
            new TensorSources(spec.Shape, tensor.Base, tensor.Sources, _method.Base, isRelative),
            program,
            _method.Name);
    }
}
