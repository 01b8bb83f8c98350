using System.Collections.Immutable;
using DemEngine.Analysis;
using DemEngine.Errors;
using DemEngine.Evaluation.Gradients;
using DemEngine.Merging.Parts;
using DemEngine.Merging.Planning;
using DemEngine.Methods.Definition;
using DemEngine.Recipes;
using DemEngine.Recipes.Values;

namespace DemEngine.Search.Space;

/// <summary>Maps the points of a search to a recipe: each coordinate is the coefficient of certain sources and layers.</summary>
public sealed class CoefficientMap
{
    private const string Weight = "weight";
    private const int ForAll = -1;

    private readonly Recipe _recipe;
    private readonly CoefficientOptions _options;
    private readonly int[] _models;
    private readonly LayerGroups _groups;

    /// <summary>Makes a map of the coefficients of a recipe.</summary>
    /// <param name="recipe">Recipe to merge, its paths resolved. Strategies that walk start from its coefficients.</param>
    /// <param name="tensors">Names of the merged model's tensors.</param>
    /// <param name="options">Selection of the coefficients that are searched.</param>
    /// <exception cref="DemException">
    /// DEM1001 (BadArgument): the options do not fit the recipe. DEM3003 to DEM3009: the recipe is invalid, or does not merge
    /// whole models.
    /// </exception>
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

    /// <summary>Name of the method's parameter that is searched.</summary>
    public string Parameter { get; }

    /// <summary>
    /// Names of what has coefficients: the recipe's sources in order, by the last parts of their paths, or the parameter itself
    /// if it is not given per model.
    /// </summary>
    public ImmutableArray<string> Sources { get; }

    /// <summary>Names of the layer groups.</summary>
    public ImmutableArray<string> Groups => _groups.Names;

    /// <summary>Search space, with the coefficients as coordinates.</summary>
    public SearchSpace Space { get; }

    /// <summary>
    /// Whether the method adds differences from a base. If so, the candidate with all coefficients 0 is the base, and a source
    /// with coefficient 1 and no other source gives that source's model.
    /// </summary>
    public bool ZeroIsBase { get; }

    /// <summary>
    /// Indices of the sources among the recipe's models; empty where one parameter of the whole recipe is searched.
    /// </summary>
    internal IEnumerable<int> ModelIndices => _models.Where(k => k != ForAll);

    /// <summary>Returns the coefficients that a point stands for.</summary>
    public Coefficients Expand(SearchPoint point) => new(Enumerable.Range(0, Sources.Length).Select(source =>
        Enumerable.Range(0, _groups.Count).Select(group => point[((_options.Shared ? 0 : source) * _groups.Count) + group])));

    /// <summary>Returns coefficients that are given by the names of the sources, one for each.</summary>
    /// <exception cref="DemException">DEM1001 (BadArgument): a source is missing, or a name is none.</exception>
    internal Coefficients WithNames(IReadOnlyDictionary<string, double> values)
    {
        string[] unknown = [.. values.Keys.Except(Sources)];
        string[] missing = [.. Sources.Except(values.Keys)];
        if (unknown.Length > 0 || missing.Length > 0)
        {
            throw new DemException(
                ErrorCode.BadArgument,
                unknown.Length > 0
                    ? $"a coefficient is given for {Quoted.List(unknown)}; the sources are {Quoted.List(Sources)}"
                    : $"no coefficient is given for {Quoted.List(missing)}");
        }

        return Coefficients.Of(Sources.Select(source => values[source]));
    }

    /// <summary>Finds the point that stands for coefficients, within the ranges or outside them; null if there is none.</summary>
    public SearchPoint? PointOf(Coefficients coefficients)
    {
        IEnumerable<ImmutableArray<double>> sources = _options.Shared ? coefficients.BySource.Take(1) : coefficients.BySource;
        if (coefficients.BySource.Any(values => values.Length != 1 && values.Length != _groups.Count))
            return null;
        var point = new SearchPoint(sources.SelectMany(values =>
            Enumerable.Range(0, _groups.Count).Select(group => values[values.Length == 1 ? 0 : group])));
        return Expand(point).Equals(coefficients) ? point : null;
    }

