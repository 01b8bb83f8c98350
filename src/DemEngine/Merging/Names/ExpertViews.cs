using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Layers;
using DemEngine.Merging.Inputs;
using DemEngine.Numerics;

namespace DemEngine.Merging.Names;

/// <summary>
/// Shows the experts of a model in another way of storing them: as one tensor for each matrix of each expert, or together as
/// <see cref="FusedExperts"/>. No copy is made: parts and stacks are read from where they lie.
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
    /// <param name="style">What its configuration says of its experts.</param>
    /// <param name="namesOf">Function that gives the names for a block of experts; null to leave it.</param>
    /// <returns>The model itself if it has no experts that are stored together.</returns>
    public static InputModel Separate(InputModel model, ExpertStyle style, Func<string, ExpertNames?> namesOf)
    {
        var views = new ExpertViews(model);
        foreach (string block in FusedBlocks(model))
        {
            if (namesOf(block) is { } names && FusedExperts.Find(model, block, style) is { } fused)
                views.Divide(block, fused, names);
        }

        return views.Result;
    }

    /// <summary>Shows experts of layers together.</summary>
    /// <param name="model">The model.</param>
    /// <param name="blocks">
    /// Names of the blocks that hold them, as they are to be, and whether matrices are to be transposed, and gates and ups to
    /// alternate in them.
    /// </param>
    /// <returns>The model itself if it has no experts that are stored one by one.</returns>
    public static InputModel Fuse(
        InputModel model, IEnumerable<(string Block, bool IsTransposed, bool IsInterleaved)> blocks)
    {
        var views = new ExpertViews(model);
        foreach (var (block, isTransposed, isInterleaved) in blocks)
        {
            if (ExpertNames.In(block, name => model.Has(name)) is { } names)
                views.Join(block, names, (isTransposed, isInterleaved));
        }

        return views.Result;
    }

    /// <summary>Shows experts that are stored together with their matrices the other way round.</summary>
    /// <param name="model">The model.</param>
    /// <param name="style">What its configuration says of its experts.</param>
    /// <param name="formOf">Function that gives the form for a block of experts; null to leave it.</param>
    /// <returns>The model itself if all its experts are as they are to be.</returns>
    public static InputModel Turned(InputModel model, ExpertStyle style, Func<string, FusedForm?> formOf)
    {
        var views = new ExpertViews(model);
        foreach (string block in FusedBlocks(model))
        {
            if (formOf(block) is { } form && FusedExperts.Find(model, block, style) is { } fused
                && fused.Form != form && fused.Form.Plain == form.Plain)
                views.Turn(block, fused, form);
        }

        return views.Result;
    }

    /// <summary>Names of the blocks whose experts are stored together.</summary>
    public static IEnumerable<string> FusedBlocks(InputModel model) => model.Tensors.Select(tensor => tensor.Name)
        .Where(name => name.EndsWith(ExpertNames.Fused.GateUp, StringComparison.Ordinal))
        .Select(name => name[..^ExpertNames.Fused.GateUp.Length])
        .Where(block => model.Has(block + ExpertNames.Fused.Down));

    /// <summary>Names of the blocks whose experts are stored one by one, as they would be if they were stored together.</summary>
    public static IEnumerable<string> SeparateBlocks(InputModel model)
    {
        foreach (ExpertNames names in new[] { ExpertNames.Usual, ExpertNames.Mixtral })
        {
            string end = ExpertNames.Of("", 0, names.Down);
            foreach (NamedInput tensor in model.Tensors.Where(tensor => tensor.Name.EndsWith(end, StringComparison.Ordinal)))
            {
                string block = tensor.Name[..^end.Length];
                yield return ExpertNames.OwnOf(block) == ExpertNames.Mixtral.Block ? ExpertNames.Usual.BlockOf(block) : block;
            }
        }
    }

    private InputModel Result => _views.Count == 0
        ? _model
        : new InputModel(_model.Path, [.. _model.Tensors.SelectMany(ShownFor)]);

    private IEnumerable<NamedInput> ShownFor(NamedInput tensor) =>
        _views.TryGetValue(tensor.Name, out List<NamedInput>? views) ? views : _replaced.Contains(tensor.Name) ? [] : [tensor];

    private void Divide(string block, FusedExperts fused, ExpertNames names)
    {
        FusedForm form = fused.Form;
        TensorReader gateUp = form.ToPlainGateUp(fused.GateUp);
        TensorReader down = form.ToPlainDown(fused.Down);
        string to = names.BlockOf(block);
        List<NamedInput> views = Replace(block);
        long elements = form.Inside * form.Hidden;
        for (int expert = 0; expert < form.Experts; expert++)
        {
            Add(gateUp, names.Gate, expert, 2 * expert * elements, new TensorShape(form.Inside, form.Hidden));
            Add(gateUp, names.Up, expert, ((2 * expert) + 1) * elements, new TensorShape(form.Inside, form.Hidden));
            Add(down, names.Down, expert, expert * elements, new TensorShape(form.Hidden, form.Inside));
            if (fused.Biases is not { } biases)
                continue;
            TensorReader both = form.ToPlainBias(biases.GateUp);
            Add(both, names.Gate, expert, 2 * expert * form.Inside, new TensorShape(form.Inside), isBias: true);
            Add(both, names.Up, expert, ((2 * expert) + 1) * form.Inside, new TensorShape(form.Inside), isBias: true);
            Add(biases.Down, names.Down, expert, expert * form.Hidden, new TensorShape(form.Hidden), isBias: true);
        }

        RenameRouter(block, to);

        void Add(TensorReader whole, string matrix, int expert, long start, TensorShape shape, bool isBias = false)
        {
            string name = ExpertNames.Of(to, expert, matrix, isBias);
            views.Add(new NamedInput(name, new TensorPart(whole, name, shape, start)));
        }
    }

    private void Join(string block, ExpertNames names, (bool IsTransposed, bool IsInterleaved) order)
    {
        string from = names.BlockOf(block);
        int experts = 0;
        while (_model.Has(ExpertNames.Of(from, experts, names.Down)))
            experts++;
        string[] gatesAndUps = Names([names.Gate, names.Up], isBias: false);
        string[] downs = Names([names.Down], isBias: false);
        if (Alike(gatesAndUps) is not { } ofGates || Alike(downs) is not { } ofDowns
            || ofGates[0].Spec.Shape.Dimensions is not [var inside, var hidden] || inside * hidden == 0
            || ofDowns[0].Spec.Shape != new TensorShape(hidden, inside))
            return;
        string[] biases = Names([names.Gate, names.Up], isBias: true);
        string[] downBiases = Names([names.Down], isBias: true);
        bool hasBiases = Array.Exists([.. biases, .. downBiases], name => _model.Has(name));
        ImmutableArray<TensorReader>? gateBiases = Alike(biases), ofDownBiases = Alike(downBiases);
        if (hasBiases && (gateBiases?[0].Spec.Shape != new TensorShape(inside)
            || ofDownBiases?[0].Spec.Shape != new TensorShape(hidden)))
            return;

        var form = new FusedForm(experts, inside, hidden, order.IsTransposed, order.IsInterleaved);
        var views = new List<NamedInput>();
        _views.Add(gatesAndUps[0], views);
        Add(ExpertNames.Fused.GateUp, form.Plain.OfGateUp, ofGates, form.FromPlainGateUp);
        Add(ExpertNames.Fused.Down, form.Plain.OfDown, ofDowns, form.FromPlainDown);
        _replaced.UnionWith(gatesAndUps);
        _replaced.UnionWith(downs);
        if (hasBiases)
        {
            Add(ExpertNames.FusedBiases.GateUp, new TensorShape(experts, 2 * inside), gateBiases!.Value, form.FromPlainBias);
            Add(ExpertNames.FusedBiases.Down, new TensorShape(experts, hidden), ofDownBiases!.Value, bias => bias);
            _replaced.UnionWith(biases);
            _replaced.UnionWith(downBiases);
        }

        RenameRouter(from, block);

        string[] Names(string[] words, bool isBias) =>
        [
            .. Enumerable.Range(0, experts)
                .SelectMany(expert => words.Select(word => ExpertNames.Of(from, expert, word, isBias))),
        ];
        void Add(string end, TensorShape shape, ImmutableArray<TensorReader> parts, Func<TensorReader, TensorReader> inForm) =>
            views.Add(new NamedInput(block + end, inForm(new StackedTensor(parts, block + end, shape))));
    }

    private void Turn(string block, FusedExperts fused, FusedForm to)
    {
        List<NamedInput> views = Replace(block);
        Add(ExpertNames.Fused.GateUp, to.FromPlainGateUp(fused.Form.ToPlainGateUp(fused.GateUp)));
        Add(ExpertNames.Fused.Down, to.FromPlainDown(fused.Form.ToPlainDown(fused.Down)));
        if (fused.Biases is { } biases)
        {
            Add(ExpertNames.FusedBiases.GateUp, to.FromPlainBias(fused.Form.ToPlainBias(biases.GateUp)));
            Add(ExpertNames.FusedBiases.Down, biases.Down);
        }

        void Add(string end, TensorReader shown) => views.Add(new NamedInput(block + end, shown));
    }

    /// <summary>Takes the place of a block's tensors for all experts.</summary>
    /// <returns>The list of what is shown there.</returns>
    private List<NamedInput> Replace(string block)
    {
        var views = new List<NamedInput>();
        _views.Add(block + ExpertNames.Fused.GateUp, views);
        _replaced.UnionWith(
        [
            block + ExpertNames.Fused.GateUp, block + ExpertNames.Fused.Down,
            block + ExpertNames.FusedBiases.GateUp, block + ExpertNames.FusedBiases.Down,
        ]);
        return views;
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
