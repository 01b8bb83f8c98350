using System.Text.RegularExpressions;
using DemEngine.Checkpoints.Adapters.Changes;
using DemEngine.Checkpoints.Decoding;
using DemEngine.Checkpoints.Layers;
using DemEngine.Errors;

namespace DemEngine.Checkpoints.Adapters;

/// <summary>
/// Divides the factors of parameters that hold all experts of a layer (<c>target_parameters</c> of PEFT) into a pair for each
/// expert, whether the model stores its experts in one tensor or one by one. PEFT wraps the module that has the parameters once
/// for each of them, so that its names do not say which wrapping belongs to which: their shapes do. The factors are
/// A [experts·rank, inputs], expert by expert, and B [outputs, rank·experts], in which an expert has every n-th column.
/// </summary>
internal sealed partial class ParameterModules
{
    private const string Wrapped = ".base_layer";
    private const string Experts = ".experts";

    private readonly AdapterContents _contents;
    private readonly Checkpoint _adapter;
    private readonly Checkpoint _model;
    private readonly ModuleNames _names;
    private readonly List<(AdapterModule Module, AdapterPart Part, FactorSlice Slice)> _slices = [];

    private ParameterModules(AdapterContents contents, Checkpoint adapter, Checkpoint model, ModuleNames names)
    {
        _contents = contents;
        _adapter = adapter;
        _model = model;
        _names = names;
    }

    /// <summary>Name of a module without what PEFT adds to it where it wraps a module more than once.</summary>
    public static string Bare(string module) =>
        module.EndsWith(Wrapped, StringComparison.Ordinal) ? Bare(module[..^Wrapped.Length]) : module;

    /// <summary>Divides what an adapter changes.</summary>
    /// <param name="contents">The adapter.</param>
    /// <param name="adapter">Its open file.</param>
    /// <param name="model">The model.</param>
    /// <param name="names">Names of the model's modules.</param>
    /// <returns>All modules, as the model has them.</returns>
    /// <exception cref="DemException">
    /// DEM2047 (AdapterDoesNotFit): a parameter's factors have other shapes than the model's. DEM2048 (BadAdapter): they
    /// contradict each other. DEM2049 (UnknownAdapter): their shapes leave open what they change.
    /// </exception>
    public static IReadOnlyList<AdapterModule> Divide(
        AdapterContents contents, Checkpoint adapter, Checkpoint model, ModuleNames names) =>
        new ParameterModules(contents, adapter, model, names).Divide();

    private List<AdapterModule> Divide()
    {
        var divided = new List<AdapterModule>();
        var found = new List<ParameterFactors>();
        foreach (IGrouping<string, AdapterModule> wrapped in _contents.Modules.GroupBy(
            module => Bare(module.Name), StringComparer.Ordinal))
        {
            ExpertParameter[] parameters = [.. _contents.ParametersOf(wrapped.Key).SelectMany(name => Find(wrapped.Key, name))];
            foreach (AdapterModule module in wrapped)
            {
                if (parameters.Length > 0)
                    found.Add(Match(module, parameters));
                else if (OfOneExpert(module) is { } expert)
                    divided.Add(expert);
                else
                    divided.Add(module);
            }

            if (found.GroupBy(factors => factors.Parameter).FirstOrDefault(same => same.Count() > 1) is { } twice)
                throw AdapterFault.Wrong(
                    twice.Last().Module.Any, $"{twice.Key.Module} is changed by {twice.First().Module.Any.Spec.Name} too");
        }

        // The architectures have all their experts' matrices one way round.
        bool? areTransposed = found.Select(factors => factors.IsTransposed).FirstOrDefault(isKnown => isKnown is not null);
        foreach (ParameterFactors factors in found)
            divided.AddRange(Divide(factors, factors.IsTransposed ?? areTransposed ?? throw Open(
                factors.Module, "are square, and nothing says whether the model stores them transposed")));
        Place();
        return divided;
    }

