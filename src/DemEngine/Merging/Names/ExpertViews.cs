using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Merging.Inputs;
using DemEngine.Numerics;

namespace DemEngine.Merging.Names;

/// <summary>
/// Shows the experts of a model in the other way of storing them: as one tensor for each matrix of each expert, or as two for all
/// experts of a layer, <c>gate_up_proj</c> [experts, 2·inside, hidden] with an expert's gate before its up, and
/// <c>down_proj</c> [experts, hidden, inside]. No element is moved: parts and stacks are read from where they lie.
/// </summary>
internal sealed class ExpertViews
{
    private readonly InputModel _model;
    private readonly HashSet<string> _replaced = new(StringComparer.Ordinal);

    // Views stand where the first of the tensors that they show stood.
    private readonly Dictionary<string, List<NamedInput>> _views = new(StringComparer.Ordinal);

    private ExpertViews(InputModel model) => _model = model;

    /// <summary>Shows all experts one by one.</summary>
    /// <param name="model">The model.</param>
    /// <param name="namesOf">Function that gives the names for a block of experts; null to leave it.</param>
    /// <returns>The model itself if it has no experts that are stored together.</returns>
    public static InputModel Separate(InputModel model, Func<string, ExpertNames?> namesOf)
    {
        var views = new ExpertViews(model);
        foreach (string block in FusedBlocks(model))
        {
            if (namesOf(block) is { } names)
                views.Divide(block, names);
        }

        return views.Result;
    }

    /// <summary>Shows experts of layers together.</summary>
    /// <param name="model">The model.</param>
    /// <param name="blocks">Names of the blocks that hold them, as they are to be.</param>
    /// <returns>The model itself if it has no experts that are stored one by one.</returns>
    public static InputModel Fuse(InputModel model, IEnumerable<string> blocks)
    {
        var views = new ExpertViews(model);
        foreach (string block in blocks)
        {
            if (ExpertNames.In(block, name => model.Find(name) is not null) is { } names)
                views.Join(block, names);
        }

        return views.Result;
    }

    /// <summary>Names of the blocks whose experts are stored together.</summary>
    public static IEnumerable<string> FusedBlocks(InputModel model) => model.Tensors.Select(tensor => tensor.Name)
        .Where(name => name.EndsWith(ExpertNames.Fused.GateUp, StringComparison.Ordinal))
        .Select(name => name[..^ExpertNames.Fused.GateUp.Length])
        .Where(block => model.Find(block + ExpertNames.Fused.Down) is not null);

    /// <summary>Names of the blocks whose experts are stored one by one, as they would be if they were stored together.</summary>
    public static IEnumerable<string> SeparateBlocks(InputModel model)
    {
        foreach (ExpertNames names in new[] { ExpertNames.Usual, ExpertNames.Mixtral })
        {
            string end = ExpertNames.Of("", 0, names.Down);
            foreach (NamedInput tensor in model.Tensors.Where(tensor => tensor.Name.EndsWith(end, StringComparison.Ordinal)))
            {
                string block = tensor.Name[..^end.Length];
                yield return names == ExpertNames.Mixtral ? ExpertNames.Usual.BlockOf(block) : block;
            }
        }
    }

    private InputModel Result => _views.Count == 0
        ? _model
        : new InputModel(_model.Path, [.. _model.Tensors.SelectMany(ShownFor)]);

    private IEnumerable<NamedInput> ShownFor(NamedInput tensor) =>
        _views.TryGetValue(tensor.Name, out List<NamedInput>? views) ? views : _replaced.Contains(tensor.Name) ? [] : [tensor];

    private void Divide(string block, ExpertNames names)
    {
        TensorReader gateUp = _model.Find(block + ExpertNames.Fused.GateUp)!;
        TensorReader down = _model.Find(block + ExpertNames.Fused.Down)!;

        // Where inputs and outputs are the other way round, as in Llama 4, a matrix does not lie in one piece.
        if (gateUp.Spec.Shape.Dimensions is not [var experts, var both, var hidden]
            || down.Spec.Shape.Dimensions is not [var others, var outputs, var inside]
            || experts != others || outputs != hidden || both != 2 * inside || experts * inside * hidden == 0
            || gateUp.Spec.Type.Bits % 8 != 0 || down.Spec.Type.Bits % 8 != 0)
            return;

        string to = names.BlockOf(block);
        var views = new List<NamedInput>();
        _views.Add(block + ExpertNames.Fused.GateUp, views);
        long elements = inside * hidden;
        for (int expert = 0; expert < experts; expert++)
        {
            Add(gateUp, names.Gate, expert, 2 * expert * elements, new TensorShape(inside, hidden));
            Add(gateUp, names.Up, expert, ((2 * expert) + 1) * elements, new TensorShape(inside, hidden));
            Add(down, names.Down, expert, expert * elements, new TensorShape(hidden, inside));
        }

        _replaced.Add(block + ExpertNames.Fused.GateUp);
        _replaced.Add(block + ExpertNames.Fused.Down);
        RenameRouter(block, to);

        void Add(TensorReader whole, string matrix, int expert, long start, TensorShape shape)
        {
            string name = ExpertNames.Of(to, expert, matrix);
            views.Add(new NamedInput(name, new TensorPart(whole, name, shape, start)));
        }
    }

    private void Join(string block, ExpertNames names)
    {
        string from = names.BlockOf(block);
        int experts = 0;
        while (_model.Find(ExpertNames.Of(from, experts, names.Down)) is not null)
            experts++;
        string[] gatesAndUps =
        [
            .. Enumerable.Range(0, experts)
                .SelectMany(expert => new[] { names.Gate, names.Up }.Select(word => ExpertNames.Of(from, expert, word))),
        ];
        string[] downs = [.. Enumerable.Range(0, experts).Select(expert => ExpertNames.Of(from, expert, names.Down))];
        if (Alike(gatesAndUps) is not { } ofGates || Alike(downs) is not { } ofDowns
            || ofGates[0].Spec.Shape.Dimensions is not [var inside, var hidden] || inside * hidden == 0
            || ofDowns[0].Spec.Shape != new TensorShape(hidden, inside))
            return;

        var views = new List<NamedInput>();
        _views.Add(gatesAndUps[0], views);
        Add(block + ExpertNames.Fused.GateUp, ofGates, new TensorShape(experts, 2 * inside, hidden));
        Add(block + ExpertNames.Fused.Down, ofDowns, new TensorShape(experts, hidden, inside));
        _replaced.UnionWith(gatesAndUps);
        _replaced.UnionWith(downs);
        RenameRouter(from, block);

        void Add(string name, ImmutableArray<TensorReader> parts, TensorShape shape) =>
            views.Add(new NamedInput(name, new StackedTensor(parts, name, shape)));
    }

    /// <summary>Finds tensors that are all of one shape and type; null if they are not, or not all there.</summary>
    private ImmutableArray<TensorReader>? Alike(string[] names)
    {
        TensorReader?[] found = [.. names.Select(_model.Find)];
        return Array.TrueForAll(found, tensor => tensor is not null
            && tensor.Spec.Shape == found[0]!.Spec.Shape
            && tensor.Spec.Type == found[0]!.Spec.Type
            && tensor.ModelType == found[0]!.ModelType
            && tensor.Spec.Type.Bits % 8 == 0)
            ? [.. found.OfType<TensorReader>()]
            : null;
    }

    private void RenameRouter(string from, string to)
    {
        if (from != to && _model.Find($"{from}.gate.weight") is { } router)
            _views.TryAdd($"{from}.gate.weight", [new NamedInput($"{to}.gate.weight", router)]);
    }
}
