using System.Globalization;

namespace DemEngine.Checkpoints.Layers;

/// <summary>The layers of a model, as the names of its tensors show them.</summary>
internal sealed class NetworkLayers
{
    private readonly Dictionary<string, LayerPlace> _places = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _counts = new(StringComparer.Ordinal);
    private readonly HashSet<string> _throughStages = new(StringComparer.Ordinal);

    /// <param name="tensors">Names of all tensors of the model.</param>
    public NetworkLayers(IEnumerable<string> tensors)
    {
        string[] names = [.. tensors.Where(name => !OuterName.IsPrediction(name))];
        Dictionary<string, NumberedName> cuts = LayerLists.Find(names);
        var moved = new Dictionary<NumberedName, LayerPlace>(ReferenceEqualityComparer.Instance);
        foreach (IGrouping<string, NumberedName> list in cuts.Values.GroupBy(cut => cut.List, StringComparer.Ordinal))
        {
            foreach (var (cut, place) in LayerStages.Count([.. list]) ?? [])
            {
                moved[cut] = place;
                _throughStages.Add(list.Key);
            }
        }

        _places.EnsureCapacity(cuts.Count);
        var modules = new Dictionary<(string List, int Number), string>();
        foreach (var (name, cut) in cuts)
        {
            if (moved.TryGetValue(cut, out LayerPlace place))
            {
                _places[name] = place;
                continue;
            }

            if (!modules.TryGetValue((cut.List, cut.Number), out string? module))
                modules.Add((cut.List, cut.Number), module = cut.Module);
            _places[name] = new LayerPlace(cut.List, cut.Number, module);
        }

        JoinUNets(names);
        JoinNumberedLists();
        CountLayers(cuts);
        Stacks = [.. _counts.Keys.Order(StringComparer.Ordinal)];
    }

    /// <summary>Paths of the stacks of layers, in the order of their names.</summary>
    public IReadOnlyList<string> Stacks { get; }

    /// <summary>Returns the place of a tensor.</summary>
    public LayerPlace Of(string tensor) => _places.GetValueOrDefault(tensor, LayerPlace.Outside);

    /// <summary>Returns the number of a stack's layers, without those for multi-token prediction.</summary>
    public int Count(string stack) => _counts[stack];

    /// <summary>Whether a stack's layers lie in several lists, so that none of them can have another number.</summary>
    public bool IsThroughStages(string stack) => _throughStages.Contains(stack);

    /// <summary>Returns where a tensor lies in the network.</summary>
    public NetworkPosition PositionOf(string tensor)
    {
        LayerPlace place = Of(tensor);
        if (place.Stack is not null)
            return place.Layer < _counts[place.Stack] ? NetworkPosition.InLayer : NetworkPosition.Prediction;
        if (OuterName.IsPrediction(tensor))
            return NetworkPosition.Prediction;
        return OuterName.IsBefore(tensor) ? NetworkPosition.Before : NetworkPosition.After;
    }

    /// <summary>Counts the blocks of a U-Net in the order of the network: down, middle, up.</summary>
    private void JoinUNets(string[] names)
    {
        var parts = new Dictionary<string, (string Parent, int Part, string Path, string? Number)>(StringComparer.Ordinal);
        foreach (string name in names)
        {
            if (!UNet.MayName(name))
                continue;
            string[] words = name.Split('.');
            int at = Array.FindIndex(words, word => UNet.PartOf(word) is not null);
            if (at < 0 || at + 1 >= words.Length)
                continue;
            int part = UNet.PartOf(words[at])!.Value;
            bool isNumbered = part != 1 && int.TryParse(words[at + 1], NumberStyles.None, CultureInfo.InvariantCulture, out _);
            if (part == 1 || isNumbered)
            {
                string path = string.Join('.', words[..(at + 1)]);
                parts[name] = (string.Join('.', words[..at]), part, path, isNumbered ? words[at + 1] : null);
            }
        }

        foreach (var net in parts.GroupBy(one => one.Value.Parent, StringComparer.Ordinal))
        {
            if (net.All(one => one.Value.Part == 1))
                continue;
            (int Part, int Number)[] layers =
                [.. net.Select(one => (one.Value.Part, NumberOf(one.Value.Number))).Distinct().Order()];
            string stack = net.OrderBy(one => one.Value.Part).First().Value.Path;
            foreach (var (name, (_, part, path, number)) in net)
            {
                int layer = Array.IndexOf(layers, (part, NumberOf(number)));
                _places[name] = new LayerPlace(stack, layer, number is null ? path : $"{path}.{number}");
            }

            _throughStages.Add(stack);
        }

        static int NumberOf(string? number) => number is null ? 0 : int.Parse(number, CultureInfo.InvariantCulture);
    }

    /// <summary>
    /// Counts layers through lists that are numbered themselves, as <c>layer1.0</c> to <c>layer4.2</c> of a ResNet.
    /// </summary>
    private void JoinNumberedLists()
    {
        var lists = LayersInNames().Where(list => !_throughStages.Contains(list.Key))
            .Select(list => (Stack: list.Key, Name: list.Key.TrimEnd('0', '1', '2', '3', '4', '5', '6', '7', '8', '9'),
                Layers: list.Value))
            .Where(list => list.Stack.Length > list.Name.Length && list.Name.EndsWith("layer", StringComparison.Ordinal));
        var first = new Dictionary<string, (string Stack, int First)>(StringComparer.Ordinal);
        foreach (var network in lists.GroupBy(list => list.Name, StringComparer.Ordinal).Where(network => network.Count() > 1))
        {
            int count = 0;
            foreach (var list in network.OrderBy(list => list.Stack.Length).ThenBy(list => list.Stack, StringComparer.Ordinal))
            {
                first[list.Stack] = (network.Key, count);
                count += list.Layers;
            }

            _throughStages.Add(network.Key);
        }

        if (first.Count == 0)
            return;
        foreach (var (name, place) in _places.ToArray())
        {
            if (first.TryGetValue(place.Stack!, out var list))
                _places[name] = place with { Stack = list.Stack, Layer = list.First + place.Layer };
        }
    }

    private void CountLayers(Dictionary<string, NumberedName> cuts)
    {
        var predicting = new HashSet<(string Stack, int Layer)>();
        foreach (var (name, place) in _places)
        {
            if (cuts.TryGetValue(name, out NumberedName? cut) && OuterName.IsOfPredictionLayer(cut.Rest))
                predicting.Add((place.Stack!, place.Layer));
        }

        foreach (var (stack, layers) in LayersInNames())
        {
            int count = layers;
            while (count > 1 && predicting.Contains((stack, count - 1)))
                count--;
            _counts[stack] = count;
        }
    }

    /// <summary>Highest number of a layer in each stack, and one more.</summary>
    private Dictionary<string, int> LayersInNames()
    {
        var layers = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (LayerPlace place in _places.Values)
        {
            if (layers.GetValueOrDefault(place.Stack!) <= place.Layer)
                layers[place.Stack!] = place.Layer + 1;
        }

        return layers;
    }
}