    /// <summary>Finds a parameter in the model: one tensor for all experts, or tensors for each.</summary>
    private IEnumerable<ExpertParameter> Find(string module, string name)
    {
        string whole = $"{module}.{name}";
        if (_names.TryFind(whole) is { } place
            && _model.Find(place)?.Spec.Shape.Dimensions is [var experts, var rows, var columns])
        {
            yield return new ExpertParameter(whole, whole, (int)experts, rows, columns, Matrices: null);
            yield break;
        }

        bool isDown = ExpertNames.Fused.Down == $"{Experts}.{name}";
        if (!module.EndsWith(Experts, StringComparison.Ordinal) || !(isDown || ExpertNames.Fused.GateUp == $"{Experts}.{name}"))
            yield break;
        string block = module[..^Experts.Length];
        if (ExpertNames.In(block, tensor => Weight(tensor) is not null) is not { } own)
            yield break;
        string[] words = isDown ? [own.Down] : [own.Gate, own.Up];
        string to = own.BlockOf(block);
        int count = 0;
        while (Weight(ExpertNames.Of(to, count, own.Down)) is not null)
            count++;
        if (Weight(ExpertNames.Of(to, 0, words[0]))?.Spec.Shape.Dimensions is [var inner, var outer])
            yield return new ExpertParameter(whole, to, count, words.Length * inner, outer, words);
    }

    private StoredTensor? Weight(string tensor) =>
        _names.TryFind(tensor[..tensor.LastIndexOf('.')]) is { } place ? _model.Find($"{place}.weight") : null;

    private static ParameterFactors Match(AdapterModule module, ExpertParameter[] parameters)
    {
        if (module.HasMoreThanFactors || module[AdapterPart.Down] is not { } down || module[AdapterPart.Up] is not { } up)
            throw AdapterFault.Wrong(module.Any, "a parameter is changed by a pair of factors, A and B");
        (int allRanks, int inputs) = AdapterFault.MatrixOf(down);
        (int outputs, int others) = AdapterFault.MatrixOf(up);
        ExpertParameter[] fitting =
        [
            .. parameters.Where(parameter => allRanks == others && allRanks % parameter.Experts == 0
                && ((parameter.Rows, parameter.Columns) == (outputs, inputs)
                    || (parameter.Rows, parameter.Columns) == (inputs, outputs))),
        ];
        return fitting switch
        {
            [var only] => new ParameterFactors(
                module, only, down, up, outputs == inputs ? null : only.Rows == inputs),
            [] => throw new DemException(
                ErrorCode.AdapterDoesNotFit,
                $"{down.File}: the factors of {Quoted.Name(module.Name)} are {down.Spec.Shape} and {up.Spec.Shape}, and the "
                + $"model has {string.Join(" and ", parameters.Select(parameter => parameter.Text))}")
            {
                Path = down.File,
                Tensor = parameters[0].Module,
            },
            _ => throw Open(module, "fit more than one parameter"),
        };
    }

    private IEnumerable<AdapterModule> Divide(ParameterFactors factors, bool isTransposed)
    {
        ExpertParameter parameter = factors.Parameter;
        int rank = (int)factors.Down.Spec.Shape.Rows / parameter.Experts;
        int inputs = (int)factors.Down.Spec.Shape.RowElements;
        int outputs = (int)factors.Up.Spec.Shape.Rows;
        string[] matrices = parameter.Matrices ?? [""];
        int part = (int)parameter.Rows / matrices.Length;
        for (int expert = 0; expert < parameter.Experts; expert++)
        {
            for (int k = 0; k < matrices.Length; k++)
            {
                var module = new AdapterModule(parameter.Matrices is null
                    ? parameter.Module
                    : Bare(ExpertNames.Of(parameter.Place, expert, matrices[k])[..^".weight".Length]))
                {
                    KnownAs = parameter.Module,
                    Expert = parameter.Matrices is null ? expert : null,
                    IsTransposed = isTransposed,
                };
                (int First, int Count) own = (k * part, part);
                _slices.Add((module, AdapterPart.Down, new FactorSlice(
                    factors.Down, (expert * rank, rank), isTransposed ? (own.First, own.Count, 1) : (0, inputs, 1))));
                _slices.Add((module, AdapterPart.Up, new FactorSlice(
                    factors.Up, isTransposed ? (0, outputs) : own, (expert, rank, parameter.Experts))));
                yield return module;
            }
        }
    }

