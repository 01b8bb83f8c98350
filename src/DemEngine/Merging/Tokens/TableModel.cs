using DemEngine.Checkpoints.Layers;
using DemEngine.Merging.Inputs;
using DemEngine.Vocabularies;

namespace DemEngine.Merging.Tokens;

/// <summary>What a model says about the size of its vocabulary: its configuration, and the shapes of its tensors.</summary>
internal sealed class TableModel
{
    private readonly HashSet<long> _widths = [];
    private readonly HashSet<long> _inEveryLayer;

    /// <param name="tensors">Tensors of the model.</param>
    /// <param name="sizes">Sizes that its configuration states; null if it has none.</param>
    /// <param name="tokens">Function that gives the number of its tokenizer's tokens, or null if it is not known.</param>
    /// <param name="otherwise">Number of rows where nothing else tells it; null if it is not known.</param>
    public TableModel(InputModel tensors, VocabularySizes? sizes, Func<int?> tokens, long? otherwise)
    {
        Tensors = tensors;
        Sizes = sizes;
        NamedInput[] known =
        [
            .. tensors.Tensors.Where(one => one.Spec.Shape.Dimensions.Length == 2
                && VocabularyName.IsKnown(one.Name)
                && !VocabularyName.IsColumns(one.Name)
                && LayerName.Parse(one.Name).Stack is null),
        ];
        long? stated = sizes?.Main(tokens);
        NamedInput first = known.FirstOrDefault(one => VocabularyName.IsInput(one.Name), known.FirstOrDefault());
        Rows = stated is not null && known.Any(one => one.Spec.Shape.Rows == stated) ? stated
            : (first.Name is null ? (long?)null : first.Spec.Shape.Rows)
                ?? (stated is not null && tensors.Tensors.Any(one => one.Spec.Shape.Dimensions.Contains(stated.Value))
                    ? stated
                    : otherwise);
        foreach (NamedInput one in known.Where(one => one.Spec.Shape.Rows == Rows))
            _widths.Add(one.Spec.Shape.RowElements);
        HasInput = known.Any(one => one.Spec.Shape.Rows == Rows && VocabularyName.IsInput(one.Name));
        _inEveryLayer = InEveryLayer(tensors);
        IsAmbiguous = Rows is { } rows
            && (sizes?.HasDimension(rows) == true || _widths.Contains(rows) || _inEveryLayer.Contains(rows));
    }

    /// <summary>Tensors of the model.</summary>
    public InputModel Tensors { get; }

    /// <summary>Sizes that the configuration states; null if there is none.</summary>
    public VocabularySizes? Sizes { get; }

    /// <summary>Number of rows of the model's vocabulary; null if nothing tells it.</summary>
    public long? Rows { get; }

    /// <summary>Whether a tensor known as a token embedding has this number of rows.</summary>
    public bool HasInput { get; }

    /// <summary>
    /// Whether the number of rows is also that of something else, such as the model's width, so that it tells nothing.
    /// </summary>
    public bool IsAmbiguous { get; }

    /// <summary>Whether a number is the width of embeddings or of the model.</summary>
    public bool HasWidth(long number) => _widths.Contains(number) || Sizes?.HasWidth(number) == true;

    /// <summary>Whether each layer has the tensor, so that it is a matrix of the architecture's.</summary>
    public bool IsInEveryLayer(string tensor) => LayerName.Parse(tensor) is { Stack: { } stack }
        && Numbers(Tensors, stack).All(number => Tensors.Has(LayerName.Renumber(tensor, number)));

    private static int[] Numbers(InputModel model, string stack) =>
    [
        .. model.Tensors.Select(one => LayerName.Parse(one.Name)).Where(place => place.Stack == stack)
            .Select(place => place.Layer).Distinct(),
    ];

    private static HashSet<long> InEveryLayer(InputModel model)
    {
        var layers = new Dictionary<string, HashSet<int>>(StringComparer.Ordinal);
        var counts = new Dictionary<string, (string Stack, int Count, NamedInput Tensor)>(StringComparer.Ordinal);
        foreach (NamedInput one in model.Tensors)
        {
            if (LayerName.Parse(one.Name) is not { Stack: { } stack } place)
                continue;
            if (!layers.TryGetValue(stack, out HashSet<int>? numbers))
                layers.Add(stack, numbers = []);
            numbers.Add(place.Layer);
            string name = LayerName.Renumber(one.Name, 0);
            counts[name] = (stack, counts.TryGetValue(name, out var seen) ? seen.Count + 1 : 1, one);
        }

        return
        [
            .. counts.Values.Where(seen => seen.Count == layers[seen.Stack].Count && !VocabularyName.IsKnown(seen.Tensor.Name))
                .SelectMany(seen => seen.Tensor.Spec.Shape.Dimensions),
        ];
    }
}
