using System.Collections.Immutable;
using DemEngine.Checkpoints.Layers;
using DemEngine.Errors;
using DemEngine.Merging.Inputs;
using DemEngine.Numerics;

namespace DemEngine.Merging.Names;

/// <summary>A model whose tied weights are to be matched to those of other models.</summary>
/// <param name="Tensors">Tensors of the model, under the base's names.</param>
/// <param name="Groups">Groups of the model's tensors that have the same contents, by their names in the model itself.</param>
/// <param name="IsTied">What the model's configuration says of embedding and output matrix; null if it does not say.</param>
/// <param name="IsConfigured">Whether the model has a configuration; one that does not say ties the two, by default.</param>
/// <param name="Name">Name of the model in messages.</param>
internal sealed record TiedModel(
    InputModel Tensors,
    ImmutableArray<ImmutableArray<string>> Groups,
    bool? IsTied,
    bool IsConfigured,
    string Name);

/// <summary>
/// Matches models that store tied weights once, twice, or have an output matrix of their own. Where all are tied, the output is,
/// and its copies stay equal under every method and draw. Where one is not, the embedding of a tied model counts as its output
/// matrix, which it is, and the output is not tied.
/// </summary>
internal sealed class TieAlignment
{
    private enum State
    {
        /// <summary>The model has no such weights, or not the means to tell.</summary>
        Absent,

        /// <summary>The weights are stored once, under the embedding's name.</summary>
        Once,

        /// <summary>The weights are stored under both names, with the same contents.</summary>
        Twice,

        /// <summary>The model has different weights under the two names.</summary>
        Untied,
    }

    private readonly TiedModel[] _models;
    private readonly Dictionary<string, string>[] _groupOf;
    private readonly Dictionary<string, NamedInput>[] _added;
    private readonly HashSet<string>[] _dropped;
    private readonly Dictionary<string, string> _shared = new(StringComparer.Ordinal);
    private readonly List<string> _remarks = [];

    /// <param name="models">The models, the base first.</param>
    public TieAlignment(IReadOnlyList<TiedModel> models)
    {
        _models = [.. models];
        _groupOf = [.. _models.Select(GroupNames)];
        _added = [.. _models.Select(_ => new Dictionary<string, NamedInput>(StringComparer.Ordinal))];
        _dropped = [.. _models.Select(_ => new HashSet<string>(StringComparer.Ordinal))];
        foreach (var (embedding, head) in Pairs())
            Match(embedding, head);
        Models = [.. _models.Select((model, k) => Apply(model.Tensors, _added[k], _dropped[k]))];
    }

    /// <summary>The models' tensors, matched, in the order in which they were given.</summary>
    public ImmutableArray<InputModel> Models { get; }

    /// <summary>
    /// Names of tensors that are copies of another, with the other's name: each is made exactly as the other is.
    /// </summary>
    public IReadOnlyDictionary<string, string> Shared => _shared;

    /// <summary>Whether the output has an output matrix of its own, where the base's configuration does not say so.</summary>
    public bool IsUntied { get; private set; }

    /// <summary>Notes on models that were matched to others which store their weights in another way.</summary>
    public IReadOnlyList<string> Remarks => _remarks;

    private IEnumerable<(string Embedding, string Copy)> Pairs()
    {
        var pairs = new List<(string, string)>();
        foreach (Dictionary<string, string> groups in _groupOf)
            pairs.AddRange(groups.Where(pair => pair.Key != pair.Value).Select(pair => (pair.Value, pair.Key)));
        foreach (TiedModel model in _models)
        {
            if (EmbeddingOf(model.Tensors) is not { } embedding)
                continue;
            pairs.AddRange(model.Tensors.Tensors
                .Where(tensor => tensor.Spec.Shape == model.Tensors.FindSpec(embedding)!.Shape && IsHead(tensor.Name))
                .Select(tensor => (embedding, tensor.Name)));
        }

        return pairs.Distinct();
    }

