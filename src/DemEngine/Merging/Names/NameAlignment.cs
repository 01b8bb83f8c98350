using System.Collections.Immutable;
using DemEngine.Errors;
using DemEngine.Merging.Inputs;
using DemEngine.Numerics;

namespace DemEngine.Merging.Names;

/// <summary>
/// Gives a model's tensors the names that the base has for them where the two differ in a prefix: in wrappers that training
/// frameworks leave in names (<c>module.</c>, <c>_orig_mod.</c>), in the place of a language model inside a multimodal one
/// (<c>model.layers</c>, <c>model.language_model.layers</c>), and in any other prefix that the tensors themselves show.
/// </summary>
internal sealed class NameAlignment
{
    // Enough for every part of a multimodal model; a pair of models that needs more is not one network.
    private const int MaxChanges = 16;

    // Modules that exist only while a model is trained or compiled: PyTorch's DDP, compile, FSDP and activation checkpointing.
    private static readonly string[] Wrappers =
        ["module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module", "_forward_module", "_module"];

    private readonly InputModel _base;
    private readonly InputModel _model;
    private readonly Dictionary<string, string> _baseNames = new(StringComparer.Ordinal);
    private readonly HashSet<string> _open;
    private readonly HashSet<string> _free;
    private readonly List<string> _remarks = [];

    private NameAlignment(InputModel baseModel, InputModel model)
    {
        _base = baseModel;
        _model = model;
        _open = [.. model.Tensors.Select(tensor => tensor.Name).Where(name => !baseModel.Has(name))];
        _free = [.. baseModel.Tensors.Select(tensor => tensor.Name).Where(name => !model.Has(name))];
    }

    /// <summary>Aligns the names of a model with those of the base.</summary>
    /// <param name="baseModel">Model that defines the names.</param>
    /// <param name="model">Model to rename the tensors of.</param>
    /// <param name="name">Name of the model in messages.</param>
    /// <param name="remarks">List to which a note is added for each prefix that differed.</param>
    /// <returns>The model itself if no tensor needs another name.</returns>
    public static InputModel Align(InputModel baseModel, InputModel model, string name, ICollection<string> remarks)
    {
        var alignment = new NameAlignment(baseModel, model);
        if (alignment._open.Count == 0 || alignment._free.Count == 0)
            return model;

        alignment.MatchWithoutWrappers();
        for (int k = 0; k < MaxChanges && alignment.MatchByPrefix(); k++)
        {
        }

        if (alignment._baseNames.Count == 0)
            return model;
        foreach (string remark in alignment._remarks)
            remarks.Add($"{name}: {remark}");
        return new InputModel(
            model.Path,
            [
                .. model.Tensors.Select(tensor =>
                    tensor with { Name = alignment._baseNames.GetValueOrDefault(tensor.Name, tensor.Name) }),
            ]);
    }