    /// <summary>Adds up the derivatives of the losses within each layer group.</summary>
    internal ImmutableArray<SetSlopes> SlopesOf(GradientScores found)
    {
        int[] groups = [.. found.Tensors.Select(_groups.Of)];
        return
        [
            .. found.Sets.Select(set => new SetSlopes(
                set.Set,
                [
                    .. set.ByDirection.Select(tensors =>
                    {
                        double[] sums = new double[_groups.Count];
                        for (int tensor = 0; tensor < groups.Length; tensor++)
                            sums[groups[tensor]] += tensors[tensor];
                        return sums.ToImmutableArray();
                    }),
                ])),
        ];
    }

    /// <summary>Converts derivatives by the coefficients of each source to those by the coordinates of a point.</summary>
    internal IReadOnlyList<double> SlopeAt(ImmutableArray<ImmutableArray<double>> bySource) => _options.Shared
        ? [.. Enumerable.Range(0, _groups.Count).Select(group => bySource.Sum(groups => groups[group]))]
        : [.. bySource.SelectMany(groups => groups)];

    /// <summary>Returns the recipe with its coefficients replaced by these.</summary>
    public Recipe Apply(Coefficients coefficients)
    {
        Recipe recipe = _recipe;
        for (int source = 0; source < _models.Length; source++)
            recipe = recipe.With(
                new Parameter(Parameter, _groups.ValueOf(coefficients.BySource[source])),
                _models[source] == ForAll ? null : _models[source]);
        return recipe;
    }

    /// <summary>Refuses methods for which <see cref="ZeroIsBase"/> is false.</summary>
    /// <exception cref="DemException">DEM1001 (BadArgument): the method or parameter does not qualify.</exception>
    internal void RequireZeroIsBase(string what)
    {
        if (!ZeroIsBase)
            throw new DemException(
                ErrorCode.BadArgument,
                $"{what} needs a method that adds each source's difference to a base, and its weights: "
                + $"{_recipe.MergeMethod} with {Parameter} is none");
    }

    private static void RequireWholeModels(Recipe recipe)
    {
        string? other = recipe.Slices.Count > 0
            ? "slices"
            : recipe.Modules.Count > 0
                ? "modules"
                : recipe.Stages.Count > 0 ? "several documents" : null;
        if (other is not null)
        {
            throw recipe.Place.Error(
                ErrorCode.UnsupportedFeature,
                $"coefficients are searched for whole models only, and this recipe has {other}; "
                + "merge what it puts together first, and search with the results as models");
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
                : $"the method {method.Name} has no number {Quoted.Name(name!)} to search; "
                    + $"it has {string.Join(", ", numbers.Select(parameter => parameter.Name))}");
    }

    private IEnumerable<SearchDimension> Dimensions()
    {
        string[] unknown = [.. _options.RangeOf.Keys.Except(Sources)];
        if (unknown.Length > 0)
            throw new DemException(
                ErrorCode.BadArgument,
                $"a range is given for {Quoted.List(unknown)}; the sources are {Quoted.List(Sources)}");

        bool isShared = _options.Shared && Sources.Length > 1;
        foreach (string source in isShared ? ["all sources"] : Sources)
        {
            CoefficientRange range = _options.RangeOf.GetValueOrDefault(source, _options.Range);
            foreach (string group in _groups.Names)
                yield return new SearchDimension(_groups.Count == 1 ? source : $"{source}, {group}", range);
        }
    }

    /// <summary>
    /// Returns the recipe's own coefficients as a point; without any, those of the plain average where that is what they mean.
    /// Null unless all are plain numbers.
    /// </summary>
    private SearchPoint? Start()
    {
        double?[] given = [.. _models.Select(k =>
            (k == ForAll ? null : _recipe.Models[k].Parameters.Find(Parameter)) ?? _recipe.Parameters.Find(Parameter))
            .Select(value => (value as NumberValue)?.Number)];
        if (ZeroIsBase && given.All(value => value is null))
            given = [.. given.Select(_ => (double?)(1.0 / given.Length))];
        if (given.Any(value => value is null))
            return null;
        IEnumerable<double> starts = _options.Shared ? [given.Average()!.Value] : given.Select(value => value!.Value);
        return new SearchPoint(starts.SelectMany(value => Enumerable.Repeat(value, _groups.Count)));
    }
}