    private void Match(string embedding, string copy)
    {
        if (_shared.ContainsKey(copy) || _shared.ContainsKey(embedding))
            return;
        State[] states = [.. Enumerable.Range(0, _models.Length).Select(k => StateOf(k, embedding, copy))];
        if (states[0] == State.Absent || states.All(state => state is State.Untied or State.Absent))
        {
            if (states[0] == State.Untied && _models[0].IsTied == true)
                Untie($"{_models[0].Name}: its configuration ties {Quoted.Name(copy)} to {Quoted.Name(embedding)}, but the two "
                    + "differ; both are merged as they are, and the output's configuration says so");
            return;
        }

        bool isUntied = states.Contains(State.Untied);
        for (int k = 0; k < _models.Length; k++)
        {
            // A copy that the base does not store is not needed; one that it stores is the embedding where a model lacks it.
            if (states[k] == State.Twice && !isUntied && states[0] == State.Once)
                _dropped[k].Add(copy);
            else if (states[k] == State.Once && (isUntied || states[0] == State.Twice))
                _added[k][copy] = new NamedInput(copy, _models[k].Tensors.Find(embedding)!);
        }

        if (!isUntied)
        {
            if (states[0] == State.Twice)
                _shared.Add(copy, embedding);
            return;
        }

        string[] tied = [.. _models.Where((_, k) => states[k] is State.Once or State.Twice).Select(model => model.Name)];
        string[] own = [.. _models.Where((_, k) => states[k] == State.Untied).Select(model => model.Name)];
        string remark = $"{string.Join(", ", own)} has an output matrix of its own ({Quoted.Name(copy)}); in "
            + $"{string.Join(", ", tied)} the embedding is it, and is merged as such. The output has both";
        if (states[0] != State.Untied || _models[0].IsTied == true)
            Untie(remark);
        else
            _remarks.Add(remark);
    }

    private void Untie(string remark)
    {
        IsUntied = true;
        _remarks.Add(remark);
    }

    private State StateOf(int model, string embedding, string copy)
    {
        InputModel tensors = _models[model].Tensors;
        if (tensors.Find(embedding) is not { } first)
            return State.Absent;
        if (tensors.Has(copy))
            return _groupOf[model].GetValueOrDefault(copy) is { } group && group == _groupOf[model].GetValueOrDefault(embedding)
                ? State.Twice
                : State.Untied;

        // A configuration that unties them leaves the model without an output matrix, which is an error elsewhere. Without any
        // configuration it takes another model that stores both, with the same contents, to show that they are tied.
        bool isTied = !IsHead(copy) || (_models[model].IsTied ?? (_models[model].IsConfigured || IsStoredTwice(embedding, copy)));
        return isTied && first.Spec.Type.IsFloat ? State.Once : State.Absent;
    }

    private bool IsStoredTwice(string embedding, string copy) => _groupOf.Any(groups =>
        groups.TryGetValue(copy, out string? group) && groups.GetValueOrDefault(embedding) == group);

    private static Dictionary<string, string> GroupNames(TiedModel model)
    {
        if (model.Groups.IsEmpty)
            return [];
        HashSet<string> tied = [.. model.Groups.SelectMany(group => group)];
        var names = model.Tensors.Tensors.Where(tensor => tied.Contains(tensor.Spec.Name))
            .GroupBy(tensor => tensor.Spec.Name, StringComparer.Ordinal)
            .ToDictionary(same => same.Key, same => same.First().Name, StringComparer.Ordinal);
        var groups = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (ImmutableArray<string> group in model.Groups)
        {
            string[] here = [.. group.Where(names.ContainsKey).Select(name => names[name])];
            foreach (string name in here)
                groups[name] = here[0];
        }

        return groups;
    }

    private static string? EmbeddingOf(InputModel model)
    {
        string[] embeddings =
        [
            .. model.Tensors.Where(tensor => tensor.Spec.Shape.Dimensions.Length == 2
                    && VocabularyName.IsKnown(tensor.Name) && OuterName.IsBefore(tensor.Name)
                    && LayerName.Parse(tensor.Name).Stack is null)
                .Select(tensor => tensor.Name),
        ];
        return embeddings is [var only] ? only : null;
    }

    private static bool IsHead(string name) =>
        VocabularyName.IsKnown(name) && !OuterName.IsBefore(name) && name.EndsWith(".weight", StringComparison.Ordinal)
        && LayerName.Parse(name).Stack is null;

    private static InputModel Apply(InputModel model, Dictionary<string, NamedInput> added, HashSet<string> dropped) =>
        added.Count == 0 && dropped.Count == 0
            ? model
            : new InputModel(
                model.Path,
                [.. model.Tensors.Where(tensor => !dropped.Contains(tensor.Name)), .. added.Values]);
}