    private void MatchWithoutWrappers()
    {
        var byPlainName = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string name in _free)
            byPlainName.TryAdd(WithoutWrappers(name), name);
        (string From, string To)[] pairs =
        [
            .. _open.Select(name => (From: name, To: byPlainName.GetValueOrDefault(WithoutWrappers(name))!))
                .Where(pair => pair.To is not null)
                .DistinctBy(pair => pair.To, StringComparer.Ordinal),
        ];
        if (pairs.Length == 0)
            return;
        Rename(pairs);
        RenameRest(_open.Select(name => (name, WithoutWrappers(name))));
        _remarks.Add(
            $"{pairs.Length} tensors are matched to the base's without the wrappers in their names: "
            + $"{Quoted.Name(pairs[0].From)} is {Quoted.Name(pairs[0].To)}");
    }

    /// <summary>Replaces the prefix that matches the most tensors; false if there is none.</summary>
    private bool MatchByPrefix()
    {
        var bySuffix = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (string name in _free)
        {
            foreach (int at in Boundaries(name))
            {
                if (!bySuffix.TryGetValue(name[at..], out List<string>? prefixes))
                    bySuffix.Add(name[at..], prefixes = []);
                prefixes.Add(name[..at]);
            }
        }

        var votes = new Dictionary<(string From, string To), int>();
        foreach (string name in _open)
        {
            foreach (int at in Boundaries(name))
            {
                foreach (string prefix in bySuffix.GetValueOrDefault(name[at..], []))
                {
                    if (!Fits(name, prefix + name[at..]))
                        continue;
                    var change = (name[..at], prefix);
                    votes[change] = votes.GetValueOrDefault(change) + 1;
                }
            }
        }

        if (Choose(votes) is not var (from, to))
            return false;
        (string From, string To)[] pairs =
        [
            .. _open.Where(name => name.StartsWith(from, StringComparison.Ordinal))
                .Select(name => (From: name, To: to + name[from.Length..]))
                .Where(pair => _free.Contains(pair.To)),
        ];
        Rename(pairs);
        if (from.Length > 0 || pairs.Length * 2 > _model.Tensors.Count)
            RenameRest(_open.Where(name => name.StartsWith(from, StringComparison.Ordinal))
                .Select(name => (name, to + name[from.Length..])));
        _remarks.Add(
            $"{pairs.Length} tensors are matched to the base's with {Shown(to)} for {Shown(from)} in front of their names, "
            + $"such as {Quoted.Name(pairs[0].From)}");
        return true;
    }

    // The change that matches the most tensors; of those that match the same ones, the shortest. One that matches a minority of
    // what it could, or as many as another, is a coincidence and not a prefix.
    private (string From, string To)? Choose(Dictionary<(string From, string To), int> votes)
    {
        if (votes.Count == 0)
            return null;
        int most = votes.Values.Max();
        (string From, string To) best = votes.Where(vote => vote.Value == most).Select(vote => vote.Key)
            .OrderBy(change => change.From.Length + change.To.Length)
            .ThenBy(change => change.From, StringComparer.Ordinal)
            .ThenBy(change => change.To, StringComparer.Ordinal)
            .First();
        bool isTied = votes.Any(vote => vote.Value == most && vote.Key.From == best.From && vote.Key.To != best.To);
        int candidates = _open.Count(name => name.StartsWith(best.From, StringComparison.Ordinal));
        return isTied || most * 2 < candidates ? null : best;
    }

    private void Rename(IEnumerable<(string From, string To)> pairs)
    {
        foreach (var (from, to) in pairs)
        {
            _baseNames.Add(from, to);
            _open.Remove(from);
            _free.Remove(to);
        }
    }

    // What the base does not have gets the name that it would have there, since a tensor may be tied to one that the base has.
    private void RenameRest(IEnumerable<(string From, string To)> pairs)
    {
        var taken = new HashSet<string>(_baseNames.Values, StringComparer.Ordinal);
        foreach (var (from, to) in pairs.ToArray())
        {
            if (from == to || _base.Has(to) || _model.Has(to) || !taken.Add(to))
                continue;
            _baseNames.Add(from, to);
            _open.Remove(from);
        }
    }

    private bool Fits(string name, string baseName)
    {
        var one = _model.FindSpec(name)!;
        var other = _base.FindSpec(baseName)!;
        return one.Type.IsFloat == other.Type.IsFloat
            && one.Shape.Dimensions.Length == other.Shape.Dimensions.Length
            && (one.Shape == other.Shape
                || (one.Shape.Dimensions.Length > 1 && one.Shape.RowElements == other.Shape.RowElements));
    }

    // Where a prefix can end: before any part up to the first number, so that a layer is never taken for another, and not between
    // a module and its parameter. A number at the very start is the place of a model in a list of modules.
    private static IEnumerable<int> Boundaries(string name)
    {
        yield return 0;
        for (int dot = name.IndexOf('.'), start = 0; dot >= 0; start = dot + 1, dot = name.IndexOf('.', start))
        {
            bool isNumber = !name.AsSpan(start, dot - start).ContainsAnyExceptInRange('0', '9');
            if ((isNumber && start > 0) || name.IndexOf('.', dot + 1) < 0)
                yield break;
            yield return dot + 1;
        }
    }

    private static string WithoutWrappers(string name) =>
        string.Join('.', name.Split('.').Where(part => !Wrappers.Contains(part, StringComparer.Ordinal)));

    private static string Shown(string prefix) => prefix.Length == 0 ? "nothing" : Quoted.Name(prefix);
}