    /// <summary>
    /// Makes the module of one expert of a tensor for all, as Unsloth names them: <c>gate_up_projs.3</c> for the fourth matrix of
    /// <c>gate_up_proj</c>.
    /// </summary>
    private AdapterModule? OfOneExpert(AdapterModule module)
    {
        if (OneOfAll().Match(module.Name) is not { Success: true } match || _names.TryFind(module.Name) is not null
            || !int.TryParse(match.Groups["expert"].ValueSpan, out int expert))
            return null;
        string whole = match.Groups["whole"].Value;
        if (_names.TryFind(whole) is not { } place
            || _model.Find(place)?.Spec.Shape.Dimensions is not [var experts, var rows, var columns] || expert >= experts
            || module[AdapterPart.Down] is not { } down || module[AdapterPart.Up] is not { } up || module.HasMoreThanFactors)
            return null;
        bool isStraight = (rows, columns) == (up.Spec.Shape.Rows, down.Spec.Shape.RowElements);

        // Unsloth has a module for each matrix only of GPT-OSS, whose tensors are [experts, inputs, outputs].
        var one = new AdapterModule(whole)
        {
            KnownAs = module.Name,
            Expert = expert,
            IsTransposed = !isStraight || rows == columns,
        };
        foreach (var (part, tensor) in module.Parts)
            one.Add(part, tensor);
        return one;
    }

    /// <summary>Makes tensors of the factors' parts, and gives them to their modules.</summary>
    private void Place()
    {
        if (_slices.Count == 0)
            return;
        var shard = new DecodedShard(
            _adapter.Path, [.. _slices.Select(one => one.Slice)], 1 + _adapter.Stamps.Max(stamp => stamp.Length));
        foreach (var ((module, part, _), tensor) in _slices.Zip(shard.Tensors))
            module.Add(part, tensor);
    }

    private static DemException Open(AdapterModule module, string why) => new(
        ErrorCode.UnknownAdapter,
        $"{module.Any.File}: the factors of {Quoted.Name(module.Name)} {why}, so that what they change cannot be told")
    {
        Path = module.Any.File,
        Tensor = module.Any.Spec.Name,
    };

    [GeneratedRegex(
        @"\A(?<whole>.+\.experts\.(gate_up_proj|down_proj))s\.(?<expert>[0-9]+)\z",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex OneOfAll();

    /// <summary>A parameter of all experts of a layer.</summary>
    /// <param name="Module">Its path as the adapter would name it.</param>
    /// <param name="Place">The same, or where experts are stored one by one, the block that holds them.</param>
    /// <param name="Experts">Number of experts.</param>
    /// <param name="Rows">Number of rows of each matrix.</param>
    /// <param name="Columns">Number of columns of each matrix.</param>
    /// <param name="Matrices">Words for the matrices that it consists of, one above the other; null for one tensor.</param>
    private sealed record ExpertParameter(
        string Module, string Place, int Experts, long Rows, long Columns, string[]? Matrices)
    {
        public string Text => $"{Quoted.Name(Module)} of {Experts} matrices [{Rows}, {Columns}]";
    }

    /// <summary>The factors of a parameter.</summary>
    /// <param name="Module">The module that has them.</param>
    /// <param name="Parameter">What they change.</param>
    /// <param name="Down">A of all experts.</param>
    /// <param name="Up">B of all experts.</param>
    /// <param name="IsTransposed">Whether B·A is the transposed matrix; null where it is square.</param>
    private sealed record ParameterFactors(
        AdapterModule Module, ExpertParameter Parameter, StoredTensor Down, StoredTensor Up, bool? IsTransposed);
}
