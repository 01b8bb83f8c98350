using System.Collections.Immutable;
using DemEngine.Analysis;
using DemEngine.Errors;
using DemEngine.Merging.Planning;
using DemEngine.Methods.Definition;
using DemEngine.Recipes;
using DemEngine.Recipes.Values;

namespace DemEngine.Search.Space;

/// <summary>What a point of a search means for a recipe: which coordinate is the coefficient of which source and layers.</summary>
public sealed class CoefficientMap
{
    private const string Weight = "weight";
    private const int ForAll = -1;

    private readonly Recipe _recipe;
    private readonly CoefficientOptions _options;
    private readonly int[] _models;
    private readonly LayerGroups _groups;

    /// <summary>Maps the coefficients of a recipe.</summary>
    /// <param name="recipe">What is merged, its paths resolved. The coefficients that it gives are where strategies that walk begin.</param>
    /// <param name="tensors">The names of the merged model's tensors.</param>
    /// <param name="options">Which coefficients.</param>
    /// <exception cref="DemException">DEM1001: the options do not fit the recipe. DEM3003 to DEM3009: the recipe is none, or none of whole models.</exception>
    public CoefficientMap(Recipe recipe, IEnumerable<string> tensors, CoefficientOptions options)
    {
        IMergeMethod method = MergePlanner.CheckRecipe(recipe);
        RequireWholeModels(recipe);
        MethodParameter parameter = Find(method, options.Parameter);
        _recipe = recipe;
        _options = options;
        _groups = new LayerGroups(tensors, options.LayerGroups);
        Parameter = parameter.Name;
        ZeroIsBase = parameter is { PerModel: true, Name: Weight } && method.Base == BaseUse.Subtracted;
        _models = parameter.PerModel ? [.. BasePart.Sources(RecipePart.Of(recipe)[0], method)] : [ForAll];
        Sources = parameter.PerModel
            ? [.. ModelLabels.Of([.. _models.Select(k => recipe.Models[k].Path.Resolved)])]
            : [parameter.Name];
        Space = new SearchSpace([.. Dimensions()], Start());
    }

    /// <summary>The method's parameter that is searched.</summary>
    public string Parameter { get; }

    /// <summary>What has coefficients: the recipe's sources in order, by the ends of their paths.</summary>
    public ImmutableArray<string> Sources { get; }

    /// <summary>The names of the layer groups.</summary>
    public ImmutableArray<string> Groups => _groups.Names;

    /// <summary>The coefficients as coordinates.</summary>
    public SearchSpace Space { get; }

    /// <summary>
    /// Whether differences from a base are added: the base is the candidate with all coefficients 0, and a source with coefficient 1 and no
    /// other is that source's model.
    /// </summary>
    public bool ZeroIsBase { get; }

    /// <summary>Positions of the sources among the recipe's models; none where one parameter of the recipe is searched.</summary>
    internal IEnumerable<int> ModelIndices => _models.Where(k => k != ForAll);

    /// <summary>The coefficients that a point stands for.</summary>
    public Coefficients Expand(SearchPoint point) => new(Enumerable.Range(0, Sources.Length).Select(source =>
        Enumerable.Range(0, _groups.Count).Select(group => point[((_options.Shared ? 0 : source) * _groups.Count) + group])));

    /// <summary>The point that stands for coefficients; null if there is none, within the ranges or beyond.</summary>
    public SearchPoint? PointOf(Coefficients coefficients)
    {
        IEnumerable<ImmutableArray<double>> sources = _options.Shared ? coefficients.BySource.Take(1) : coefficients.BySource;
        if (coefficients.BySource.Any(values => values.Length != 1 && values.Length != _groups.Count))
            return null;
        var point = new SearchPoint(sources.SelectMany(values => Enumerable.Range(0, _groups.Count).Select(group => values[values.Length == 1 ? 0 : group])));
        return Expand(point).Equals(coefficients) ? point : null;
    }

    /// <summary>The recipe with these coefficients in the place of its own.</summary>
    public Recipe Apply(Coefficients coefficients)
    {
        Recipe recipe = _recipe;
        for (int source = 0; source < _models.Length; source++)
            recipe = recipe.With(new Parameter(Parameter, _groups.ValueOf(coefficients.BySource[source])), _models[source] == ForAll ? null : _models[source]);
        return recipe;
    }

    /// <summary>Refuses methods to which <see cref="ZeroIsBase"/> does not apply.</summary>
    /// <exception cref="DemException">DEM1001.</exception>
    internal void RequireZeroIsBase(string what)
    {
        if (!ZeroIsBase)
            throw new DemException(ErrorCode.BadArgument, $"{what} needs a method that adds each source's difference to a base, and its weights: {_recipe.MergeMethod} with {Parameter} is none");
    }

    private static void RequireWholeModels(Recipe recipe)
    {
        string? other = recipe.Slices.Count > 0 ? "slices" : recipe.Modules.Count > 0 ? "modules" : recipe.Stages.Count > 0 ? "several documents" : null;
        if (other is not null)
        {
            throw recipe.Place.Error(
                ErrorCode.UnsupportedFeature,
                $"coefficients are searched for whole models only, and this recipe has {other}; merge what it puts together first, and search with the results as models");
        }
    }

    private static MethodParameter Find(IMergeMethod method, string? name)
    {
        MethodParameter[] numbers = [.. method.Parameters.Where(parameter => parameter.Type == ParameterType.Number)];
        MethodParameter? found = name is null
            ? numbers.FirstOrDefault(parameter => parameter.Name == Weight) ?? numbers.FirstOrDefault()
            : numbers.FirstOrDefault(parameter => parameter.Name == name);
        return found ?? throw new DemException(
            ErrorCode.BadArgument,
            numbers.Length == 0
                ? $"the method {method.Name} has no parameter that could be searched"
                : $"the method {method.Name} has no number {Quoted.Name(name!)} to search; it has {string.Join(", ", numbers.Select(parameter => parameter.Name))}");
    }

    private IEnumerable<SearchDimension> Dimensions()
    {
        string[] unknown = [.. _options.RangeOf.Keys.Except(Sources)];
        if (unknown.Length > 0)
            throw new DemException(ErrorCode.BadArgument, $"a range is given for {Quoted.List(unknown)}; the sources are {Quoted.List(Sources)}");

        bool isShared = _options.Shared && Sources.Length > 1;
        foreach (string source in isShared ? ["all sources"] : Sources)
        {
            CoefficientRange range = _options.RangeOf.GetValueOrDefault(source, _options.Range);
            foreach (string group in _groups.Names)
                yield return new SearchDimension(_groups.Count == 1 ? source : $"{source}, {group}", range);
        }
    }

    /// <summary>The recipe's own coefficients, where it gives plain numbers for all.</summary>
    private SearchPoint? Start()
    {
        double?[] given = [.. _models.Select(k =>
            (k == ForAll ? null : _recipe.Models[k].Parameters.Find(Parameter)) ?? _recipe.Parameters.Find(Parameter))
            .Select(value => (value as NumberValue)?.Number)];
        if (given.Any(value => value is null))
            return null;
        IEnumerable<double> starts = _options.Shared ? [given.Average()!.Value] : given.Select(value => value!.Value);
        return new SearchPoint(starts.SelectMany(value => Enumerable.Repeat(value, _groups.Count)));
    }
}
