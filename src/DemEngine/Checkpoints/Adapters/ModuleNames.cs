using System.Collections.Immutable;
using DemEngine.Errors;
using DemEngine.Files;

namespace DemEngine.Checkpoints.Adapters;

/// <summary>
/// Finds the modules of a model that an adapter names: by the same name, or by one that differs in what stands before it alone,
/// as <c>transformer.</c> and <c>model.diffusion_model.</c> do, with dots or, as kohya-ss writes names, underlines between.
/// </summary>
internal sealed class ModuleNames
{
    private const string Ambiguous = "";
    private const int MostDropped = 4;

    // Words before an adapter's names that say which model of a pipeline is meant.
    private static readonly string[] Components =
    [
        "lora_unet_",
        "lora_te1_",
        "lora_te2_",
        "lora_te3_",
        "lora_te_",
        "lora_transformer_",
        "lora_prior_unet_",
        "lycoris_",
        "unet.",
        "text_encoder_3.",
        "text_encoder_2.",
        "text_encoder.",
        "transformer.",
        "diffusion_model.",
    ];

    private readonly Checkpoint _model;
    private readonly PipelinePart? _part;
    private readonly Lazy<Dictionary<string, string>> _bySuffix;

    /// <param name="model">The model.</param>
    /// <param name="part">The component of a pipeline that it is; null for a model that is none.</param>
    public ModuleNames(Checkpoint model, PipelinePart? part = null)
    {
        _model = model;
        _part = part;
        _bySuffix = new(Suffixes);
    }

    /// <summary>Finds modules of the model.</summary>
    /// <param name="modules">Paths of modules, or names of whole tensors, as the adapter has them.</param>
    /// <param name="adapter">Path of the adapter, for messages.</param>
    /// <param name="remarks">Receives a note where a part of the adapter belongs to another model of a pipeline.</param>
    /// <returns>Paths of the model's modules by those of the adapter, without those that belong to another model.</returns>
    /// <exception cref="DemException">DEM2047 (AdapterDoesNotFit): modules are not in the model.</exception>
    public Dictionary<string, string> Find(IReadOnlyCollection<string> modules, string adapter, List<string> remarks)
    {
        if (_part is not null)
            modules = PartOf(modules, _part, adapter, remarks);
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        bool isAny = false;
        var missing = new List<(string Component, string[] Modules)>();
        foreach (IGrouping<string, string> component in modules.GroupBy(ComponentOf, StringComparer.Ordinal))
        {
            string[] all = [.. component];
            string[] absent = [.. all.Where(module => FindOne(module) is not { Length: > 0 })];
            if (absent.Length > 0)
                missing.Add((component.Key, absent.Length == all.Length ? absent : [.. absent, ""]));
            foreach (string module in all.Except(absent))
                found.Add(module, FindOne(module)!);
            isAny |= absent.Length < all.Length;
        }

        foreach (var (component, absent) in missing)
        {
            string[] names = [.. absent.Where(name => name.Length > 0)];
            if (component.Length == 0 || names.Length < absent.Length || !isAny)
                throw new DemException(
                    ErrorCode.AdapterDoesNotFit,
                    $"{adapter}: {names.Length} of the modules that it changes are not in {Quoted.Name(_model.Path)}"
                    + $"{(names.Any(name => FindOne(name) is Ambiguous) ? ", or more than one fits" : "")}: {Quoted.List(names)}")
                {
                    Path = adapter,
                };
            remarks.Add(
                $"{adapter}: {names.Length} modules of {Quoted.Name(component)} belong to another model and are left out");
        }

        return found;
    }

    /// <summary>Finds a module of the model; null if it has none of that name, or more than one fits.</summary>
    /// <param name="module">Path of the module as the adapter has it.</param>
    public string? TryFind(string module) => FindOne(module) is { Length: > 0 } found ? found : null;

    /// <summary>Picks the modules that an adapter has for one component; there may be none.</summary>
    private static string[] PartOf(
        IReadOnlyCollection<string> modules, PipelinePart part, string adapter, List<string> remarks)
    {
        ILookup<string, string> byComponent =
            modules.ToLookup(module => part.ComponentOf(ComponentOf(module)), StringComparer.Ordinal);
        if (byComponent.FirstOrDefault(group => !part.All.Contains(group.Key, StringComparer.Ordinal)) is { } foreign)
            throw new DemException(
                ErrorCode.AdapterDoesNotFit,
                $"{adapter}: {foreign.Count()} of the modules that it changes are of the component "
                + $"{Quoted.Name(foreign.Key)}, and the pipeline has {Quoted.List([.. part.All])}: {Quoted.List([.. foreign])}")
            {
                Path = adapter,
            };
        string[] own = [.. byComponent[part.Component]];
        if (own.Length < modules.Count)
            remarks.Add(
                $"{adapter}: {own.Length} of {modules.Count} modules are of {Quoted.Name(part.Component)}; the others are of "
                + "other components of the pipeline");
        return own;
    }

    private static string ComponentOf(string module) =>
        Components.FirstOrDefault(word => module.StartsWith(word, StringComparison.Ordinal)) ?? "";

    // An empty name says that several fit.
    private string? FindOne(string module)
    {
        if (IsModule(module))
            return module;
        string? ambiguous = null;
        foreach (string name in Shorter(module))
        {
            string key = Flat(name);
            if (!_bySuffix.Value.TryGetValue(key, out string? full) && !_bySuffix.Value.TryGetValue($"{key}_0", out full))
                continue;
            if (full != Ambiguous)
                return full;
            ambiguous = Ambiguous;
        }

        return ambiguous;
    }

    private bool IsModule(string name) =>
        _model.IndexOf($"{name}.weight") >= 0 || _model.IndexOf(name) >= 0 || _model.IndexOf($"{name}.bias") >= 0;

    /// <summary>
    /// The name itself, then without what says which model of a pipeline is meant, then without its first words.
    /// </summary>
    private static IEnumerable<string> Shorter(string module)
    {
        yield return module;
        string component = ComponentOf(module);
        if (component.Length > 0)
            yield return module[component.Length..];
        string rest = module;
        for (int k = 0; k < MostDropped && rest.IndexOf('.') is > 0 and int dot && rest.IndexOf('.', dot + 1) > 0; k++)
        {
            rest = rest[(dot + 1)..];
            yield return rest;
        }
    }

    private static string Flat(string name) => name.Replace('.', '_');

    private Dictionary<string, string> Suffixes()
    {
        var suffixes = new Dictionary<string, string>(StringComparer.Ordinal);
        ImmutableHashSet<string> modules = [.. _model.Tensors.Select(tensor => ModuleOf(tensor.Spec.Name))];
        foreach (string module in modules)
        {
            string rest = module;
            for (int k = 0; k <= MostDropped; k++)
            {
                string key = Flat(rest);
                if (!suffixes.TryAdd(key, module) && suffixes[key] != module)
                    suffixes[key] = Ambiguous;
                int dot = rest.IndexOf('.');
                if (dot < 0)
                    break;
                rest = rest[(dot + 1)..];
            }
        }

        // The whole name of a module counts more than the end of another one's.
        foreach (string module in modules)
            suffixes[Flat(module)] = module;
        return suffixes;
    }

    private static string ModuleOf(string tensor) =>
        tensor.EndsWith(".weight", StringComparison.Ordinal) || tensor.EndsWith(".bias", StringComparison.Ordinal)
            ? tensor[..tensor.LastIndexOf('.')]
            : tensor;
}
